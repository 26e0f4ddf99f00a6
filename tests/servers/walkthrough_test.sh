#!/usr/bin/env bash
# From make install to a delivered message, as somebody who has never seen
# relais: each command and each correction is what the output of the previous
# one says.  Postfix is the smarthost; its CA is not a public one.
set -eu
. tests/servers/lab.sh
lab_enter postfix "$0"
. tests/servers/cases.sh
. tests/servers/postfix.sh
postfix_start
echo '127.0.0.1 smtp.lab.test' >>/etc/hosts
out=$LAB/output

install_it() {
	make --no-print-directory B="$(realpath --relative-to=. "$BUILD")" install
}

# run STATUS COMMAND...: requires the status, and keeps the output.
run() {
	local want=$1 status=0
	shift
	"$@" >"$out" 2>&1 || status=$?
	cat "$out"
	[ "$status" -eq "$want" ] ||
	    { echo "$*: exit status $status instead of $want"; return 1; }
	! grep -qF "$LAB_PASSWORD" "$out" /etc/relais.conf 2>/dev/null
}

says() {
	for text; do
		grep -qF -e "$text" "$out" ||
		    { echo "the output does not contain: $text"; return 1; }
	done
}

# dialogue STATUS COMMAND...: on a terminal, with the answers on standard input.
dialogue() {
	local want=$1
	shift
	run "$want" python3 tests/servers/dialogue.py "$@"
}

# The commands that the output has printed.
advised() {
	sed -n "s/.*$1.*/\\1/p" "$LAB/$2" | head -n 1
}

arrives() {
	local deadline=$((SECONDS + 30))
	# Postfix has accepted the message, and delivers it at once.
	until grep -qs "^$1" "$LAB"/mail/new/*; do
		((SECONDS < deadline)) || { echo "no message: $1"; return 1; }
		pause
	done
}

sendmail_names_the_command() {
	run 67 sendmail root </dev/null
	cp "$out" "$LAB/first"
	[ "$(advised 'run "\(relais setup\)"' first)" = 'relais setup' ]
	run 78 relais check
	says 'run "relais setup"'
}

# It finds smtp.lab.test by its name.  An empty answer accepts the suggestion.
setup_explains_the_certificate() {
	local command
	command=$(advised 'run "\(relais setup\)"' first)
	# shellcheck disable=SC2086
	dialogue 0 $command <<-END
	Address that sends	user@lab.test
	URL) [submissions://smtp.lab.test]: 	
	login [user@lab.test]: 	
	Password	$LAB_PASSWORD
	root [user@lab.test]: 	
	(change, write, stop)	write
	Write these files?	yes
	Send a test message	no
	END
	says 'smtp.lab.test accepts connections on port 465' FAIL tls_ca
	cp "$out" "$LAB/setup"
	[ "$(stat -c %a /etc/relais.conf /etc/relais.password | xargs)" = \
	    '644 600' ]
}

check_names_the_key_and_the_file() {
	local key file
	run 78 relais check
	cp "$out" "$LAB/check"
	key=$(advised 'set \(tls_[a-z]*\) to a file that contains' check)
	file=$(advised "$key"'.*(in \(\/[^)]*\))' check)
	echo "$key = $LAB/ca.pem" >>"$file"
}

check_is_content() {
	run 0 relais check
	says 'logged in as user@lab.test' 'nothing was sent'
}

the_test_message_arrives() {
	local command
	command=$(advised 'To send a test message: \(relais .*\)' setup)
	# shellcheck disable=SC2086
	run 0 $command
	says 'accepted   user@lab.test'
	arrives 'Subject: Test message from client.test'
}

# All commands are run as they are printed; the last one is the service.
the_service_starts() {
	local deadline=$((SECONDS + 30))
	sed -n '/^The service is not running/,/^Send a test/s/^    //p' \
	    "$LAB/setup" >"$LAB/commands"
	[ -s "$LAB/commands" ]
	sed '$s/$/ >"$LAB\/serve.log" 2>\&1 \&/' "$LAB/commands" |
	    sh -eux
	until [ -S /run/relais/submission ]; do
		((SECONDS < deadline))
		pause
	done
	run 0 setpriv --reuid 65534 --regid 65534 --clear-groups \
	    sendmail root <<-END
	Subject: from nobody

	Hello
	END
	arrives 'Subject: from nobody'
}

the_service_gets_the_new_configuration() {
	dialogue 0 relais -o "tls_ca=$LAB/ca.pem" setup --force \
	    other@lab.test <<-END
	URL) [submissions://smtp.lab.test]: 	
	login [other@lab.test]: 	user@lab.test
	Password	$LAB_PASSWORD
	root [other@lab.test]: 	
	Write these files?	
	Send a test message	
	END
	says 'The service was asked to read the configuration (SIGHUP to process' \
	    'through    the service' 'accepted   other@lab.test'
	arrives 'Return-Path: <other@lab.test>'
	[ "$(stat -c '%a %G' /etc/relais.password)" = '640 relais' ]
	[ -e /etc/relais.conf.old ]
}

# The password is read by setup with --password-stdin.
setup_without_a_terminal() {
	printf '%s\n' "$LAB_PASSWORD" | relais "$@"
}

it_names_the_answers() {
	run 64 setup_without_a_terminal setup
	says ADDRESS --smarthost --user --password-stdin --root
}

it_keeps_the_files_without_force() {
	run 73 setup_without_a_terminal setup user@lab.test \
	    --smarthost submission://lab.test --user "$LAB_USER@lab.test" \
	    --password-stdin --root root@lab.test
	says /etc/relais.conf --force
}

it_writes_nothing_if_the_test_fails() {
	run 78 setup_without_a_terminal setup --force user@lab.test \
	    --smarthost submission://lab.test --user "$LAB_USER@lab.test" \
	    --password-stdin --root root@lab.test
	says 'nothing was written' tls_ca
	grep -q other@lab.test /etc/relais.conf
}

# cases.sh has a function of this name.
unset -f relais
spec "make install succeeds" install_it
PATH=/usr/local/sbin:/usr/local/bin:$PATH
spec "sendmail and relais check name the command to run" \
    sendmail_names_the_command
spec "relais setup asks, finds the smarthost, and names what is wrong" \
    setup_explains_the_certificate
spec "relais check names the key and the file to change" \
    check_names_the_key_and_the_file
spec "after that, relais check finds nothing wrong" check_is_content
spec "the command that setup has printed sends a message, which arrives" \
    the_test_message_arrives
spec "the commands that setup has printed start the service" \
    the_service_starts
spec "a new configuration takes effect in the service" \
    the_service_gets_the_new_configuration
spec "without a terminal, relais setup names the answers that it needs" \
    it_names_the_answers
spec "without a terminal, it keeps existing files" \
    it_keeps_the_files_without_force
spec "without a terminal, it writes nothing if the test fails" \
    it_writes_nothing_if_the_test_fails
spec_end
