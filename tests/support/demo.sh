#!/usr/bin/env bash
# demo.sh BUILD - show how a message is sent to a smarthost
#
# Starts the smarthost of the tests on a free loopback port, sends it a message,
# shows the dialogue and the delivered message, and removes all files.
set -eu
build=$1
directory=$(mktemp -d)
coproc smarthost { exec "$build/tests/support/demo" "$directory"; }
# The smarthost ends at the end of its standard input, or with this script.
leash=${smarthost[1]}
finish() {
	exec {leash}>&-
	wait
	rm -rf "$directory"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

read -r -t 10 word port <&"${smarthost[0]}"
[ "$word" = port ]
cat >"$directory/relais.conf" <<END
smarthost = smtp://127.0.0.1:$port
tls       = off
from      = alerts@example.org
root      = admin@example.org
queue     = off
log       = off
END
cat >"$directory/message" <<'END'
To: root, Jo <jo@example.net>
Bcc: archive@example.org
Subject: The backup is done

All 3 disks were saved.
.
With -i, a line with a single dot is text.
END

heading() {
	printf '\n== %s\n\n' "$1"
}

heading "relais.conf: the smarthost and the recipient of local mail"
cat "$directory/relais.conf"
heading "The message, as a program writes it"
cat "$directory/message"
heading "sendmail -i -t -v: the dialogue with the smarthost"
"$build/relais" -C "$directory/relais.conf" -i -t -v <"$directory/message"
heading "What was delivered"
# Wait until the smarthost has written the file.
for ((n = 0; n < 500; n++)); do
	files=("$directory"/new/*)
	[ ! -f "${files[0]}" ] || break
	read -r -t 0.02 -u "${smarthost[0]}" || :
done
cat "${files[@]}"
heading "Done: all processes have ended, and all files have been removed"
