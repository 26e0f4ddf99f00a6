#!/usr/bin/env bash
# From make install to a delivered message: each step is what the output of the
# previous one says.  Postfix is the smarthost; its CA is not a public one.
set -eu
. tests/servers/lab.sh
lab_enter postfix "$0"
. tests/servers/cases.sh
. tests/servers/postfix.sh
postfix_start
out=$LAB/output

install_it() {
	B=$BUILD DESTDIR='' PREFIX=/usr/local LIBDIR=/usr/local/lib/relais \
	    DATADIR=/usr/local/share/relais conf/install.sh install
}

# The password is read by setup with --password-stdin.
setup() {
	printf '%s\n' "$LAB_PASSWORD" | relais "$@" >"$out" 2>&1 || {
		set -- "$?"
		cat "$out"
		return "$1"
	}
}

it_names_the_answers() {
	local status=0
	setup setup || status=$?
	[ "$status" -eq 64 ]
	for answer in ADDRESS --smarthost --user --password-stdin --root; do
		grep -q -e "$answer" "$out"
	done
}

answers=(user@lab.test --smarthost submission://lab.test
    --user "$LAB_USER@lab.test" --password-stdin --root root@lab.test)

it_says_that_the_certificate_is_not_trusted() {
	local status=0
	setup setup "${answers[@]}" || status=$?
	[ "$status" -eq 78 ]
	grep -q tls_ca "$out"
	[ ! -e /etc/relais.conf ]
}

it_writes_the_files() {
	setup -o "tls_ca=$LAB/ca.pem" setup "${answers[@]}"
	[ "$(stat -c %a /etc/relais.conf)" = 644 ]
	! grep -q "$LAB_PASSWORD" "$out" /etc/relais.conf
}

the_test_message_arrives() {
	local command deadline=$((SECONDS + 30))
	command=$(sed -n 's/^To send a test message: //p' "$out")
	[ -n "$command" ]
	$command >"$out" 2>&1
	cat "$out"
	grep -q '^accepted  *root@lab.test: ' "$out"
	# Postfix has accepted the message, and delivers it at once.
	until grep -qs '^Subject: Test message from client.test' \
	    "$LAB"/mail/new/*; do
		((SECONDS < deadline))
		pause
	done
}

# cases.sh has a function of this name.
unset -f relais
spec "make install succeeds" install_it
PATH=/usr/local/sbin:/usr/local/bin:$PATH
spec "relais setup names the answers that it needs" it_names_the_answers
spec "it names tls_ca if the certificate is not trusted" \
    it_says_that_the_certificate_is_not_trusted
spec "it tests the answers and writes the files" it_writes_the_files
spec "the command that it prints sends a message, which arrives" \
    the_test_message_arrives
spec_end
