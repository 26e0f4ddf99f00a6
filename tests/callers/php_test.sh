#!/usr/bin/env bash
# PHP: mail() with four and five parameters, and Symfony Mailer with -bs and
# with -t.
set -eu
. tests/callers/calls.sh
machine "$0"

cat >"$LAB/mail.php" <<'END'
<?php
$header = "From: Shop <shop@client.test>\r\n" .
    "Bcc: x@hidden.test\nMIME-Version: 1.0\n" .
    "Content-Type: text/plain; charset=utf-8";
// mail() ends the last line.
$text = substr(file_get_contents($argv[1]), 0, -1);
exit(mail('Jo <jo@lab.test>', 'Order 7', $text, $header,
    ...array_slice($argv, 2)) ? 0 : 1);
END

cat >"$LAB/symfony.php" <<'END'
<?php
require '/usr/share/php/Symfony/Component/Mailer/autoload.php';
$transport = Symfony\Component\Mailer\Transport::fromDsn($argv[1]);
// The end of the data in SMTP ends the last line.
$text = substr(file_get_contents($argv[2]), 0, -1);
foreach (array_slice($argv, 3) as $to)
	$transport->send((new Symfony\Component\Mime\Email())
	    ->from('Shop <shop@client.test>')->to($to)
	    ->bcc('x@hidden.test')->subject('Order 7')
	    ->text($text));
END

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
