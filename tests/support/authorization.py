"""
authorization.py CERTIFICATES KEY SCRIPT LOG [PORT] - a scripted OAuth 2 server

An authorization server on 127.0.0.1 with TLS.  Prints "port N process N" when it
accepts connections, and runs until it is killed or its standard input, if that
is a pipe, is closed.

Without arguments, each line of standard input has the arguments of a server,
which is a child of this process.  All of them end with it.

SCRIPT is a JSON object, which is read again for each request:

    client_id      the only client, default "relais-test"
    secret         its secret, or absent: a public client
    certificate    file: the client signs a JWT with its key (RFC 7523)
    thumbprint     x5t#S256, or kid, that the JWT must have
    user           the account, default "nina@example.org"
    expires_in     of access tokens, default 3600
    size           the minimum length of access tokens
    rotate         whether each refresh returns a new refresh token, and
                   invalidates the old one; default true
    refresh_tokens tokens that are valid from the start
    device         steps of the device authorization endpoint, /device
    authorize      steps of the authorization endpoint, /authorize
    token          steps of the token endpoint, /token
    introspect     steps of the introspection endpoint, /introspect

A list of steps is consumed one step per request; its last step repeats.  If the
list changes, it starts again.  A step is null, for the usual answer, or an
object with some of these keys:

    error          an error of RFC 6749 or RFC 8628, with status 400
    merge          replaces members of the usual answer; null removes them
    body           the text of the answer, "type" its Content-Type
    status         the status of the answer
    retry_after    the value of Retry-After
    redirect       the value of Location, with status 302
    duplicate      true: each member appears twice
    huge           true: 1 GiB of blanks follows the opening brace
    slow           seconds before the answer
    drip           seconds between the octets of the answer
    hold           a file: the answer waits until it exists
    close          true: the connection is closed without an answer

"pending", "slow_down" and "denied" are short for the errors
authorization_pending, slow_down and access_denied.

Each request is a line of LOG, a JSON object with "method", "path", "form" (the
parameters), "status" and, for the token endpoint, "grant".  It is written when
the state of the server has changed and before the answer is sent.
"""
import base64
import hashlib
import http.server
import json
import os
import secrets
import signal
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

DEFAULTS = {'client_id': 'relais-test', 'user': 'nina@example.org',
            'expires_in': 3600, 'size': 0, 'rotate': True,
            'refresh_tokens': []}
SHORT = {'pending': 'authorization_pending', 'slow_down': 'slow_down',
         'denied': 'access_denied', 'expired': 'expired_token'}
MAY_BE_SLOW_S = 120

lock = threading.Lock()
steps_at = {}           # endpoint: (its list, the number of requests)
codes = {}              # authorization code: the request
devices = {}            # device code: the request
access = {}             # access token: when it expires
refresh = set()         # valid refresh tokens
retired = set()         # refresh tokens that were valid


class Refused(Exception):
    """An error of the token endpoint."""


def read_script():
    with open(script_path, encoding='utf-8') as file:
        script = {**DEFAULTS, **json.load(file)}
    refresh.update(set(script['refresh_tokens']) - retired)
    return script


def next_step(script, endpoint):
    steps = script.get(endpoint, [None])
    before, n = steps_at.get(endpoint, (steps, 0))
    if before != steps:
        n = 0
    steps_at[endpoint] = (steps, n + 1)
    step = steps[min(n, len(steps) - 1)]
    if isinstance(step, str):
        step = {'error': SHORT[step]}
    return step or {}


def unpadded(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b'=').decode()


def padded(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def der_signature(raw):
    """The two numbers of an ES256 signature in DER, as openssl expects."""
    numbers = b''
    for half in (raw[:32], raw[32:]):
        half = half.lstrip(b'\0') or b'\0'
        if half[0] & 0x80:
            half = b'\0' + half
        numbers += bytes([2, len(half)]) + half
    return bytes([0x30, len(numbers)]) + numbers


def signature_is_good(certificate, algorithm, signed, signature):
    options = []
    if algorithm == 'PS256':
        options = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt',
                   'rsa_pss_saltlen:32']
    elif algorithm == 'ES256':
        signature = der_signature(signature)
    elif algorithm != 'RS256':
        return False
    with tempfile.TemporaryDirectory() as place:
        public = os.path.join(place, 'public')
        with open(public, 'wb') as file:
            file.write(subprocess.run(
                ['openssl', 'x509', '-in', certificate, '-pubkey', '-noout'],
                check=True, capture_output=True).stdout)
        with open(os.path.join(place, 'signature'), 'wb') as file:
            file.write(signature)
        return subprocess.run(
            ['openssl', 'dgst', '-sha256', '-verify', public, *options,
             '-signature', os.path.join(place, 'signature')], input=signed,
            check=False, capture_output=True).returncode == 0


