#!/usr/bin/env bash
# GNU mailutils, Mutt and Python's email package read the same text from
# messages that relais has encoded for a server without 8BITMIME.
set -eu
. tests/outside/outside.sh
outside_enter "$0"
export LC_ALL=C.UTF-8
mkdir "$LAB/Mail"
cat >"$LAB/muttrc" <<'END'
set charset=utf-8 pipe_decode wait_key=no quit=yes mbox_type=mbox
set header_cache="" move=no sleep_time=0 implicit_autoview=no
push "<pipe-message>cat >$OUT<enter><exit>"
END

# Readers: each prints the message in the mbox $1, decoded, in UTF-8.

python_reads() {
	/usr/bin/python3 -c '
import email, email.policy, sys
with open(sys.argv[1], "rb") as file:
    file.readline()
    message = email.message_from_binary_file(file,
                                             policy=email.policy.default)
print("Subject:", message["Subject"])
print()
for part in message.walk():
    if part.get_content_maintype() == "text":
        print(part.get_content())' "$1"
}

mutt_reads() {
	HOME=$LAB TERM=vt100 OUT=$LAB/case/mutt script -qec \
	    "mutt -nF $LAB/muttrc -R -f $1" /dev/null >"$LAB/case/screen" \
	    </dev/null
	cat "$LAB/case/mutt"
}

readmsg_reads() {
	readmsg.mailutils --no-config --mime --header --folder="$1" 1
}

decodemail_reads() {
	decodemail --no-config --charset=utf-8 "$1" "$LAB/case/decoded"
	cat "$LAB/case/decoded"
}

# reads READER PART...: the reader prints the subject and these texts
reads() {
	local reader=$1 part
	shift
	"${reader}_reads" "$LAB/case/mbox" | tr -d '\r' >"$LAB/case/read"
	unfolded <"$LAB/case/read" | grep -qxF "Subject: $SUBJECT"
	for part; do
		/usr/bin/python3 -c '
import sys
text, read = (open(path, "rb").read() for path in sys.argv[1:])
sys.exit(text not in read)' "$part" "$LAB/case/read" ||
		    { echo "$reader reads another text"; diff "$part" \
		    "$LAB/case/read"; return 1; }
	done
}

unfolded() {
	sed -e ':more' -e '/^$/q' -e '$!N' \
	    -e 's/\n[[:blank:]]/ /' -e 'tmore' -e 'P' -e 'D'
}

# sent: the message on standard input is $LAB/case/mbox, as it arrived
sent() {
	configure
	sink -8
	run 0 sendmail -i -t
	[ "$(find "$LAB/sink" -type f | wc -l)" -eq 1 ]
	fails grep -q '[^ -~[:space:]]' "$LAB"/sink/*
	[ "$(wc -L <"$(echo "$LAB"/sink/*)")" -le 998 ]
	{ echo 'From me@client.test Mon Jan  6 10:20:30 2025'
	    sink_content "$LAB"/sink/*; echo; } >"$LAB/case/mbox"
}

SUBJECT='Grüße aus Köln, 中文'

head_8bit() {
	printf '%s\n' 'From: Jörg Müller <me@client.test>' \
	    'To: "Ana Ñ." <a@lab.test>' "Subject: $SUBJECT" \
	    'MIME-Version: 1.0' "$@"
}

# plain READER TEXT CHARSET: one text
plain() {
	printf '%b' "$2" >"$LAB/case/text"
	{
		head_8bit "Content-Type: text/plain; charset=$3" \
		    'Content-Transfer-Encoding: 8bit' ''
		iconv -f utf-8 -t "$3" "$LAB/case/text"
	} | sent
	reads "$1" "$LAB/case/text"
}

# long READER TEXT: lines of 5,000 octets
long() {
	printf '%05000d = and more \n%05000d\n' 7 8 >"$LAB/case/text"
	{ head_8bit ''; cat "$LAB/case/text"; } | sent
	reads "$1" "$LAB/case/text"
}

# An alternative with HTML in a mixed message, and a file.
nested() {
	local part
	printf 'Schöne Grüße\n' >"$LAB/case/plain"
	printf 'Größe: 5 €\n' >"$LAB/case/file"
	{
		head_8bit 'Content-Type: multipart/mixed; boundary=outer' '' \
		    --outer \
		    'Content-Type: multipart/alternative; boundary=inner' '' \
		    --inner 'Content-Type: text/plain; charset=utf-8' \
		    'Content-Transfer-Encoding: 8bit' ''
		cat "$LAB/case/plain"
		printf '%s\n' '' --inner \
		    'Content-Type: text/html; charset=utf-8' \
		    'Content-Transfer-Encoding: 8bit' '' '<p>Grüße</p>' '' \
		    --inner-- '' --outer \
		    'Content-Type: text/plain; charset=iso-8859-15' \
		    'Content-Disposition: inline; filename="größe.txt"' \
		    'Content-Transfer-Encoding: 8bit' ''
		iconv -f utf-8 -t iso-8859-15 "$LAB/case/file"
		printf '%s\n' '' --outer--
	} | sent
	reads "$1" "$LAB/case/plain" "$LAB/case/file"
}

for reader in python mutt readmsg decodemail; do
	spec "$reader: UTF-8 in quoted-printable" \
	    plain $reader 'Grüße = ja?\n\n.\n..\ntrailing space \n' utf-8
	spec "$reader: UTF-8 in base64" \
	    plain $reader '中文中文中文\n\n.\n中文\n' utf-8
	spec "$reader: ISO 8859-1" plain $reader 'Größe\n' iso-8859-1
	spec "$reader: KOI8-R" plain $reader 'Привет\n' koi8-r
	spec "$reader: Shift_JIS" plain $reader 'こんにちは\n' shift_jis
	spec "$reader: long lines" long $reader
	spec "$reader: nested parts with two charsets" nested $reader
done
spec_end
