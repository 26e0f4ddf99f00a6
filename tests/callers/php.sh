# php.sh - programs that send a message from PHP (sourced after calls.sh)
#
#	php $LAB/mail.php TEXT [PARAMETER]	with mail(), to jo@lab.test
#	php $LAB/symfony.php DSN TEXT TO...	with Symfony Mailer
#
# Both also send to x@hidden.test.

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
