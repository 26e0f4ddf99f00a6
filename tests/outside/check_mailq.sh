#!/usr/bin/env bash
# check_mailq of the monitoring plugins counts the messages that mailq lists.
set -eu
. tests/outside/outside.sh
outside_enter "$0"
ln -sf "$BUILD/mailq" /usr/bin/mailq

# queue N SMARTHOST: queues N messages, none of which is sent
queue() {
	local n
	configure
	for n in $(seq "$1"); do
		printf 'Subject: %s\n\nhi\n' "$n" |
		    run 0 sendmail -odq -f me@client.test a@lab.test b@lab.test
	done
	waiting "$1"
}

# check_mailq STATUS TEXT OPTION...: its verdict
check_mailq() {
	local want=$1 text=$2 status=0 said
	shift 2
	said=$(/usr/lib/nagios/plugins/check_mailq "$@") || status=$?
	echo "exit status $status: $said"
	[ "$status" -eq "$want" ]
	[[ $said == *$text* ]]
}

counts() {
	queue "$1"
	check_mailq "${@:2}" -w 2 -c 4
}

given_up_messages_do_not_count() {
	configure
	sink -f RCPT
	printf 'Subject: x\n\nhi\n' | run 0 sendmail -odq -f '<>' a@lab.test
	run 75 sendmail -q
	waiting 0 1
	check_mailq 0 empty -w 1 -c 2 "$@"
}

broken_configuration_is_critical() {
	configure
	echo 'smarthost' >>/etc/relais.conf
	check_mailq 2 'Error code 78' -w 1 -c 2 "$@"
}

another_user_is_told() {
	local status=0
	queue 3
	chmod 600 /etc/relais.conf
	setpriv --reuid nobody --regid nogroup --clear-groups \
	    /usr/lib/nagios/plugins/check_mailq -w 1 -c 2 "$@" \
	    >"$LAB/case/said" || status=$?
	[ "$status" -eq 2 ]
	grep -q 'Error code 77' "$LAB/case/said"
}

for type in postfix sendmail; do
	spec "check_mailq -M $type: an empty queue" \
	    counts 0 0 'empty' -M $type
	spec "check_mailq -M $type: one message" \
	    counts 1 0 'mailq (1) is below threshold' -M $type
	spec "check_mailq -M $type: as many as the first threshold" \
	    counts 2 1 'mailq is 2 ' -M $type
	spec "check_mailq -M $type: fewer than the second threshold" \
	    counts 3 1 'mailq is 3 ' -M $type
	spec "check_mailq -M $type: as many as the second threshold" \
	    counts 4 2 'mailq is 4 ' -M $type
	spec "check_mailq -M $type: messages that were given up do not count" \
	    given_up_messages_do_not_count -M $type
	spec "check_mailq -M $type: an invalid configuration is critical" \
	    broken_configuration_is_critical -M $type
	spec "check_mailq -M $type: no permission for the queue is critical" \
	    another_user_is_told -M $type
done
spec_end
