#!/usr/bin/env bash
# The last stage of the README's Dockerfile, with the lab as the container: the
# service sends the mail of www-data.  The steps that need a network, or another
# image, are left out; without `make static`, the usual program takes the place
# of the static one.
set -eu
. tests/servers/lab.sh
lab_enter postfix "$0"
. tests/servers/cases.sh
. tests/servers/postfix.sh
postfix_start
echo '127.0.0.1 smtp.lab.test' >>/etc/hosts
rm -rf /var/spool/relais
secret=/run/secrets/relais.password
unset -f relais

# The instructions of the last stage, one in each line.
# shellcheck disable=SC2016 # the quotes of Markdown
instructions() {
	sed -n '/^```dockerfile$/,/^```$/p' README.md |
	    sed -e ':a' -e '/\\$/{N;s/\\\n *//;ba' -e '}' |
	    sed -n '/^FROM php/,/^```/p' | sed "s/example\.org/lab.test/g
	    s/alerts@/$LAB_USER@/g"
}

copies_and_runs() {
	rm -f /usr/sbin/sendmail /usr/sbin/relais
	if [ -e "$BUILD/relais-static" ]; then
		cp "$BUILD/relais-static" /usr/sbin/sendmail
	else
		cp -L "$BUILD/relais" /usr/sbin/sendmail
	fi
	instructions | sed -n 's/^RUN //p' | grep -v apt-get >"$LAB/run"
	[ -s "$LAB/run" ]
	(cd /usr/sbin && sh -exc "$(cat "$LAB/run")")
	install -D -m 400 -o relais <(echo "$LAB_PASSWORD") "$secret"
}

# This takes the place of apache2-foreground.
program() {
	cat >"$LAB/apache2-foreground" <<-'END'
	#!/bin/sh
	until [ -S /run/relais/submission ]; do
		sleep 0.05
	done
	printf 'Subject: from PHP\n\nHello\n' |
	    setpriv --reuid www-data --regid www-data --clear-groups \
	    sendmail root
	END
	chmod 755 "$LAB/apache2-foreground"
}

sends_as_www_data() {
	local command deadline=$((SECONDS + 30))
	instructions | sed -n 's/^ENV //p' | tr ' ' '\n' | grep . >"$LAB/env"
	instructions | sed -n 's/^CMD //p' >"$LAB/cmd"
	mapfile -t command < <(python3 -c \
	    'import json, sys; print("\n".join(json.load(sys.stdin)))' \
	    <"$LAB/cmd")
	program
	# shellcheck disable=SC2046 # the variables have no blanks
	env -i PATH="$LAB:$PATH" RELAIS_TLS_CA="$LAB/ca.pem" \
	    $(cat "$LAB/env") "${command[@]}" >"$LAB/out" 2>&1 ||
	    { cat "$LAB/out"; return 1; }
	cat "$LAB/out"
	grep -q '"status":"sent","uid":33,' "$LAB/out"
	until grep -qs '^Subject: from PHP' "$LAB"/mail/new/*; do
		((SECONDS < deadline)) || { echo "no message"; return 1; }
		pause
	done
}

spec "the program and the user are added" copies_and_runs
spec "the service sends the mail of www-data, who cannot read the secret" \
    sends_as_www_data
spec_end
