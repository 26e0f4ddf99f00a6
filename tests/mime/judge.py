"""Compares converted messages with the originals, with Python's email package.

judge.py make DIRECTORY     writes messages of many kinds to NAME.in
judge.py compare DIRECTORY  checks that NAME.7 and NAME.8, converted for a
                            server without and with 8BITMIME, decode to the
                            same content as NAME.in; NAME.7.remark names the
                            parts that did not change
"""
import base64
import email
import email.message
import email.policy
import email.utils
import glob
import json
import os
import quopri
import random
import re
import sys
import urllib.parse

LENGTHS = [0, 1, 2, 74, 75, 76, 77, 78, 150, 151, 152, 153,
           996, 997, 998, 999, 1000, 1001, 1002, 4000]
ALPHABETS = [b'abc', b'a b', b'a\t ', b'=', b'-', b'.', b'a-=',
             '\u00e9'.encode(), 'a\u00e9 '.encode(), '\u4e2d'.encode(),
             '\U0001f600 x'.encode(), b'\xe4\xff', b'F-rom =.',
             bytes(range(32, 256)), b'\x01\x7f\x1b~']
ADDRESSES = ['From', 'To', 'Cc', 'Sender', 'Reply-To']


def line(rng, alphabet, length):
    if alphabet.isascii() or length == 0:
        return bytes(rng.choice(alphabet) for _ in range(length))
    try:
        letters = [c.encode() for c in alphabet.decode()]
    except UnicodeDecodeError:
        letters = [bytes([c]) for c in alphabet]
    text = b''
    while len(text) < length:
        letter = rng.choice(letters)
        if len(text) + len(letter) > length:
            letter = b'x'
        text += letter
    return text


def text(rng):
    alphabet = rng.choice(ALPHABETS)
    lines = [line(rng, alphabet, rng.choice(LENGTHS))
             for _ in range(rng.randrange(1, 6))]
    return b'\n'.join(lines)


def name_field(rng):
    words = ['Ann', 'J\u00f6rg', 'von', 'M\u00fcller', '"Doe, J."',
             '"\u00c4, b"', '=?utf-8?q?x=C3=A4?=', '\u4e2d\u6587' * 20,
             '=?UTF-8?Q?\u00e4_=C3=A4?=', '"=?utf-8?q?\u00e9?="']
    what = ' '.join(rng.choice(words) for _ in range(rng.randrange(1, 5)))
    comment = rng.choice(['', ' (c)', ' (\u00e4 b)'])
    return '%s <%s@example.org>%s' % (what, rng.choice('abc'), comment)


def fields(rng):
    out = ['Subject: ' + rng.choice([
        'plain', 'Gr\u00fc\u00dfe aus K\u00f6ln', '\u4e2d\u6587 ' * 40,
        'x' * 1200, 'a b ' * 300, '=?utf-8?q?a?= \u00e9 b',
        '\u00e9 =?utf-8?q?a?= =?utf-8?q?b?= \u00e9\u00e9', '\u00e9' * 600,
        '=?UTF-8?Q?\u00e9_=C3=A9, b c?= d', 'Re:=?utf-8?q?a?=\u00e9',
        '=?utf-8?q?%s?= b' % ('=C3=A9_' * 300),
        '=?utf-8?B?%s?= b' % ('w6kg' * 300)])]
    out += machine_fields(rng)
    for name in rng.sample(ADDRESSES, 2):
        out.append('%s: %s' % (name, ', '.join(
            name_field(rng) for _ in range(rng.choice([1, 2, 60])))))
    return '\n'.join(out).encode()


def machine_fields(rng):
    """A field for programs: it may be folded, but must not change."""
    n = rng.choice([1, 30])
    data = {'k%d' % i: ['\u00e9"', i] for i in range(n)}
    return [
        'References: ' + ''.join('<%d@example.org>' % (i << 99)
                                 for i in range(n)),
        'List-Unsubscribe: ' + ','.join(
            '<https://example.org/u?%d,x>' % (i << 99) for i in range(n)),
        'X-Data: ' + json.dumps(data, ensure_ascii=rng.random() < .5,
                                separators=rng.choice([None, (',', ':')]))]


