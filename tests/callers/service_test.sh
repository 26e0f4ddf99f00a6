#!/usr/bin/env bash
# Callers that cannot read the password: PHP as www-data, cron jobs and mail(1)
# of an ordinary user send through the service, without new privileges.
set -eu
. tests/callers/calls.sh
machine "$0" relais 'secret word'
. tests/callers/php.sh

useradd --system -d /var/spool/relais -M relais
printf '%s\n' 'secret word' >/etc/relais.password
chown root:relais /etc/relais.password
chmod 640 /etc/relais.password

# guarded_conf LINE...: only the service can read it
guarded_conf() {
	relais_conf 'tls = off' 'auth = PLAIN' 'user = relais' \
	    'password_file = /etc/relais.password' "$@"
	chown root:relais /etc/relais.conf
	chmod 640 /etc/relais.conf
}

without_privileges() {
	local user=$1
	shift
	setpriv --reuid="$user" --regid="$user" --init-groups \
	    --no-new-privs env -i PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 "$@"
}

service_has_logged() {
	until grep -q "$1" "$LAB/service.log"; do
		pause
	done
}

only_the_service_reads_the_files() {
	local user file
	for user in www-data ana; do
		for file in /etc/relais.conf /etc/relais.password; do
			fails without_privileges "$user" cat "$file"
		done
	done
	[ "$(stat -c %U:%G:%a /var/spool/relais /run/relais/submission)" = \
	    'relais:relais:700
relais:relais:666' ]
}

php_sends() {
	silent without_privileges www-data php "$LAB/mail.php" "$LAB/text"
	arrives "$LAB/text" www-data@client.test jo@lab.test x@hidden.test
	header_says 'From: Shop <shop@client.test>'
	service_has_logged ' uid=33 pid=[0-9]* program='
}

php_names_the_sender() {
	silent without_privileges www-data php "$LAB/mail.php" "$LAB/text" \
	    -fbounces@client.test
	arrives "$LAB/text" bounces@client.test jo@lab.test x@hidden.test
}

symfony_sends() {
	silent without_privileges www-data php "$LAB/symfony.php" \
	    sendmail://default "$LAB/text" jo@lab.test al@lab.test
	arrives "$LAB/text" shop@client.test jo@lab.test x@hidden.test
	arrives "$LAB/text" shop@client.test al@lab.test x@hidden.test
}

cron_mails_its_user() {
	printf 'MAILTO=jo@lab.test\n@reboot cat %s/text\n' "$LAB" |
	    crontab -u ana -
	rm -f /run/crond.reboot /run/crond.pid
	cron -f &
	trap 'kill $!' EXIT
	arrives "$LAB/text" ana@client.test jo@lab.test
	crontab -u ana -r
	service_has_logged " uid=$(id -u ana) pid=[0-9]* program=cron "
}

bsd_mailx_sends() {
	silent without_privileges ana bsd-mailx -s hello -c al@lab.test \
	    -b x@hidden.test jo@lab.test <"$LAB/text"
	arrives "$LAB/text" ana@client.test jo@lab.test al@lab.test \
	    x@hidden.test
	header_says 'From: Ana Ng <ana@client.test>'
}

php_sees_a_refusal() {
	guarded_conf 'recipient_limit = 1'
	kill -HUP "$SERVICE"
	service_has_logged 'has been read again'
	fails without_privileges www-data php "$LAB/mail.php" "$LAB/text"
}

# Without the service, a caller is told why, and PHP's mail() is false.
php_sees_that_there_is_no_service() {
	fails without_privileges www-data php "$LAB/mail.php" "$LAB/text" \
	    >"$LAB/said" 2>&1
	grep -q 'start the relais service' "$LAB/said"
}

guarded_conf
/usr/sbin/relais -o log=stderr serve 2>"$LAB/service.log" &
SERVICE=$!
service_has_logged 'accepts mail on /run/relais/submission'

call "only the service can read the configuration and the password" \
    only_the_service_reads_the_files
call "PHP as www-data: mail() sends" php_sends
call "PHP as www-data: mail()'s fifth parameter is the envelope's sender" \
    php_names_the_sender
call "Symfony Mailer as www-data: two messages over one -bs" symfony_sends
call "cron: what a user's job says goes to MAILTO" cron_mails_its_user
call "bsd-mailx: an ordinary user sends" bsd_mailx_sends
call "PHP: mail() is false when the service refuses" php_sees_a_refusal
status=0
kill "$SERVICE"
wait "$SERVICE" || status=$?
spec "the service stops" test "$status" -eq 0
spec "its socket is removed" test ! -e /run/relais/submission
call "PHP: mail() is false without the service" \
    php_sees_that_there_is_no_service
calls_end