def check_assertion(script, form, endpoint):
    """RFC 7523 section 3."""
    if form.get('client_assertion_type') != \
            'urn:ietf:params:oauth:client-assertion-type:jwt-bearer':
        raise Refused('invalid_client')
    signed, _, signature = form.get('client_assertion', '').rpartition('.')
    try:
        head, claims = (json.loads(padded(part))
                        for part in signed.split('.'))
        signature = padded(signature)
    except ValueError as why:
        raise Refused('invalid_client') from why
    now = time.time()
    if (not signature_is_good(script['certificate'], head.get('alg'),
                              signed.encode(), signature)
            or claims.get('iss') != script['client_id']
            or claims.get('sub') != script['client_id']
            or claims.get('aud') != endpoint
            or not claims.get('jti') or claims['jti'] in retired
            or not now < claims.get('exp', 0) <= now + 3600
            or script.get('thumbprint') not in (
                None, head.get('x5t#S256'), head.get('kid'))):
        raise Refused('invalid_client')
    retired.add(claims['jti'])


def check_client(script, form, header, endpoint):
    """RFC 6749 section 2.3, RFC 7523."""
    client, secret = form.get('client_id'), form.get('client_secret')
    if (header or '').startswith('Basic '):
        client, _, secret = base64.b64decode(
            header[6:]).decode().partition(':')
        client, secret = map(urllib.parse.unquote_plus, (client, secret))
    if 'certificate' in script:
        check_assertion(script, form, endpoint)
        client = client or script['client_id']
    elif secret != script.get('secret'):
        raise Refused('invalid_client')
    if client != script['client_id']:
        raise Refused('invalid_client')


def new_tokens(script, form, with_refresh):
    token = 'access-' + secrets.token_urlsafe(16)
    token += 'x' * (script['size'] - len(token))
    access[token] = time.time() + script['expires_in']
    answer = {'access_token': token, 'token_type': 'Bearer',
              'expires_in': script['expires_in']}
    if 'scope' in form:
        answer['scope'] = form['scope']
    if with_refresh:
        answer['refresh_token'] = 'refresh-' + secrets.token_urlsafe(16)
        refresh.add(answer['refresh_token'])
    return answer


def grant_code(script, form):
    """RFC 6749 section 4.1.3, RFC 7636 section 4.6."""
    request = codes.pop(form.get('code'), None)
    if request is None:
        raise Refused('invalid_grant')
    digest = hashlib.sha256(form.get('code_verifier', '').encode()).digest()
    if (request['code_challenge'] != unpadded(digest)
            or request['redirect_uri'] != form.get('redirect_uri')):
        raise Refused('invalid_grant')
    return new_tokens(script, {**request, **form}, True)


def grant_device(script, form):
    request = devices.pop(form.get('device_code'), None)
    if request is None:
        raise Refused('invalid_grant')
    return new_tokens(script, {**request, **form}, True)


def grant_refresh(script, form):
    old = form.get('refresh_token')
    if old not in refresh:
        raise Refused('invalid_grant')
    if script['rotate']:
        refresh.remove(old)
        retired.add(old)
    return new_tokens(script, form, script['rotate'])


def grant_client(script, form):
    if 'secret' not in script and 'certificate' not in script:
        raise Refused('unauthorized_client')
    if 'scope' not in form:
        raise Refused('invalid_scope')
    return new_tokens(script, form, False)


