#!/usr/bin/env bash
# The program of the README that sends mail with Amazon SES, with a web server
# of the test; and readers of Maildirs.
set -u
build=$(realpath "$(dirname "$0")/../..")
scratch=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server"; rm -rf "$scratch"' EXIT
. tests/support/script.sh

# Answers each POST with the files "status" and "reply", and keeps the request.
start_server() {
	cat >"$scratch/server.py" <<-'END'
	import base64, http.server, json, os, sys, urllib.parse
	os.chdir(sys.argv[1])
	class Handler(http.server.BaseHTTPRequestHandler):
	    def do_POST(self):
	        body = self.rfile.read(int(self.headers["Content-Length"]))
	        form = urllib.parse.parse_qs(body.decode())
	        with open("message", "wb") as f:
	            f.write(base64.b64decode(form.pop("RawMessage.Data")[0]))
	        with open("request", "w") as f:
	            for name in sorted(form):
	                f.write("%s=%s\n" % (name, ",".join(form[name])))
	            f.write(self.headers["Authorization"].split("/")[0] + "\n")
	        self.send_response(int(open("status").read()))
	        self.end_headers()
	        self.wfile.write(open("reply", "rb").read())
	    def log_message(self, *arguments):
	        pass
	server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
	print(server.server_port, flush=True)
	server.serve_forever()
	END
	mkfifo "$scratch/port"
	python3 "$scratch/server.py" "$scratch" >"$scratch/port" &
	server=$!
	read -r port <"$scratch/port"
}

begin() {
	# shellcheck disable=SC2016 # backquotes of Markdown
	sed -n '/^```sh$/,/^```$/{/^```/d;p;}' README.md | sed "
	    s|https://email.*amazonaws.com/|http://127.0.0.1:$port/|
	    s|/etc/relais-ses.curl|$scratch/key|" >"$scratch/send"
	chmod 700 "$scratch/send"
	echo 'user = "KEY:SECRET"' >"$scratch/key"
	{
		echo "smarthost = command://$scratch/send eu-west-1"
		echo "queue = off"
		echo "socket = off"
		echo "log = off"
		echo "aliases = off"
	} >"$scratch/relais.conf"
	chmod 600 "$scratch/relais.conf"
}

# send STATUS REPLY: with the web server's reply
send() {
	echo "$1" >"$scratch/status"
	echo "$2" >"$scratch/reply"
	rm -f "$scratch/message" "$scratch/request"
	printf 'Subject: x\nTo: b@example.net\nBcc: c+d@example.net\n\n.\xc3\xa9\n' |
	    "$build/relais" -C "$scratch/relais.conf" -v -i -f a@example.org \
	    -t 2>&1
}

sends_the_message_to_the_envelope() {
	send 200 '<R><MessageId>0102</MessageId></R>' >"$scratch/out" || return
	cat "$scratch/out" "$scratch/request" "$scratch/message"
	grep -q 'exited with status 0: 200 0102$' "$scratch/out" &&
	grep -qx 'Action=SendRawEmail' "$scratch/request" &&
	grep -qx 'Destinations.member.1=b@example.net' "$scratch/request" &&
	grep -qx 'Destinations.member.2=c+d@example.net' "$scratch/request" &&
	grep -qx 'Source=a@example.org' "$scratch/request" &&
	grep -qx 'AWS4-HMAC-SHA256 Credential=KEY' "$scratch/request" &&
	[ "$(tail -n 1 "$scratch/message")" = $'.\xc3\xa9' ] &&
	grep -qx 'Subject: x' "$scratch/message" &&
	! grep -qi '^Bcc' "$scratch/message"
}

# fails STATUS REPLY EXIT TEXT
fails() {
	local exit=0
	send "$1" "$2" >"$scratch/out" || exit=$?
	cat "$scratch/out"
	[ "$exit" = "$3" ] && grep -q "not sent to .*$4" "$scratch/out"
}

cannot_connect() {
	sed -i "s|http://127.0.0.1:$port|http://127.0.0.1:9|" "$scratch/send"
	local result=0
	fails 200 '' 75 'exited with status 75: curl: (7) Failed to connect' ||
	    result=$?
	begin
	return $result
}

python_reads_the_maildir() {
	sed "s|^smarthost.*|smarthost = maildir://$scratch/Maildir|" \
	    "$scratch/relais.conf" >"$scratch/maildir.conf"
	chmod 600 "$scratch/maildir.conf"
	for _ in 1 2; do
		printf 'Subject: x\nTo: b@example.net\n\n.\n\xc3\xa9\n' |
		    "$build/relais" -C "$scratch/maildir.conf" -i \
		    -f a@example.org -t c@example.net || return
	done
	python3 - "$scratch/Maildir" <<-'END'
	import mailbox, sys
	box = mailbox.Maildir(sys.argv[1], create=False)
	assert len(box) == 2
	for key, message in box.items():
	    assert message.get_subdir() == "new"
	    assert message["Return-Path"] == "<a@example.org>"
	    assert sorted(message.get_all("X-Envelope-To")) == [
	        "<b@example.net>", "<c@example.net>"], message
	    text = message.get_payload(decode=True).decode()
	    assert text == ".\n\u00e9\n", repr(text)
	    assert b"\r" not in box.get_bytes(key)
	END
}

if ! command -v python3 >/dev/null || ! command -v curl >/dev/null; then
	skip "the program of the README" "there is no python3 or no curl"
else
	start_server
	begin
	spec "the README's program for SES sends the message to the envelope" \
	    sends_the_message_to_the_envelope
	spec "a refusal of SES is a failure with its words" fails 400 \
	    '<E><Code>MessageRejected</Code><Message>Not verified</Message></E>' 69 \
	    'status 69: 400 MessageRejected Not verified'
	spec "throttling by SES is a temporary failure" fails 400 \
	    '<E><Code>Throttling</Code><Message>Rate</Message></E>' 75 \
	    'status 75: 400 Throttling Rate'
	spec "a failure of SES is temporary" fails 503 '' 75 'status 75: 503'
	spec "a wrong key is reported as such" fails 403 \
	    '<E><Code>InvalidClientTokenId</Code></E>' 77 \
	    'status 77: 403 InvalidClientTokenId'
	spec "if SES cannot be reached, curl says why" cannot_connect
	spec "Python's mailbox module reads the Maildir" python_reads_the_maildir
fi

spec_end
