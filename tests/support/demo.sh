#!/usr/bin/env bash
# demo.sh BUILD - a message from standard input to a smarthost, before your eyes
#
# Starts the tests' own smarthost on a free loopback port, hands it a message,
# shows the dialogue and what was delivered, and clears all of it away.
set -eu
build=$1
folder=$(mktemp -d)
coproc smarthost { exec "$build/tests/support/demo" "$folder"; }
# It ends when its standard input does, so it can't outlive this script.
leash=${smarthost[1]}
finish() {
	exec {leash}>&-
	wait
	rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

read -r -t 10 word port <&"${smarthost[0]}"
[ "$word" = port ]
cat >"$folder/relais.conf" <<END
smarthost = smtp://127.0.0.1:$port
tls       = off
from      = alerts@example.org
root      = admin@example.org
queue     = off
log       = off
END
cat >"$folder/message" <<'END'
To: root, Jo <jo@example.net>
Bcc: archive@example.org
Subject: The backup is done

All 3 disks are safe.
.
(A lone dot is text, with -i.)
END

heading() {
	printf '\n== %s\n\n' "$1"
}

heading "relais.conf: where mail goes"
cat "$folder/relais.conf"
heading "The message, as a program would write it"
cat "$folder/message"
heading "sendmail -i -t -v: the dialogue with the smarthost"
"$build/relais" -C "$folder/relais.conf" -i -t -v <"$folder/message"
heading "What was delivered"
# The smarthost tells nobody that it has written the file: look for it.
for ((n = 0; n < 500; n++)); do
	files=("$folder"/new/*)
	[ ! -f "${files[0]}" ] || break
	read -r -t 0.02 -u "${smarthost[0]}" || :
done
cat "${files[@]}"
heading "That is all: nothing is left running, and no file is left behind"
