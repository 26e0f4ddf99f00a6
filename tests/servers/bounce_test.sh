#!/usr/bin/env bash
# Programs that read bounces recognise ours: Sisimai, flufl.bounce (Mailman) and
# the parser of Python's email package.
set -eu
why=$(tests/servers/image.sh --obstacle)
if [ -n "$why" ]; then
	echo "skipped: $why"
	echo "[  SKIPPED ] 1 test(s)."
	exit 0
fi
RELAIS=$(realpath "$(dirname "$0")/../..")/relais
image=$PWD/build/servers/bounces
tests/servers/image.sh bounces >&2
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
export RELAIS WORK
export PERL5LIB=$image/usr/share/perl5
export PYTHONPATH=$image/usr/lib/python3/dist-packages
cd "$WORK"

cat >sisimai.pl <<'END'
use Sisimai;
my $found = Sisimai->make($ARGV[0], delivered => 1) || [];
print join(' ', map { $_->recipient->address, $_->action,
    $_->deliverystatus, $_->reason } @$found), "\n";
END

# The smarthost does not offer DSN.  It refuses bad@, and defers busy@ and
# later@.  Sisimai prefers a status code in the reply to the field Status.
cat >bounces.py <<'END'
import email, email.policy, email.utils, glob, os, re, socket, subprocess, sys
import threading, time

work = os.environ['WORK']
inbox = []

def serve(client):
    f = client.makefile('rwb')
    def say(text):
        f.write(text.encode() + b'\r\n')
        f.flush()
    say('220 mail.example ESMTP')
    for line in f:
        word = line[:4].upper()
        if word == b'EHLO':
            say('250-mail.example\r\n250 ENHANCEDSTATUSCODES')
        elif word == b'RCPT' and b'bad@' in line:
            say('550 5.1.1 <bad@example.net>: user unknown')
        elif word == b'RCPT' and b'busy@' in line:
            say('450 4.2.1 <busy@example.net>: mailbox is busy')
        elif word == b'RCPT' and b'later@' in line:
            say('451 please try again')
        elif word == b'DATA':
            say('354 go on')
            data = b''
            for line in f:
                if line == b'.\r\n':
                    break
                data += line
            inbox.append(data)
            say('250 2.0.0 accepted')
        elif word == b'QUIT':
            say('221 2.0.0 bye')
            break
        else:
            say('250 2.0.0 ok')
    client.close()

def listen(server):
    while True:
        threading.Thread(target=serve, args=(server.accept()[0],),
                         daemon=True).start()

server = socket.create_server(('127.0.0.1', 0))
threading.Thread(target=listen, args=(server,), daemon=True).start()
with open('relais.conf', 'w') as conf:
    conf.write('smarthost = smtp://127.0.0.1:%d\ntls = off\n'
               'queue = %s/spool\nsocket = off\nlog = off\n'
               'domain = example.org\n'
               'helo = client.example.org\n' %
               (server.getsockname()[1], work))

def relais(*arguments, input=b''):
    return subprocess.run([os.environ['RELAIS'], '-C', work + '/relais.conf',
                           *arguments], input=input, capture_output=True)

def change(edit):
    for path in glob.glob(work + '/spool/queue/*'):
        with open(path, 'r+b') as f:
            text = edit(f.read())
            f.seek(0)
            f.write(text)

def age(hours):
    return lambda text: re.sub(rb'arrived \d+', b'arrived %d' %
        (int(time.time() - hours * 3600) * 1000000), text, count=1)

def expire(text):
    return re.sub(rb'state ready \d+/', b'state ready 9999/', age(200)(text),
                  count=1)

# As if an earlier queue run was killed before it sent the bounce.
def unknown(text):
    head = b' 67   0             - '
    return re.sub(rb'\n\? (joe@[^\n]*\n).{%d}[^\n]{30}' % (len(head) + 1),
                  lambda m: b'\n- ' + m[1] + b' ' + head +
                  b'joe: unknown local name'.ljust(30), text, count=1)

def bounce(to, *options, edit=None):
    inbox.clear()
    r = relais('-i', '-f', 'me@example.org', *options, to,
               input=b'Subject: x\n\nhello\n')
    assert r.returncode == 0, r
    if edit:
        change(edit)
    relais('-q')
    for path in glob.glob(work + '/spool/queue/*'):
        os.unlink(path)
    found = [m for m in inbox if b'delivery-status' in m]
    assert len(found) == 1, inbox
    return found[0]

