"""Examine a digest: digest.py DIGEST [same|decoded] ORIGINAL...

With Python's email package: the structure is that of RFC 2046 section 5.1.5,
and the messages are the originals, in their order.  With "same", each has the
same octets; with "decoded", the same content after decoding.  Prints the
field To, the subject and the summary.
"""
import email
import email.policy
import sys


def fail(text):
    sys.exit(text)


def content(message):
    """The leaves of a message, decoded."""
    return [(part.get_content_type(), part.get_payload(decode=True))
            for part in message.walk() if not part.is_multipart()]


raw = open(sys.argv[1], 'rb').read()
originals = [open(name, 'rb').read() for name in sys.argv[3:]]
whole = email.message_from_bytes(raw, policy=email.policy.default)
for part in whole.walk():
    if part.defects:
        fail('%s: %s' % (part.get_content_type(), part.defects))
if whole.get_content_type() != 'multipart/mixed':
    fail('the digest is ' + whole.get_content_type())
summary, digest = whole.get_payload()
if summary.get_content_type() != 'text/plain':
    fail('the summary is ' + summary.get_content_type())
if digest.get_content_type() != 'multipart/digest':
    fail('the messages are in ' + digest.get_content_type())
for name in ('Date', 'Message-ID', 'From', 'MIME-Version'):
    if len(whole.get_all(name, [])) != 1:
        fail('not one field ' + name)
if whole['Auto-Submitted'] != 'auto-generated':
    fail('Auto-Submitted is %s' % whole['Auto-Submitted'])
parts = digest.get_payload()
if len(parts) != len(originals):
    fail('%d messages, not %d' % (len(parts), len(originals)))
for part in parts:
    if part.get_content_type() != 'message/rfc822':
        fail('a message is ' + part.get_content_type())
    if part['Content-Transfer-Encoding'] not in ('7bit', '8bit'):
        fail('a message is encoded (RFC 2046 section 5.2.1)')
if sys.argv[2] == 'same':
    line = b'\r\n--' + digest.get_boundary().encode()
    for piece, original in zip(raw.split(line)[1:], originals):
        if piece.split(b'\r\n\r\n', 1)[1] != original:
            fail('not the same: %r\nbut: %r' % (original, piece))
else:
    for part, original in zip(parts, originals):
        want = content(email.message_from_bytes(
            original, policy=email.policy.default))
        if content(part.get_payload(0)) != want:
            fail('not the same: %r\nbut: %r' % (
                want, content(part.get_payload(0))))
        if any(octet > 127 for octet in raw):
            fail('8-bit text for a server without 8BITMIME')
print('To: %s' % whole['To'])
print('From: %s' % whole['From'])
print('Subject: %s' % whole['Subject'])
print(summary.get_content().replace('\r', ''))