GRANTS = {
    'authorization_code': grant_code,
    'urn:ietf:params:oauth:grant-type:device_code': grant_device,
    'refresh_token': grant_refresh,
    'client_credentials': grant_client,
}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    url = ''

    def handle_error(self, request, client_address):
        """Clients that leave early are part of the tests."""

    def finish_request(self, request, client_address):
        request.settimeout(MAY_BE_SLOW_S)
        super().finish_request(context.wrap_socket(
            request, server_side=True), client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, format, *args):
        pass

    def do_GET(self):
        path, _, query = self.path.partition('?')
        self.answer(path, query, ('authorize',))

    def do_POST(self):
        length = int(self.headers.get('Content-Length', 0))
        self.answer(self.path, self.rfile.read(length).decode(),
                    ('device', 'token', 'introspect'))

    def answer(self, path, query, endpoints):
        pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
        form = dict(pairs)
        endpoint = path.strip('/')
        with lock:
            script = read_script()
            step = next_step(script, endpoint)
            status, answer, location = 404, {}, None
            if len(form) != len(pairs):
                status, answer = 400, {'error': 'invalid_request'}
            elif endpoint in endpoints:
                status, answer, location = getattr(self, 'at_' + endpoint)(
                    script, step, form)
            location = step.get('redirect', location)
            if location is not None:
                status = 302
            status = step.get('status', status)
            line = {'method': self.command, 'path': path, 'form': form,
                    'status': status, 'error': answer.get('error'),
                    'authorization': self.headers.get('Authorization')}
            with open(log_path, 'a', encoding='utf-8') as file:
                file.write(json.dumps(line) + '\n')
        self.send(step, status, answer, location)

    def at_device(self, script, step, form):
        """RFC 8628 section 3.1."""
        if form.get('client_id') != script['client_id']:
            return 401, {'error': 'invalid_client'}, None
        if 'error' in step:
            return 400, {'error': step['error']}, None
        code = 'device-' + secrets.token_urlsafe(16)
        devices[code] = form
        url = self.server.url + '/activate'
        return 200, merged({
            'device_code': code, 'user_code': 'WDJB-MJHT',
            'verification_uri': url,
            'verification_uri_complete': url + '?user_code=WDJB-MJHT',
            'expires_in': 600, 'interval': 1}, step), None

    def at_authorize(self, script, step, form):
        """RFC 6749 section 4.1.1, RFC 7636 section 4.3, RFC 8252."""
        back = urllib.parse.urlsplit(form.get('redirect_uri', ''))
        if (form.get('client_id') != script['client_id']
                or form.get('response_type') != 'code'
                or form.get('code_challenge_method') != 'S256'
                or len(form.get('code_challenge', '')) != 43
                or not form.get('state') or not form.get('scope')
                or back.scheme != 'http' or back.hostname not in
                ('127.0.0.1', '::1', 'localhost')):
            return 400, {'error': 'invalid_request'}, None
        if 'error' in step:
            answer = {'error': step['error']}
        else:
            code = 'code-' + secrets.token_urlsafe(16)
            codes[code] = form
            answer = {'code': code}
        answer = merged({**answer, 'state': form['state']}, step)
        return 302, {}, (form['redirect_uri'] + '?'
                         + urllib.parse.urlencode(answer))

    def at_token(self, script, step, form):
        if 'error' in step:
            return 400, {'error': step['error']}, None
        if step.get('status', 200) != 200 or step.get('close'):
            return 200, {}, None
        try:
            check_client(script, form, self.headers.get('Authorization'),
                         self.server.url + '/token')
            grant = GRANTS.get(form.get('grant_type'))
            if grant is None:
                raise Refused('unsupported_grant_type')
            return 200, merged(grant(script, form), step), None
        except Refused as why:
            error = str(why)
            return (401 if error == 'invalid_client' else 400), {
                'error': error, 'error_description': 'refused by the test',
                }, None

    def at_introspect(self, script, step, form):
        """RFC 7662."""
        token = form.get('token')
        if access.get(token, 0) <= time.time():
            return 200, {'active': False}, None
        return 200, merged({
            'active': True, 'username': script['user'], 'sub': script['user'],
            'token_type': 'Bearer', 'scope': 'mail',
            'exp': int(access[token])}, step), None

    def send(self, step, status, answer, location):
        body = json.dumps(answer)
        if step.get('duplicate'):
            body = body[:-1] + ', ' + body[1:]
        if 'slow' in step:
            time.sleep(step['slow'])
        until = time.monotonic() + MAY_BE_SLOW_S
        while 'hold' in step and not os.path.exists(step['hold']) and \
                time.monotonic() < until:
            time.sleep(0.01)
        if step.get('close'):
            self.close_connection = True
            return
        body = step.get('body', body).encode('utf-8', 'surrogateescape')
        length = 1024 ** 3 if step.get('huge') else len(body)
        self.send_response(status)
        self.send_header('Content-Type', step.get('type', 'application/json'))
        self.send_header('Content-Length', str(length))
        self.send_header('Cache-Control', 'no-store')
        if 'retry_after' in step:
            self.send_header('Retry-After', str(step['retry_after']))
        if location is not None:
            self.send_header('Location', location)
        self.end_headers()
        if step.get('huge'):
            self.wfile.write(b'{')
            for _ in range(length // 65536):
                self.wfile.write(b' ' * 65536)
        elif 'drip' in step:
            for n in range(len(body)):
                self.wfile.write(body[n:n + 1])
                time.sleep(step['drip'])
        else:
            self.wfile.write(body)


def merged(answer, step):
    answer = {**answer, **step.get('merge', {})}
    return {name: answer[name] for name in answer if answer[name] is not None}


def end_with(pipe):
    """The other end of the pipe is closed if the test ends in any way."""
    while os.read(pipe, 4096):
        pass
    os._exit(0)


def fork_servers():
    """Returns in each server, with its arguments and a pipe for end_with()."""
    ours, theirs = os.pipe()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.close(theirs)
            return line.split(), ours
    os._exit(0)


arguments, life = sys.argv[1:], 0
if not arguments:
    arguments, life = fork_servers()
certificates, key, script_path, log_path = arguments[:4]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificates, key)
server = Server(('127.0.0.1', int(arguments[4]) if len(arguments) > 4 else 0),
                Handler)
server.url = os.environ.get('URL', 'https://127.0.0.1:%d' % server.server_port)
print('port', server.server_port, 'process', os.getpid(), flush=True)
if stat.S_ISFIFO(os.fstat(life).st_mode):
    threading.Thread(target=end_with, args=(life,), daemon=True).start()
server.serve_forever()
