#!/usr/bin/env bash
# Programs that speak SMTP to sendmail -bs: nmh, and Swaks with the options of
# Alpine and Laravel, and with PIPELINING.
set -eu
. tests/callers/calls.sh
machine "$0"

nmh_sends() {
	mkdir "$LAB/mh"
	echo "Path: $LAB/mh" >"$LAB/mh/profile"
	{
		printf '%s\n' 'From: Ana <ana@client.test>' \
		    'To: jo@lab.test' 'Cc: al@lab.test' 'Subject: hello' ''
		cat "$LAB/text"
	} >"$LAB/mh/draft"
	chown -R ana "$LAB/mh"
	silent as_ana MH="$LAB/mh/profile" \
	    /usr/bin/mh/send -mts sendmail/smtp "$LAB/mh/draft"
	arrives "$LAB/text" ana@client.test jo@lab.test al@lab.test
}

# swaks_sends OPTION...: sends a message with a Bcc field.
swaks_sends() {
	{
		printf '%s\n' 'From: ana@client.test' 'To: jo@lab.test' \
		    'Bcc: x@hidden.test' 'Subject: hello' ''
		# The end of the data ends the last line.
		head -c -1 "$LAB/text"
	} >"$LAB/message"
	silent as_ana swaks --silent 3 --from ana@client.test \
	    --to jo@lab.test,x@hidden.test --data "@$LAB/message" "$@"
	arrives "$LAB/text" ana@client.test jo@lab.test x@hidden.test
}

call "nmh sends" nmh_sends
call "the options of Alpine" \
    swaks_sends --pipe '/usr/sbin/sendmail -bs -odb -oem'
call "the options of Laravel" swaks_sends --pipe '/usr/sbin/sendmail -bs -i'
call "HELO" swaks_sends --protocol SMTP --pipe '/usr/sbin/sendmail -bs'
call "PIPELINING" swaks_sends --pipeline --pipe '/usr/sbin/sendmail -bs'
call "LMTP" swaks_sends --protocol LMTP --pipe '/usr/sbin/sendmail -bs'
calls_end