def named_file(rng):
    """A file name in 8-bit octets, and the expected name in X-File-Name."""
    name = rng.choice(['\u00c4 b.pdf', '\u00e9 (1) %41.pdf', '\u4e2d' * 60])
    half = len(name) // 2
    value = rng.choice([
        'filename="%s"', 'filename=%s; size=1',
        "filename*=UTF-8''%s", 'filename="=?utf-8?q?%s?="']) % name
    if value.startswith('filename*'):
        value = value.replace(' ', '%20').replace('%41', '%2541')
    elif '=?' in value:
        value = value.replace(' ', '_')
    elif rng.random() < .3:
        value = 'filename*0="%s";\n filename*1="%s"' % (
            name[:half], name[half:])
    return ['Content-Disposition: attachment; ' + value,
            'X-File-Name: ' + urllib.parse.quote(name)]


def boundary_parameter(rng, value):
    coded = ''.join(c if c.isalnum() else '%%%02X' % ord(c) for c in value)
    return rng.choice([
        'boundary="%s"' % value,
        'boundary="%s"' % value,
        'boundary*0="%s"; boundary*1="%s"' % (value[:1], value[1:]),
        'boundary*1="%s"; boundary*0="%s"' % (value[1:], value[:1]),
        "boundary*=us-ascii'en'" + coded,
        "boundary*0*=us-ascii''; boundary*1*=" + coded])


def part(rng, depth, boundary):
    kind = rng.randrange(9 if depth < 3 else 5)
    head = []
    encoding = rng.choice([None, '7bit', '8bit', 'binary', '8-bit', '8bits',
                           '8 bit', '7-bit', '7bits'])
    if encoding:
        head.append('Content-Transfer-Encoding: ' + encoding)
    if kind <= 2:
        if rng.random() < .8:
            head.append('Content-Type: text/%s; charset="utf-8"' %
                        rng.choice(['plain', 'html']))
        body = text(rng)
    elif kind == 3:
        head.append('Content-Type: application/octet-stream; name="%s"' %
                    rng.choice(['a.bin', '\u00e9 b.bin', '\u4e2d' * 30]))
        head.append('Content-Disposition: attachment; filename="%s"' %
                    rng.choice(['a.bin', '\u00e9;"b.bin'.replace('"', ''),
                                'x' * 50]))
        body = text(rng)
    elif kind == 4:
        encoding = rng.choice(['base64', 'quoted-printable'])
        head = ['Content-Type: text/plain; charset=utf-8',
                'Content-Transfer-Encoding: ' + encoding]
        if encoding == 'base64':
            body = base64.b64encode(os.urandom(0) + text(rng))
        else:
            body = quopri.encodestring(text(rng)).replace(b'=\n', b'')
        if rng.random() < .3:
            body = text(rng)
    elif kind == 5:
        head.append('Content-Type: message/rfc822')
        body = fields(rng) + b'\n' + rng.choice([
            b'MIME-Version: 1.0\n' + part(rng, depth + 1, boundary),
            b'\n' + text(rng)])
    else:
        inner = rng.choice([boundary + 'i', 'b %d' % depth, '=_x-' + boundary])
        kinds = ['mixed', 'alternative', 'digest']
        if rng.random() < .2:
            head = ['Content-Transfer-Encoding: ' +
                    rng.choice(['base64', 'quoted-printable'])]
        head.append('Content-Type: multipart/%s;\n %s' % (
            rng.choice(kinds), boundary_parameter(rng, inner)))
        body = rng.choice([b'', b'preamble\n', 'pr\u00e9ambule\n'.encode()])
        for _ in range(rng.randrange(1, 4)):
            body += b'--' + inner.encode() + rng.choice([b'\n', b' \n']) + \
                part(rng, depth + 1, inner) + b'\n'
        if rng.random() < .9:
            body += b'--' + inner.encode() + b'--\n' + \
                rng.choice([b'', b'epilogue\n', '\u00e9pilogue\n'.encode()])
    rng.shuffle(head)
    return '\n'.join(head).encode() + (b'\n' if head else b'') + b'\n' + body


