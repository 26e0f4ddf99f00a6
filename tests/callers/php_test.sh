#!/usr/bin/env bash
# PHP: mail() with four and five parameters, and Symfony Mailer with -bs and
# with -t.
set -eu
. tests/callers/calls.sh
machine "$0"
. tests/callers/php.sh

mail_sends() {
	silent as_ana php "$LAB/mail.php" "$LAB/text"
	arrives "$LAB/text" ana@client.test jo@lab.test x@hidden.test
	header_says 'From: Shop <shop@client.test>'
}

fifth_parameter_is_the_sender() {
	silent as_ana php "$LAB/mail.php" "$LAB/text" -fbounces@client.test
	arrives "$LAB/text" bounces@client.test jo@lab.test x@hidden.test
	header_says 'From: Shop <shop@client.test>'
}

failure_is_false() {
	relais_conf 'recipient_limit = 1'
	! as_ana php "$LAB/mail.php" "$LAB/text"
}

symfony() {
	silent as_ana php "$LAB/symfony.php" "$1" "$LAB/text" "${@:2}"
	shift
	for to; do
		arrives "$LAB/text" shop@client.test "$to" x@hidden.test
	done
}

call "PHP: mail() sends" mail_sends
call "PHP: the fifth parameter of mail() sets the envelope sender" \
    fifth_parameter_is_the_sender
call "PHP: mail() returns false if the message is refused" failure_is_false
relais_conf
call "Symfony Mailer: -bs, the default" \
    symfony sendmail://default jo@lab.test
call "Symfony Mailer: two messages in one -bs session" \
    symfony sendmail://default jo@lab.test al@lab.test
call "Symfony Mailer: with -t and dot-stuffing" \
    symfony 'sendmail://default?command=/usr/sbin/sendmail%20-t' jo@lab.test
call "Symfony Mailer: with -t -i" \
    symfony 'sendmail://default?command=/usr/sbin/sendmail%20-t%20-i' \
    jo@lab.test
calls_end
