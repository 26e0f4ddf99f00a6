#!/usr/bin/env bash
# Exim behind microsocks, Dante and OpenSSH.
set -eu
. tests/servers/lab.sh
lab_enter tunnels "$0"
. tests/servers/cases.sh
. tests/servers/exim.sh
. tests/servers/tunnels.sh
# Exim does not listen on ::1, which microsocks would try for localhost.
sed -i '/^::1/d' /etc/hosts
exim_start
tunnels_start
mail=$LAB/mail
password="proxy_password_file = $LAB/tunnels/password"
wrong="proxy_password_file = $LAB/tunnels/wrong"
jump=$(ssh_with root_key known_hosts)

# through NAME LINE...: what must work in each way
through() {
	local name=$1
	shift
	spec "$name: STARTTLS and a password" \
	    with 'smarthost = submission://lab.test' "$@" \
	    -- message_arrives exim "$mail" 2048 1
	spec "$name: 5 MB with implicit TLS" \
	    with 'smarthost = submissions://lab.test' "$@" \
	    -- message_arrives exim "$mail" 5242880 1
	spec "$name: 5 MB in clear text to an address" \
	    with_only 'smarthost = smtp://127.0.0.1' 'tls = off' "$@" \
	    -- message_arrives exim "$mail" 5242880 1
	spec "$name: localhost requires TLS" \
	    with_only 'smarthost = smtp://localhost' "$@" \
	    -- message_arrives exim "$mail" 2048 1
	LAB_SECRET=wrong spec "$name: the smarthost refuses a wrong password" \
	    with 'smarthost = submission://lab.test' "$@" -- refused 77 535
	spec "$name: relais check finds no fault" \
	    with 'smarthost = submission://lab.test' 'root = r1@lab.test' "$@" \
	    -- checks_are_good
}

through microsocks 'proxy = socks5://127.0.0.1'
through 'microsocks with a password' "$password" \
    'proxy = socks5://proxy-user@127.0.0.1:1081'
through Dante 'proxy = socks5://127.0.0.1:1082'
through 'Dante with a password' "$password" \
    'proxy = socks5://proxy-user@127.0.0.1:1083'
through OpenSSH "$jump"

at='smarthost = submission://lab.test'
for server in microsocks:1081 Dante:1083; do
	name=${server%:*} port=${server#*:}
	spec "$name: a wrong password is refused" \
	    with "$at" "$wrong" "proxy = socks5://proxy-user@127.0.0.1:$port" \
	    -- refused 78 'the proxy refused the user or the password' \
	    'proxy_password_file'
	spec "$name: a password is required" \
	    with "$at" "proxy = socks5://127.0.0.1:$port" \
	    -- refused 78 'the proxy requires authentication'
done
for server in microsocks:1080 Dante:1082; do
	name=${server%:*} port=${server#*:}
	spec "$name: nothing listens on the port of the smarthost" \
	    with 'smarthost = submission://lab.test:10' \
	    "proxy = socks5://127.0.0.1:$port" \
	    -- refused 75 'connection refused (reply 5)'
	spec "$name: the name of the smarthost does not exist" \
	    with 'smarthost = submission://none.test' \
	    "proxy = socks5://127.0.0.1:$port" \
	    -- refused 75 'the proxy did not connect: '
done
spec 'Dante: the rules do not allow the connection' \
    with 'smarthost = submission://lab.test:9' \
    'proxy = socks5://127.0.0.1:1082' \
    -- refused 75 'its rules do not allow this connection (reply 2)'
spec 'Exim is not a proxy' with "$at" 'proxy = socks5://127.0.0.1:25' \
    -- refused 76 'does not speak SOCKS5: it sent \042220 lab.test'
spec 'OpenSSH is not a proxy' with "$at" 'proxy = socks5://127.0.0.1:2222' \
    -- refused 76 'does not speak SOCKS5: it sent \042SSH-2.0-OpenSSH'

spec 'OpenSSH: another key is refused' \
    with "$at" "$(ssh_with other_key known_hosts)" \
    -- refused 75 'ssh exited with status 255: ' 'root@127.0.0.1: Permission denied'
spec 'OpenSSH: the host key is not known' \
    with "$at" "$(ssh_with root_key none)" \
    -- refused 75 'ssh exited with status 255: ' 'Host key verification failed'
spec 'OpenSSH: nothing listens on the port of the smarthost' \
    with 'smarthost = submission://lab.test:10' "$jump" \
    -- refused 75 'Connection refused; stdio forwarding failed'
spec 'OpenSSH: the SSH server does not answer' \
    with "$at" 'connect_command = ssh -p 10 -o BatchMode=yes -W %h:%p 127.0.0.1' \
    -- refused 75 'port 10: Connection refused'

spec_end