def make(folder):
    rng = random.Random(4)
    for i in range(250):
        message = fields(rng) + b'\n'
        kind = rng.randrange(8)
        if kind == 0:
            message += '\n'.join(named_file(rng)).encode() + b'\n\n' + \
                text(rng)
        else:
            message += b'MIME-Version: 1.0\n' + part(rng, 0, 'B')
        if rng.random() < .3:
            message = message.replace(b'\n', b'\r\n')
        write(folder, 'made-%03d.in' % i, message)
    for i, length in enumerate(LENGTHS):
        for k, alphabet in enumerate(ALPHABETS):
            for j, head in enumerate([b'', b'MIME-Version: 1.0\n'
                                      b'Content-Type: text/plain\n']):
                write(folder, 'line-%d-%d-%d.in' % (i, k, j), head +
                      b'Subject: x\n\n' + line(rng, alphabet, length) + b'\n')
    for path in corpus():
        with open(path, 'rb') as f:
            message = f.read()
        name = os.path.basename(path)
        write(folder, name + '.in', message)
        # The same in another script, and with long lines in the bodies.
        head, blank, body = message.partition(b'\n\n')
        write(folder, name + '-8.in', head + blank + re.sub(
            rb'(?m)^(?!.*(?:--|:|=)).*e.*$',
            lambda m: m.group().replace(b'e', '\u00e9'.encode()), body))
        write(folder, name + '-long.in', head + blank + re.sub(
            rb'(?m)^(?!.*(?:--|:|=))\w.*$',
            lambda m: m.group() + b' word' * 250, body))


def corpus():
    found = []
    for pattern in ['/usr/lib/python3*/test/test_email/data/*.txt',
                    '/usr/local/lib/python3*/test/test_email/data/*.txt']:
        found += sorted(glob.glob(pattern))
    return found


def write(folder, name, data):
    if b'\0' not in data:
        with open(os.path.join(folder, name), 'wb') as f:
            f.write(data)


def normal(data):
    return data.replace(b'\r\n', b'\n').replace(b'\r', b' ')


def unfolded(value):
    return re.sub(rb'\r?\n', b'', octets(value)).decode(
        'utf-8', 'surrogateescape')


def decoded(value):
    """Decodes RFC 2047; other 8-bit octets do not change."""
    raw = octets(value)
    out = b''
    last = 0
    for word in re.finditer(rb'=\?[^?]+\?([bBqQ])\?([^?]*)\?=', raw):
        between = raw[last:word.start()]
        if last == 0 or between.strip(b' \t') != b'':
            out += between
        if word[1] in b'bB':
            out += base64.b64decode(word[2])
        else:
            out += quopri.decodestring(word[2], header=True)
        last = word.end()
    return out + raw[last:]


def names(values):
    pairs = []
    for name, address in email.utils.getaddresses(values):
        plain = decoded(name)
        pairs.append((b' '.join(plain.split()), address))
    return pairs


def same_field(name, a, b):
    a, b = unfolded(a), unfolded(b)
    if a == b:
        return True
    if name.lower() in [n.lower() for n in ADDRESSES]:
        return names([a]) == names([b])
    if name.lower() in MACHINE:
        return a.replace(' ', '') == b.replace(' ', '')
    if name == 'X-Data' and not b.startswith('=?'):
        return json.loads(a) == json.loads(b)
    return decoded(a).split() == decoded(b).split()


RELABELLED = ['content-transfer-encoding', 'mime-version', 'content-type',
              'content-disposition']


MACHINE = ['references', 'list-unsubscribe']


def compare_headers(a, b, where):
    mine = [(k, v) for k, v in a._headers if k.lower() not in RELABELLED]
    theirs = [(k, v) for k, v in b._headers if k.lower() not in RELABELLED]
    if [k for k, v in mine] != [k for k, v in theirs]:
        return ['%s: fields %r became %r' % (
            where, [k for k, v in mine], [k for k, v in theirs])]
    return ['%s: %s: %r became %r' % (where, k, v, w)
            for (k, v), (_, w) in zip(mine, theirs) if not same_field(k, v, w)]


def octets(value):
    return value.encode('utf-8', 'surrogateescape')


