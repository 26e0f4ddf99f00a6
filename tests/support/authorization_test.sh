#!/usr/bin/env bash
# The scripted authorization server refuses what a real one must refuse.
set -u
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. tests/support/script.sh

if ! [ -x /usr/bin/python3 ] || ! command -v openssl >/dev/null; then
	skip 'the server' 'python3 or openssl is not installed'
	spec_end
	exit
fi
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout "$scratch/key" -out "$scratch/cert" -days 2 -subj /CN=x \
    -addext subjectAltName=IP:127.0.0.1 2>/dev/null

# asks CASE: a function of the client below.
asks() {
	/usr/bin/python3 -B - "$scratch" "$1" <<-'END'
	import base64, hashlib, json, ssl, subprocess, sys, time
	import urllib.error, urllib.parse, urllib.request

	scratch, case = sys.argv[1:]
	with open(f'{scratch}/script', 'w') as file:
	    json.dump({'certificate': f'{scratch}/cert'}
	              if case.startswith('jwt') else {}, file)
	server = subprocess.Popen(
	    ['/usr/bin/python3', '-B', 'tests/support/authorization.py',
	     f'{scratch}/cert', f'{scratch}/key', f'{scratch}/script',
	     f'{scratch}/requests'], stdin=subprocess.PIPE,
	    stdout=subprocess.PIPE)
	port = int(server.stdout.readline().split()[1])
	url = f'https://127.0.0.1:{port}'

	class Same(urllib.request.HTTPRedirectHandler):
	    def redirect_request(self, *arguments):
	        return None

	client = urllib.request.build_opener(Same, urllib.request.HTTPSHandler(
	    context=ssl.create_default_context(cafile=f'{scratch}/cert')))

	def ask(path, **form):
	    form = urllib.parse.urlencode({'client_id': 'relais-test', **form})
	    try:
	        if path == '/authorize':
	            client.open(f'{url}{path}?{form}', timeout=20)
	        with client.open(url + path, form.encode(), timeout=20) as reply:
	            return json.load(reply)
	    except urllib.error.HTTPError as reply:
	        if reply.status == 302:
	            return reply.headers['Location']
	        return json.load(reply)['error']

	def unpadded(octets):
	    return base64.urlsafe_b64encode(octets).rstrip(b'=').decode()

	def code(verifier, **more):
	    challenge = unpadded(hashlib.sha256(b'v' * 43).digest())
	    back = ask('/authorize', response_type='code', state='s',
	               scope='mail', code_challenge=challenge,
	               **{'redirect_uri': 'http://127.0.0.1:1/',
	                  'code_challenge_method': 'S256', **more})
	    if '?' not in back:
	        return back
	    query = urllib.parse.parse_qs(back.partition('?')[2])
	    return ask('/token', grant_type='authorization_code',
	               code=query['code'][0], code_verifier=verifier,
	               redirect_uri='http://127.0.0.1:1/')

	def jwt(seconds, audience):
	    now = int(time.time())
	    head = {'alg': 'ES256', 'typ': 'JWT'}
	    claims = {'iss': 'relais-test', 'sub': 'relais-test', 'jti': 'j',
	              'aud': audience, 'exp': now + seconds}
	    signed = '.'.join(unpadded(json.dumps(part).encode())
	                      for part in (head, claims))
	    der = subprocess.run(
	        ['openssl', 'dgst', '-sha256', '-sign', f'{scratch}/key'],
	        input=signed.encode(), capture_output=True, check=True).stdout
	    r = der[4:4 + der[3]]
	    s = der[6 + der[3]:]
	    raw = b''.join(n[-32:].rjust(32, b'\0') for n in (r, s))
	    return {'client_assertion': f'{signed}.{unpadded(raw)}',
	            'client_assertion_type':
	            'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
	            'grant_type': 'client_credentials', 'scope': 'mail'}

	def refresh(token):
	    return ask('/token', grant_type='refresh_token', refresh_token=token)

	def rotation():
	    first = code('v' * 43)['refresh_token']
	    second = refresh(first)['refresh_token']
	    return refresh(first), 'access_token' in refresh(second)

	def replay():
	    form = jwt(60, url + '/token')
	    return 'access_token' in ask('/token', **form), ask('/token', **form)

	cases = {
	    'code': lambda: 'access_token' in code('v' * 43),
	    'verifier': lambda: code('w' * 43) == 'invalid_grant',
	    'plain': lambda: code('v' * 43, code_challenge_method='plain')
	    == 'invalid_request',
	    'redirect': lambda: code('v' * 43, redirect_uri='https://x.test/')
	    == 'invalid_request',
	    'rotation': lambda: rotation() == ('invalid_grant', True),
	    'client': lambda: ask('/token', grant_type='refresh_token',
	                          client_id='other') == 'invalid_client',
	    'jwt': lambda: replay() == (True, 'invalid_client'),
	    'jwt-audience': lambda: ask('/token', **jwt(60, 'https://x.test/'))
	    == 'invalid_client',
	    'jwt-expired': lambda: ask('/token', **jwt(-1, url + '/token'))
	    == 'invalid_client',
	}
	good = cases[case]()
	server.stdin.close()
	sys.exit(0 if good and server.wait(20) == 0 else 1)
	END
}

spec 'a code is exchanged for tokens' asks code
spec 'a wrong PKCE verifier is refused' asks verifier
spec 'a PKCE challenge without S256 is refused' asks plain
spec 'a redirect URI that is not one of loopback is refused' asks redirect
spec 'a refresh token that was replaced is refused' asks rotation
spec 'another client is refused' asks client
spec 'a JWT is accepted once' asks jwt
spec 'a JWT for another server is refused' asks jwt-audience
spec 'an expired JWT is refused' asks jwt-expired
spec_end
