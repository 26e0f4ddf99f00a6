#!/usr/bin/env bash
# promtool, which reads the format of node_exporter's textfile collector, and the
# strict OpenMetrics parser of Prometheus's Python client accept the metrics.
set -eu
why=$(tests/servers/image.sh --obstacle)
if [ -n "$why" ]; then
	echo "skipped: $why"
	echo "[  SKIPPED ] 1 test(s)."
	exit 0
fi
RELAIS=$(realpath "$(dirname "$0")/../..")/relais
image=$PWD/build/servers/metrics
tests/servers/image.sh metrics >&2
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
export PYTHONPATH=$image/usr/lib/python3/dist-packages
cd "$WORK"

# The smarthost refuses bad@, and defers later@.
cat >smarthost.py <<'END'
import socket, threading

def serve(client):
    f = client.makefile('rwb')
    def say(text):
        f.write(text + b'\r\n')
        f.flush()
    say(b'220 mail.example ESMTP')
    for line in f:
        word = line[:4].upper()
        if word == b'RCPT' and b'bad@' in line:
            say(b'550 5.1.1 user unknown')
        elif word == b'RCPT' and b'later@' in line:
            say(b'450 4.2.1 later')
        elif word == b'DATA':
            say(b'354 go on')
            for line in f:
                if line == b'.\r\n':
                    break
            say(b'250 2.0.0 accepted')
        elif word == b'QUIT':
            say(b'221 2.0.0 bye')
            break
        else:
            say(b'250 2.0.0 ok')
    client.close()

server = socket.create_server(('127.0.0.1', 0))
print(server.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(server.accept()[0],),
                     daemon=True).start()
END
cat >read.py <<'END'
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families

for family in text_string_to_metric_families(sys.stdin.read()):
    for s in family.samples:
        print(s.name, ' '.join(s.labels.values()), s.value)
END

exec 3< <(exec python3 smarthost.py)
smarthost=$!
trap 'kill "$smarthost"; rm -rf "$WORK"' EXIT
read -r port <&3
cat >relais.conf <<END
smarthost = smtp://127.0.0.1:$port
tls = off
queue = $WORK/spool
socket = off
log = off
domain = example.org
END

failed=0
# check NAME COMMAND: the metrics are on the standard input of the command.
check() {
	"$RELAIS" -C relais.conf queue status --metrics >metrics.txt
	if bash -c "$2" <metrics.txt >out 2>&1; then
		echo "[       OK ] $1"
	else
		echo "[  FAILED  ] $1"
		cat out metrics.txt
		failed=$((failed + 1))
	fi
}

promtool="$image/usr/bin/promtool check metrics"
check "promtool accepts the metrics of an empty queue" "$promtool"
check "so does the OpenMetrics parser" "python3 read.py"
echo hi | "$RELAIS" -C relais.conf a@example.net bad@example.net \
    later@example.net 2>/dev/null || :
check "promtool accepts the metrics of a smarthost" "$promtool"
sample() {
	echo "python3 read.py | grep -x '$1 smtp://127.0.0.1:$port 1'"
}
check "the OpenMetrics parser reads the deliveries" \
    "$(sample relais_deliveries_total)"
check "and the deferrals" "$(sample relais_deferrals_total)"
check "and the failures" "$(sample relais_failures_total)"
total=6
if [ "$failed" -ne 0 ]; then
	echo "[  PASSED  ] $((total - failed)) test(s)."
	echo "[  FAILED  ] $failed test(s)."
	exit 1
fi
echo "[  PASSED  ] $total test(s)."
