#!/usr/bin/env bash
# Programs that read bounces, Sisimai and flufl.bounce (Mailman), recognise the
# recipients and the reason.  smtp-sink is the smarthost that causes them.
set -eu
. tests/outside/outside.sh
outside_enter "$0"

# queue RECIPIENT...: a message to these
queue() {
	printf 'Subject: x\n\nhi\n' | run 0 sendmail -odq -N delay,failure \
	    -f me@client.test "$@"
}

# The bounce, which was refused or deferred like the message, is sent now.
bounce_is_sent() {
	sink
	[ "$(entries failed)" -eq 0 ] ||
	    run 0 relais queue release --failed >"$LAB/case/released"
	run 0 relais queue flush
	bounce_arrives
}

# It is $LAB/case/bounce.
bounce_arrives() {
	sink_has me@client.test
	sink_content "$LAB"/sink/* >"$LAB/case/bounce"
}

sisimai_reads() {
	perl -e 'use Sisimai;
		print join(" ", $_->recipient->address, $_->action,
		    $_->deliverystatus, $_->reason), "\n"
		    for @{Sisimai->make($ARGV[0]) || []}' "$LAB/case/bounce" |
	    sort
}

# Temporary failures, then permanent ones.
flufl_reads() {
	/usr/bin/python3 -c '
import email, sys
from flufl.bounce import all_failures
with open(sys.argv[1], "rb") as file:
    found = all_failures(email.message_from_binary_file(file))
for kind, addresses in zip(["temporary", "permanent"], found):
    for address in sorted(addresses):
        print(kind, address.decode())' "$LAB/case/bounce"
}

# verdicts SISIMAI FLUFL: the lines that the two programs print
verdicts() {
	sisimai_reads | diff <(printf '%s\n' "$1") -
	flufl_reads | diff <(printf '%s\n' "$2") -
}

# refused REPLY SISIMAI: the reply to RCPT
refused() {
	configure
	queue a@lab.test
	sink -f RCPT -B "$1"
	run 75 sendmail -q
	bounce_is_sent
	verdicts "a@lab.test $2" 'permanent a@lab.test'
}

several() {
	configure
	queue a@lab.test b@lab.test c@lab.test
	sink -f RCPT -B '550 5.1.1 user unknown'
	run 75 sendmail -q
	bounce_is_sent
	verdicts "$(printf '%s@lab.test failed 5.1.1 userunknown\n' a b c)" \
	    "$(printf 'permanent %s@lab.test\n' a b c)"
}

# Each attempt fails until the lifetime has ended.
expired() {
	local deadline=$((SECONDS + 30))
	configure 'queue_lifetime = 1s'
	queue a@lab.test
	sink -r RCPT -b '450 4.4.1 no route to the host of the recipient'
	until [ "$(find "$LAB/spool/queue" -type f -exec \
	    grep -l delivery-status {} +)" ]; do
		((SECONDS < deadline))
		run 75 sendmail -q
	done
	bounce_is_sent
	verdicts "a@lab.test failed 4.4.1 $1" 'permanent a@lab.test'
}

# As if the message was four hours old.
delayed() {
	configure
	queue a@lab.test
	sed -i "s/^arrived [0-9]*/arrived $(($(date +%s) - 18000))000000/" \
	    "$LAB"/spool/queue/*
	sink -r RCPT -b '450 4.2.2 mailbox full'
	run 75 sendmail -q
	sink
	run 0 relais queue flush
	rm "$(grep -l '^X-Rcpt-Args: <a@lab.test>' "$LAB"/sink/*)"
	sink_content "$LAB"/sink/* >"$LAB/case/bounce"
	verdicts "a@lab.test $1" 'temporary a@lab.test'
}

# smtp-sink does not offer SMTPUTF8.  Neither program knows the address type
# utf-8 (RFC 6533): they must still read the address of the other recipient.
utf8() {
	configure
	queue 'jörg@lab.test' a@lab.test
	sink -f RCPT -B '550 5.1.1 user unknown'
	run 75 sendmail -q
	bounce_is_sent
	fields_are 'utf-8;j\x{F6}rg@lab.test failed 5.6.7' \
	    'rfc822;a@lab.test failed 5.1.1'
	verdicts 'a@lab.test failed 5.1.1 userunknown' 'permanent a@lab.test'
}

# fields_are LINE...: of each recipient, as Python's parser reads them
fields_are() {
	/usr/bin/python3 -c '
import email, sys
with open(sys.argv[1], "rb") as file:
    message = email.message_from_binary_file(file)
for group in message.get_payload()[1].get_payload():
    if "Final-Recipient" in group:
        print(group["Final-Recipient"], group["Action"], group["Status"])' \
	    "$LAB/case/bounce" | diff <(printf '%s\n' "$@") -
}

spec "an unknown user" refused '550 5.1.1 user unknown' \
    'failed 5.1.1 userunknown'
spec "a full mailbox" refused '552 5.2.2 mailbox full' \
    'failed 5.2.2 mailboxfull'
spec "a message that is too large" refused '552 5.3.4 message too big' \
    'failed 5.3.4 mesgtoobig'
spec "a policy" refused '550 5.7.1 rejected as spam' \
    'failed 5.7.1 securityerror'
spec "several recipients" several
spec "a host that cannot be reached until the message expires" \
    expired expired
spec "a delay" delayed 'delayed 4.2.2 mailboxfull'
spec "an address that is not ASCII, and another one" utf8
spec_end
