# tunnels.sh - start proxies and an SSH server (sourced in a lab)
#
# On 127.0.0.1: microsocks on port 1080, and with the user "proxy" on port 1081;
# Dante on port 1082, and with that user on port 1083.  Dante does not allow
# connections to port 9.  The SSH server on port 2222 accepts the key of root,
# but not other_key.

PROXY_PASSWORD='proxy secret'

# Dante compares the password with that of a user of the system.
tunnels_add_user() {
	echo "proxy-user:x:4242:65534::/nonexistent:/usr/sbin/nologin" \
	    >>/etc/passwd
	echo "proxy-user:$(openssl passwd -6 "$PROXY_PASSWORD"):20000::::::" \
	    >>/etc/shadow
}

# dante_start PORT METHOD
dante_start() {
	local conf=$LAB/tunnels/dante.$1
	cat >"$conf" <<-END
	logoutput: $LAB/tunnels/dante.log
	internal: 127.0.0.1 port = $1
	external: 127.0.0.1
	clientmethod: none
	socksmethod: $2
	user.privileged: root
	user.unprivileged: nobody
	client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
	socks block { from: 0.0.0.0/0 to: 0.0.0.0/0 port = 9 }
	socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
	END
	danted -f "$conf" >>"$LAB/tunnels/dante.log" 2>&1 &
	wait_for_port "$1" $! "$LAB/tunnels/dante.log"
}

sshd_start() {
	local d=$LAB/tunnels
	mkdir -p /run/sshd
	for key in host_key root_key other_key; do
		ssh-keygen -q -t ed25519 -N '' -f "$d/$key"
	done
	cp "$d/root_key.pub" "$d/authorized_keys"
	echo "[127.0.0.1]:2222 $(cut -d' ' -f1,2 "$d/host_key.pub")" \
	    >"$d/known_hosts"
	cat >"$d/sshd_config" <<-END
	Port 2222
	ListenAddress 127.0.0.1
	HostKey $d/host_key
	AuthorizedKeysFile $d/authorized_keys
	StrictModes no
	UsePAM no
	PidFile none
	PasswordAuthentication no
	END
	/usr/sbin/sshd -D -e -f "$d/sshd_config" >"$d/sshd.log" 2>&1 &
	wait_for_port 2222 $! "$d/sshd.log"
}

tunnels_start() {
	mkdir "$LAB/tunnels"
	chmod 755 "$LAB/tunnels"
	tunnels_add_user
	microsocks -i 127.0.0.1 -p 1080 >"$LAB/tunnels/microsocks.log" 2>&1 &
	wait_for_port 1080 $! "$LAB/tunnels/microsocks.log"
	microsocks -i 127.0.0.1 -p 1081 -u proxy-user -P "$PROXY_PASSWORD" \
	    >"$LAB/tunnels/microsocks.log" 2>&1 &
	wait_for_port 1081 $! "$LAB/tunnels/microsocks.log"
	dante_start 1082 none
	dante_start 1083 username
	sshd_start
	printf '%s\n' "$PROXY_PASSWORD" >"$LAB/tunnels/password"
	echo wrong >"$LAB/tunnels/wrong"
	chmod 600 "$LAB/tunnels/password" "$LAB/tunnels/wrong"
}

# The command for a key and a file of known hosts.
ssh_with() {
	echo "connect_command = ssh -F none -p 2222 -i $LAB/tunnels/$1 -o" \
	    "IdentitiesOnly=yes -o BatchMode=yes -o" \
	    "UserKnownHostsFile=$LAB/tunnels/$2 -W [%h]:%p root@127.0.0.1"
}