DATE = r'\w{3}, \d\d? \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}'
FIELDS = {     # RFC 3464, in lower case
    'reporting-mta': r'dns; \S+', 'arrival-date': DATE,
    'final-recipient': r'rfc822;\S+@\S+', 'action':
    'failed|delayed|relayed', 'status': r'[245]\.\d{1,3}\.\d{1,3}',
    'remote-mta': r'dns; \S+', 'diagnostic-code': r'smtp; \d{3} [ -~\s]+',
    'last-attempt-date': DATE, 'will-retry-until': DATE,
}

def is_valid(data):
    m = email.message_from_bytes(data, policy=email.policy.default)
    assert m.get_content_type() == 'multipart/report'
    assert m.get_param('report-type') == 'delivery-status'
    assert m['To'] == 'me@example.org' and m['Auto-Submitted']
    text, status, original = m.get_payload()
    assert text.get_content_type() == 'text/plain'
    assert status.get_content_type() == 'message/delivery-status'
    assert original['Subject'] == 'x' or 'Subject: x' in str(original)
    groups = [g for g in status.get_payload() if g.items()]
    assert len(groups) == 2, groups
    for part in [m, text, status, original, *groups]:
        assert not part.defects, part.defects
    for name, value in [f for g in groups for f in g.items()]:
        assert re.fullmatch(FIELDS[name.lower()], str(value)), (name, value)
    assert groups[0]['Reporting-MTA'] == 'dns; client.example.org'
    return groups[1]

def sisimai(data):
    with open('mail.eml', 'wb') as f:
        f.write(data)
    return subprocess.run(['perl', 'sisimai.pl', 'mail.eml'],
                          capture_output=True, text=True).stdout.strip()

def flufl(data):
    from flufl.bounce import all_failures
    temporary, permanent = all_failures(email.message_from_bytes(data))
    return (b' '.join(temporary).decode(), b' '.join(permanent).decode())

DIAGNOSTIC = {
    'bad@example.net': 'smtp; 550 5.1.1 <bad@example.net>: user unknown',
    'busy@example.net': 'smtp; 450 4.2.1 <busy@example.net>: mailbox is busy',
    'later@example.net': 'smtp; 451 please try again',
    'joe@example.org': None, 'ok@example.net': 'smtp; 250 2.0.0 accepted',
}
cases = [
    ('a refused recipient', 'bad@example.net', ['-odq'], None,
     'failed 5.1.1 userunknown'),
    ('the end of the lifetime', 'later@example.net', ['-odq'], expire,
     'failed 4.4.7 expired'),
    ('an unknown local name', 'joe@example.org', ['-odq'], unknown,
     'failed 5.1.1 userunknown'),
    ('a delay', 'busy@example.net', ['-odq', '-N', 'delay'], age(5),
     'delayed 4.2.1 -'),
    ('a success', 'ok@example.net', ['-N', 'success'], None,
     'relayed 2.0.0 delivered'),
]
failed = 0
for sentence, to, options, edit, want in cases:
    data = bounce(to, *options, edit=edit)
    action, status, reason = want.split()
    def grammar():
        group = is_valid(data)
        assert group['Final-Recipient'] == 'rfc822;' + to, group
        assert (group['Action'], group['Status']) == (action, status), group
        assert group['Diagnostic-Code'] == DIAGNOSTIC[to], group
        remote = 'dns; [127.0.0.1]' if DIAGNOSTIC[to] else None
        assert group['Remote-MTA'] == remote, group
        assert (group['Will-Retry-Until'] is None) == (action != 'delayed')
    def perl():
        found = sisimai(data)
        if reason == '-':
            assert found.startswith(' '.join([to, action, status])), found
        else:
            assert found == ' '.join([to, want]) or (reason == 'delivered' and
                found.startswith(to) and found.endswith(reason)), found
    def python():
        assert flufl(data) == (to if action == 'delayed' else '',
                               to if action == 'failed' else ''), flufl(data)
    for reader, test in [('RFC 3464', grammar), ('Sisimai', perl),
                         ('flufl.bounce', python)]:
        try:
            test()
            print('[       OK ] %s: %s' % (sentence, reader))
        except Exception as e:
            failed += 1
            print(repr(e))
            print('[  FAILED  ] %s: %s' % (sentence, reader))
print('[  PASSED  ] %d test(s).' % (3 * len(cases) - failed))
if failed:
    print('[  FAILED  ] %d test(s).' % failed)
sys.exit(failed > 0)
END
python3 bounces.py
