# lab.sh - run a test in a private copy of the machine (sourced)
#
#	. tests/servers/lab.sh
#	lab_enter postfix "$0"
#
# runs the script again in mount, process, network and host name namespaces.
# The image's /etc, /usr and /var are mounted over those of the machine, /run is
# empty, the host name is client.test, lab.test is 127.0.0.1, and the only
# interface is a private loopback.  Servers can use their usual ports, several
# labs can run at the same time, and all changed files, processes and sockets
# are gone after the script, even if it is killed.
#
# In the lab, $LAB is a directory with a short path (for sockets) that all users
# can enter.  It has ca.pem, cert.pem and key.pem for lab.test and localhost.
# $BUILD is the build under test.

# A name and a password that must be quoted in files, in SASL and on the wire.
LAB_USER=user
LAB_PASSWORD='secret word#1'

lab_enter() {
	local image=$1 script=$2 why
	if [ -n "${LAB-}" ]; then
		lab_furnish "$image"
		return
	fi
	BUILD=$(realpath "$(dirname "$script")/../..")
	export BUILD
	why=$(tests/servers/image.sh --obstacle)
	if [ -n "$why" ]; then
		echo "skipped: $why"
		echo "[  SKIPPED ] 1 test(s)."
		exit 0
	fi
	tests/servers/image.sh "$image" >&2
	LAB=$(mktemp -d)
	export LAB
	# If this process ends, unshare is killed, and the lab ends with it.
	setpriv --pdeathsig KILL unshare --mount --net --uts --ipc --pid \
	    --fork --kill-child bash "$script" &
	LAB_PID=$!
	trap lab_leave EXIT
	trap 'exit 143' INT TERM HUP
	wait "$LAB_PID"
	exit
}

lab_leave() {
	kill -KILL "$LAB_PID" 2>/dev/null || :
	wait "$LAB_PID" 2>/dev/null || :
	rmdir "$LAB"
}

lab_furnish() {
	local image=$PWD/build/servers/$1 d
	mount -t tmpfs -o mode=755 relais "$LAB"
	for d in etc usr var; do
		mkdir -p "$LAB/.over/$d" "$LAB/.work/$d"
		mount -t overlay relais -o "lowerdir=$image/$d:/$d,upperdir=$LAB/.over/$d,workdir=$LAB/.work/$d" "/$d"
	done
	mount -t proc proc /proc 2>/dev/null || :
	mount -t tmpfs -o mode=755 relais /run
	ip link set lo up
	echo client.test >/proc/sys/kernel/hostname
	echo client.test >/etc/mailname
	printf '127.0.0.1 localhost lab.test client.test\n::1 localhost\n' \
	    >/etc/hosts
	rm -f /etc/resolv.conf /etc/relais.conf /etc/aliases
	lab_certificates
	mkdir -m 755 "$LAB/mail"
}

# A root certificate, a server certificate for lab.test and localhost, and a
# client certificate for $LAB_USER.
lab_certificates() {
	(
	cd "$LAB"
	new='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
	# shellcheck disable=SC2086
	openssl req -x509 $new -keyout ca-key.pem -out ca.pem -days 30 \
	    -subj '/CN=relais test root' \
	    -addext keyUsage=critical,keyCertSign
	# shellcheck disable=SC2086
	openssl req $new -keyout key.pem -out request.pem -subj /CN=lab.test
	printf 'subjectAltName=DNS:lab.test,DNS:smtp.lab.test,DNS:localhost,IP:127.0.0.1\n' \
	    >extensions
	openssl x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem \
	    -CAcreateserial -days 30 -extfile extensions -out cert.pem
	# shellcheck disable=SC2086
	openssl req $new -keyout client-key.pem -out request.pem \
	    -subj "/CN=$LAB_USER"
	openssl x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem \
	    -days 2 -out client.pem
	) >"$LAB/openssl.log" 2>&1 || { cat "$LAB/openssl.log"; exit 1; }
	chmod 600 "$LAB/key.pem" "$LAB/client-key.pem"
}
