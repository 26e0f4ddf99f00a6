#!/usr/bin/env bash
# Mail libraries: MailTools and Email::Sender (Perl), Nodemailer (Node.js), mail
# (Ruby), and Python as its manual recommends.
set -eu
. tests/callers/calls.sh
machine "$0"

cat >"$LAB/mailer.pl" <<'END'
use Mail::Mailer;
my $mailer = Mail::Mailer->new('sendmail', @ARGV);
$mailer->open({ From => 'ana@client.test', To => 'jo@lab.test',
    Bcc => 'x@hidden.test', Subject => 'hello', 'MIME-Version' => '1.0',
    'Content-Type' => 'text/plain; charset=utf-8' });
print $mailer $_ while <STDIN>;
$mailer->close or die "can't send: $!";
END

cat >"$LAB/sender.pl" <<'END'
use Email::Sender::Simple 'sendmail';
use Email::Sender::Transport::Sendmail;
use Email::Simple;
local $/;
sendmail(Email::Simple->create(header => [ From => 'ana@client.test',
    To => 'jo@lab.test', Subject => 'hello', 'MIME-Version' => '1.0',
    'Content-Type' => 'text/plain; charset=utf-8' ], body => <STDIN>),
    { to => [ 'jo@lab.test', 'x@hidden.test' ],
    transport => Email::Sender::Transport::Sendmail->new });
END

cat >"$LAB/nodemailer.js" <<'END'
const nodemailer = require('/usr/share/nodejs/nodemailer');
const options = Object.assign({ sendmail: true },
    JSON.parse(process.argv[2]));
nodemailer.createTransport(options).sendMail({
	from: 'Ana <ana@client.test>', to: 'jo@lab.test',
	bcc: 'x@hidden.test', subject: 'hello',
	text: require('fs').readFileSync(0, 'utf8'),
}).catch((e) => { console.error(e); process.exit(1); });
END

cat >"$LAB/mail.rb" <<'END'
require 'mail'
options = ARGV.empty? ? {} : { arguments: ARGV[0] }
mail = Mail.new(from: 'ana@client.test', to: 'jo@lab.test',
                bcc: 'x@hidden.test', subject: 'hello', charset: 'UTF-8',
                body: STDIN.read)
mail.delivery_method :sendmail, options
mail.deliver!
END

cat >"$LAB/mail.py" <<'END'
import subprocess, sys
from email.message import EmailMessage
message = EmailMessage()
message.set_content(sys.stdin.read())
message['From'] = 'ana@client.test'
message['To'] = 'jo@lab.test'
message['Bcc'] = 'x@hidden.test'
message['Subject'] = 'hello'
subprocess.run(['/usr/sbin/sendmail', '-t', '-oi'],
               input=message.as_bytes(), check=True)
END

sends() {
	local text=$1 sender=$2
	shift 2
	silent as_ana "$@" <"$text"
	arrives "$text" "$sender" jo@lab.test x@hidden.test
}

call "Mail::Mailer sends with -t and without -i" \
    sends "$LAB/undotted" ana@client.test perl "$LAB/mailer.pl"
call "Mail::Mailer passes arguments to sendmail" \
    sends "$LAB/text" bounces@client.test \
    perl "$LAB/mailer.pl" -i -f bounces@client.test
call "Email::Sender sends" \
    sends "$LAB/text" ana@client.test perl "$LAB/sender.pl"
call "Nodemailer sends" \
    sends "$LAB/text" ana@client.test node "$LAB/nodemailer.js" '{}'
call "Nodemailer sends with CRLF" \
    sends "$LAB/text" ana@client.test \
    node "$LAB/nodemailer.js" '{"newline": "windows"}'
call "Nodemailer passes arguments to sendmail" \
    sends "$LAB/text" ana@client.test \
    node "$LAB/nodemailer.js" '{"args": ["-i", "-t"]}'
call "Ruby's mail sends" \
    sends "$LAB/text" ana@client.test ruby "$LAB/mail.rb"
call "Ruby's mail passes '-i -t', as in Rails" \
    sends "$LAB/text" ana@client.test ruby "$LAB/mail.rb" '-i -t'
call "Python sends" \
    sends "$LAB/text" ana@client.test python3 "$LAB/mail.py"
calls_end
