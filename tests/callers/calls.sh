# calls.sh - run programs that call sendmail (sourced)
#
#	. tests/callers/calls.sh
#	machine "$0" [USER PASSWORD]
#	call "a sentence" COMMAND [ARGUMENT...]
#	calls_end
#
# machine runs the script again in a lab with the packages of the callers.
# relais is /usr/sbin/sendmail, and /etc/relais.conf names a scripted smarthost,
# which requires AUTH if a user and a password are given.
# ana is an ordinary user; mail to local names goes to admin@lab.test.  A
# COMMAND sends one message and checks it with `arrives`.  Recipients at
# hidden.test get blind carbon copies: their addresses must not be in the
# message.

. tests/servers/lab.sh

machine() {
	lab_enter callers "$1"
	. tests/support/spec.sh
	coproc SMARTHOST {
		exec "$BUILD/tests/support/demo" "$LAB/mail" "${@:2}"
	}
	# A subshell cannot use the coprocess, but can use these.
	exec {heard}<&"${SMARTHOST[0]}" {leash}>&"${SMARTHOST[1]}"
	read -r -t 10 -u "$heard" word port
	[ "$word" = port ]
	# The queue of this machine does not belong to the tests.
	rm -rf /var/spool/relais
	# A copy, because the users may not have access to the build.
	rm -f /usr/sbin/sendmail /usr/lib/sendmail /usr/bin/sendmail
	install -m 755 "$BUILD/sendmail" /usr/sbin/sendmail
	ln -sf sendmail /usr/sbin/relais
	ln -s ../sbin/sendmail /usr/lib/sendmail
	ln -sf ../sbin/sendmail /usr/bin/mailq
	relais_conf
	useradd -d "$LAB/ana" -m -k /var/empty -c 'Ana Ng,,,' ana
	# A lone dot, two of them, 8 bits, blank lines.
	printf 'Hello,\n\n.\n..two\nGr\303\274\303\237e\n.\nend\n' \
	    >"$LAB/text"
	printf 'Hello,\n\n ..two\nGr\303\274\303\237e\nend\n' >"$LAB/undotted"
	chmod 644 "$LAB/text" "$LAB/undotted"
}

# relais_conf LINE...: writes /etc/relais.conf with these further lines.
relais_conf() {
	printf '%s\n' "smarthost = smtp://127.0.0.1:$port" \
	    'root = admin@lab.test' "$@" >/etc/relais.conf
	chmod 644 /etc/relais.conf
}

# A case must not leave files in the home or working directory.
call() {
	spec "$1" quietly "${@:2}"
}

quietly() {
	local left
	cd "$LAB/case" || return
	# Discard messages that a failed case has not read.
	while read -r -t 0 -u "$heard"; do
		read -r -u "$heard" left
	done
	"$@"
	left=$(find "$LAB/ana" "$LAB/case" /var/spool/relais/queue \
	    /var/spool/relais/failed -type f ! -name output 2>/dev/null || :)
	[ -z "$left" ] || { echo "left behind: $left"; return 1; }
}

# silent COMMAND...: requires success without output.
silent() {
	local said
	said=$("$@" 2>&1) || { echo "exit status $?: $said"; return 1; }
	[ -z "$said" ] || { echo "unexpected output: $said"; return 1; }
}

as_ana() {
	setpriv --reuid=ana --regid=ana --init-groups \
	    env -i HOME="$LAB/ana" PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 "$@"
}

# arrives TEXT SENDER RECIPIENT...: requires that the next message has this
# envelope, a complete header without Bcc, and the contents of the file TEXT as
# its body.  Sets $mail to the file of the message.
arrives() {
	arrives_somehow "${@:2}"
	decoded "$mail" | diff -u "$1" -
}

# arrives_somehow SENDER RECIPIENT...: the same with any body.
arrives_somehow() {
	local sender=$1 word
	shift
	read -r -t 30 -u "$heard" word mail ||
	    { echo 'no message arrived'; return 1; }
	[ "$word" = delivered ] || { echo "not delivered: $word $mail"; return 1; }
	{
		printf 'X-Original-To: %s\n' "$@"
		echo "Return-Path: <$sender>"
	} | sort >"$LAB/envelope"
	head -n "$(($# + 1))" "$mail" | sort | diff "$LAB/envelope" -
	sed -i "1,$(($# + 1))d" "$mail"
	mime_header_is_fit
}

mime_header_is_fit() {
	local name
	sed '/^$/q' "$mail" >"$LAB/header"
	for name in Date From Message-ID To; do
		[ "$(grep -ci "^$name:" "$LAB/header")" -eq 1 ] ||
		    { echo "$name must appear once"; cat "$LAB/header"; return 1; }
	done
	! grep -iE '^(resent-)?bcc:|hidden\.test|^X-Original-To:' "$mail"
}

# header_says LINE: requires this line in the header of the message.
header_says() {
	grep -qxF -e "$1" "$LAB/header" ||
	    { echo "missing line: $1"; cat "$LAB/header"; return 1; }
}

calls_end() {
	spec "no other message arrived" nothing_more
	spec_end
}

nothing_more() {
	local word file
	if read -r -t 0.1 -u "$heard" word file; then
		cat "$file"
		return 1
	fi
}
