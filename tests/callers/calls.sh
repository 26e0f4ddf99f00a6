# calls.sh - sourced: a machine with relais as its sendmail, and who calls it
#
#	. tests/callers/calls.sh
#	machine "$0"
#	call "a sentence" COMMAND [ARGUMENT...]
#	calls_end
#
# machine runs the script again in a lab that has the callers' packages, with
# relais in the place of /usr/sbin/sendmail and a scripted smarthost behind
# /etc/relais.conf.  There is an ordinary user, ana; mail to local names goes
# to admin@lab.test.  A COMMAND sends one message and says what must have
# come of it with `arrives`; whoever is at hidden.test must not be told.

. tests/servers/lab.sh

machine() {
	lab_enter callers "$1"
	. tests/support/spec.sh
	coproc SMARTHOST {
		exec "$BUILD/tests/support/demo" "$LAB/mail"
	}
	# A subshell has no coprocess, but these.
	exec {heard}<&"${SMARTHOST[0]}" {leash}>&"${SMARTHOST[1]}"
	read -r -t 10 -u "$heard" word port
	[ "$word" = port ]
	# What this machine's own relais has kept is not these tests' business.
	rm -rf /var/spool/relais
	# Whoever calls need not be able to enter the build.
	rm -f /usr/sbin/sendmail /usr/lib/sendmail /usr/bin/sendmail
	install -m 755 "$BUILD/sendmail" /usr/sbin/sendmail
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

# relais_conf LINE...: with these besides
relais_conf() {
	printf '%s\n' "smarthost = smtp://127.0.0.1:$port" \
	    'root = admin@lab.test' "$@" >/etc/relais.conf
	chmod 644 /etc/relais.conf
}

# Each case may leave a file neither at home nor where it stands.
call() {
	spec "$1" quietly "${@:2}"
}

quietly() {
	local left
	cd "$LAB/case"
	# What a case that failed has not looked at.
	while read -r -t 0 -u "$heard"; do
		read -r -u "$heard" left
	done
	"$@"
	left=$(find "$LAB/ana" "$LAB/case" /var/spool/relais/queue \
	    /var/spool/relais/failed -type f ! -name output 2>/dev/null || :)
	[ -z "$left" ] || { echo "left behind: $left"; return 1; }
}

# silent COMMAND...: succeeds, and has nothing to say
silent() {
	local said
	said=$("$@" 2>&1) || { echo "exit status $?: $said"; return 1; }
	[ -z "$said" ] || { echo "it said: $said"; return 1; }
}

as_ana() {
	setpriv --reuid=ana --regid=ana --init-groups \
	    env -i HOME="$LAB/ana" PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 "$@"
}

# arrives TEXT SENDER RECIPIENT...: the next message has this envelope, and
# this file's octets as its text; its header is complete, and tells no secret.
# The message's own file is $mail afterwards.
arrives() {
	arrives_somehow "${@:2}"
	decoded "$mail" | diff -u "$1" -
}

# arrives_somehow SENDER RECIPIENT...: the same, whatever the text
arrives_somehow() {
	local sender=$1 word
	shift
	read -r -t 30 -u "$heard" word mail ||
	    { echo 'nothing arrived'; return 1; }
	[ "$word" = delivered ]
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
		    { echo "not one $name:"; cat "$LAB/header"; return 1; }
	done
	! grep -iE '^(resent-)?bcc:|hidden\.test|^X-Original-To:' "$mail"
}

# header_says LINE
header_says() {
	grep -qxF -e "$1" "$LAB/header" ||
	    { echo "no line: $1"; cat "$LAB/header"; return 1; }
}

calls_end() {
	spec "no message came that nobody sent" nothing_more
	spec_end
}

nothing_more() {
	local word file
	if read -r -t 0.1 -u "$heard" word file; then
		cat "$file"
		return 1
	fi
}
