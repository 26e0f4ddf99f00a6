#!/usr/bin/env bash
# The alarm commands of the README, with a web server and a metrics directory
# of the test in place of the real ones, except wall(1).
set -u
build=$(realpath "$(dirname "$0")/../..")
scratch=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server"; rm -rf "$scratch"' EXIT
. tests/support/script.sh

# Answers each POST with the status in the file "status", and keeps the request.
start_server() {
	cat >"$scratch/server.py" <<-'END'
	import http.server, os, sys
	os.chdir(sys.argv[1])
	class Handler(http.server.BaseHTTPRequestHandler):
	    def do_POST(self):
	        body = self.rfile.read(int(self.headers["Content-Length"]))
	        with open("request", "a") as f:
	            f.write("%s %s\n%s\n" % (self.path,
	                self.headers["Content-Type"], body.decode()))
	        self.send_response(int(open("status").read()))
	        self.end_headers()
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

# The n-th alarm_command of the README.
example() {
	sed -n 's/^    \(alarm_command = .*\)/\1/p' README.md | sed -n "$1p" |
	    sed "s|https://[^/]*|http://127.0.0.1:${port-}|
	    s|/usr/local/sbin|$scratch|"
}

# A queue with a message that has waited for a second, and that command.
begin() {
	rm -rf "$scratch/spool" "$scratch/request"
	echo 200 >"$scratch/status"
	{
		echo "smarthost = smtp://127.0.0.1:9"
		echo "queue = $scratch/spool"
		echo "socket = off"
		echo "log = stderr"
		echo "alarm_after = 1s"
		example "$1"
	} >"$scratch/relais.conf"
	printf 'Subject: x\n\nhi\n' |
	    "$build/relais" -C "$scratch/relais.conf" -odq -i a@example.net
}

run() {
	"$build/relais" -C "$scratch/relais.conf" queue run 2>&1
}

# Until the message is old enough.
run_until() {
	for _ in $(seq 300); do
		out=$(run)
		case $out in *"$1"*) return 0 ;; esac
		sleep 0.1
	done
	echo "$out"
	return 1
}

drop_all() {
	for file in "$scratch"/spool/queue/*; do
		"$build/relais" -C "$scratch/relais.conf" queue drop \
		    "${file##*/}" >/dev/null
	done
}

# $1: the number of the example, $2: its path and content type
posts() {
	begin "$1"
	echo 500 >"$scratch/status"
	run_until "alarm_command failed" || return 1
	echo 200 >"$scratch/status"
	run_until "alarm_command reported" || return 1
	drop_all
	run_until "mail is sent again" || return 1
	run
	cat "$scratch/request"
	[ "$(grep -c "^$2\$" "$scratch/request")" -ge 3 ] &&
	    grep -q "has been waiting since" "$scratch/request" &&
	    [ "$(grep -c "in order again" "$scratch/request")" -eq 1 ]
}

# The script follows the last example.
write_script() {
	sed -n '/^    #!\/bin\/sh/,/^$/s/^    //p' README.md |
	    sed "s|/var/lib/prometheus/node-exporter|$scratch|" \
	    >"$scratch/relais-alarm"
	chmod 755 "$scratch/relais-alarm"
}

metric_is() {
	printf '%s\n' "# HELP relais_alarm 1 if relais cannot send mail." \
	    "# TYPE relais_alarm gauge" "relais_alarm $1" |
	    diff - "$scratch/relais_alarm.prom" &&
	    [ "$(stat -c %a "$scratch/relais_alarm.prom")" = 644 ]
}

writes_a_metric() {
	begin 4
	write_script
	run_until "alarm_command reported" && metric_is 1 || return 1
	drop_all
	run_until "mail is sent again" && metric_is 0
}

if ! command -v python3 >/dev/null || ! command -v curl >/dev/null; then
	skip "a notification and a webhook" "there is no python3 or no curl"
else
	start_server
	spec "a notification by curl, which is repeated after an error" \
	    posts 1 "/your-secret-topic application/x-www-form-urlencoded"
	spec "a webhook, too" posts 2 "/relais text/plain"
fi
spec "a metric for Prometheus" writes_a_metric

spec_end