def parameter(message, field, param):
    """Returns octets; a field may contain UTF-8."""
    copy = email.message.Message()
    copy._headers = [(k, octets(v).decode('utf-8', 'surrogateescape'))
                     for k, v in message._headers if k.lower() == field]
    value = copy.get_param(param, None, field)
    if isinstance(value, tuple):
        return value[2].encode('latin-1')
    return None if value is None else octets(email.utils.unquote(value))


def kept_to_the_octet(a, b):
    return (a['Content-Transfer-Encoding'] == 'binary' and
            b['Content-Transfer-Encoding'] == 'base64')


def outside(message):
    return [normal(octets(text or ''))
            for text in (message.preamble, message.epilogue)]


def compare_parts(a, b, where):
    wrong = compare_headers(a, b, where)
    if a.get_content_type() != b.get_content_type():
        wrong.append('%s: %s became %s' % (
            where, a.get_content_type(), b.get_content_type()))
    for field, param in [('content-disposition', 'filename'),
                         ('content-type', 'name')]:
        theirs = parameter(b, field, param)
        if param == 'filename' and 'X-File-Name' in a:
            mine = urllib.parse.unquote_to_bytes(a['X-File-Name'])
        else:
            mine = parameter(a, field, param)
        if mine != theirs:
            wrong.append('%s: %s %r became %r' % (
                where, param, mine, theirs))
    if a.is_multipart() != b.is_multipart():
        return wrong + [where + ': multipart or not?']
    if not a.is_multipart():
        x, y = [normal(m.get_payload(decode=True)) for m in (a, b)]
        if kept_to_the_octet(a, b):     # the email package is less exact
            x, y = x.rstrip(b'\n'), y.rstrip(b'\n')
        if x != y:
            wrong.append('%s: %r became %r' % (where, x[:300], y[:300]))
        return wrong
    if outside(a) != outside(b):
        wrong.append('%s: %r became %r' % (where, outside(a), outside(b)))
    x, y = a.get_payload(), b.get_payload()
    if len(x) != len(y):
        return wrong + ['%s: %d parts became %d' % (where, len(x), len(y))]
    for i, (p, q) in enumerate(zip(x, y)):
        wrong += compare_parts(p, q, '%s/%d' % (where, i))
    return wrong


def check_wire(wire, seven, remark, where):
    wrong = []
    if re.search(rb'(?<!\r)\n|\r(?!\n)|\0', wire):
        wrong.append(where + ': a line end is not CRLF')
    longest = max(len(l) for l in wire.split(b'\r\n'))
    if longest > 998 and not remark:
        wrong.append('%s: a line of %d octets' % (where, longest))
    if seven and not wire.isascii() and not remark:
        wrong.append(where + ': 8 bits')
    return wrong


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def parse(data):
    return email.message_from_bytes(data, policy=email.policy.compat32)


def lenient(original):
    """Returns the form in which relais stores the input, before encoding."""
    data = normal(original)
    while re.match(rb'>?From ', data):
        data = data.partition(b'\n')[2]
    if not data.endswith(b'\n'):
        data += b'\n'
    return data


def compare(folder):
    wrong = []
    count = left = 0
    for path in sorted(glob.glob(os.path.join(folder, '*.in'))):
        original = parse(lenient(read(path)))
        for kind in ['7', '8']:
            wire = read(path[:-2] + kind)
            remark = os.path.exists(path[:-2] + kind + '.remark')
            where = os.path.basename(path)[:-2] + kind
            count += 1
            left += remark
            problems = check_wire(wire, kind == '7', remark, where)
            problems += compare_parts(original, parse(wire), where)
            wrong += problems
    for problem in wrong[:20]:
        print(problem)
    print('%d wire forms judged, %d of them left alone in part, %d wrong' % (
        count, left, len(wrong)))
    return 1 if wrong or count == 0 else 0


if __name__ == '__main__':
    if sys.argv[1] == 'make':
        os.makedirs(sys.argv[2], exist_ok=True)
        make(sys.argv[2])
        sys.exit(0 if corpus() else 77)
    sys.exit(compare(sys.argv[2]))
