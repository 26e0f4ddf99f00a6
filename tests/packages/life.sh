#!/usr/bin/env bash
# The packages for Debian on one machine: installed, used, upgraded, removed and
# purged.
set -eu
. tests/packages/packages.sh
packages_enter dma "$0"
. tests/callers/calls.sh

coproc SMARTHOST { exec "$BUILD/tests/support/demo" "$LAB/mail"; }
# shellcheck disable=SC2034 # the smarthost ends when "leash" is closed
exec {heard}<&"${SMARTHOST[0]}" {leash}>&"${SMARTHOST[1]}"
read -r -t 10 -u "$heard" word port
[ "$word" = port ]
useradd -d "$LAB/ana" -m -k /var/empty ana

# Every file, and the contents of those in /etc, except the files of the package
# manager, the backups of userdel(8), and a directory of AppArmor that
# dh_apparmor removes if it is empty.  The owners are numbers, because find(1)
# would read /etc/passwd for each file.
machine_lists() {
	find /etc /usr /var /run -path /var/lib/dpkg -prune -o \
	    -path /var/cache -prune -o -path /var/log/apt -prune -o \
	    -path /var/lib/apt -prune -o -path /etc/apparmor.d/disable -prune \
	    -o -printf '%p %M %U %G %l\n' | LC_ALL=C sort
	find /etc -type f ! -name '*-' -exec sha256sum {} + | LC_ALL=C sort
}

# The packages cannot be installed beside another one that contains sendmail.
machine_is_empty() {
	apt purge dma
	machine_lists >"$LAB/before"
	[ ! -e /usr/sbin/sendmail ]
}

is_installed_with_token() {
	apt install "$PACKAGES"/relais_*.deb "$PACKAGES"/relais-token_*.deb
	says 'no smarthost is configured: run "relais setup"'
	is_installed relais
	is_installed relais-token
	[ -x /usr/lib/relais/relais-token ]
}

is_in_place() {
	local files
	[ "$(readlink -f /usr/lib/sendmail)" = /usr/sbin/sendmail ]
	[ "$(stat -c '%U %G %a' /var/spool/relais)" = 'relais relais 700' ]
	[ "$(stat -c '%U %G %a' /run/relais)" = 'relais relais 755' ]
	[ "$(getent passwd relais | cut -d: -f6,7)" = \
	    /var/spool/relais:/usr/sbin/nologin ]
	[ -L /etc/systemd/system/sockets.target.wants/relais.socket ]
	[ -L /etc/systemd/system/multi-user.target.wants/relais.service ]
	[ ! -e /etc/systemd/system/timers.target.wants/relais-queue.timer ]
	files=$(dpkg -L relais relais-token)
	# shellcheck disable=SC2086 # a list of names without blanks
	prints_nothing find $files -maxdepth 0 -perm /7000 ! -type l ! -type d
	[ -s /usr/share/bash-completion/completions/relais ]
	[ -s /usr/share/fish/vendor_completions.d/relais.fish ]
	[ -s /usr/share/zsh/vendor-completions/_relais ]
	[ -s /etc/apparmor.d/relais ]
	[ -e /etc/apparmor.d/local/relais ]
}

# Starts the service, as the service manager would.
service_starts() {
	/usr/sbin/relais serve >"$LAB/serve" 2>&1 &
	echo $! >"$LAB/serve.pid"
	until [ -S /run/relais/submission ]; do
		kill -0 $! || { cat "$LAB/serve"; return 1; }
		pause
	done
}

service_stops() {
	local pid
	pid=$(cat "$LAB/serve.pid")
	kill "$pid"
	while kill -0 "$pid" 2>/dev/null; do
		pause
	done
}

sends() {
	printf '%s\n' 'To: jo@lab.test' '' text | "$@" /usr/sbin/sendmail -t
}

setup_is_demanded() {
	local said status=0
	said=$(sends "$@" 2>&1) || status=$?
	echo "$said"
	[ "$status" -eq 78 ]
	grep -q 'no smarthost is configured: run "relais setup"' <<<"$said"
}

# The service can read the configuration, and ana cannot.
setup_writes() {
	relais setup admin@lab.test --smarthost "smtp://127.0.0.1:$port" \
	    --no-login --root admin@lab.test </dev/null
	grep -q "^smarthost *= smtp://127.0.0.1:$port" /etc/relais.conf
	chgrp relais /etc/relais.conf
	chmod 640 /etc/relais.conf
}

sends_a_message() {
	silent sends "$@"
	arrives <(echo text) admin@lab.test jo@lab.test
}

# Sends a message while the smarthost is down.
message_is_queued() {
	cp -p /etc/relais.conf "$LAB/relais.conf"
	sed -i 's,^smarthost.*,smarthost = smtp://127.0.0.1:1,' /etc/relais.conf
	printf '%s\n' 'To: jo@lab.test' '' queued | sendmail -t
	cp -p "$LAB/relais.conf" /etc/relais.conf
	message_is_kept
}

message_is_kept() {
	find /var/spool/relais/queue -type f -user relais | grep .
}

is_upgraded() {
	local user conf
	echo '# changed by the administrator' >>/etc/relais.conf
	conf=$(stat -c '%i %y %a %U %G' /etc/relais.conf)
	user=$(getent passwd relais)
	apt install --reinstall "$PACKAGES"/relais_*.deb
	[ "$(stat -c '%i %y %a %U %G' /etc/relais.conf)" = "$conf" ]
	[ "$(getent passwd relais)" = "$user" ]
	! grep 'run "relais setup"' "$LAB/apt"
}

is_removed() {
	apt remove relais relais-token
	says 'waiting messages in /var/spool/relais: 1'
	[ ! -e /usr/sbin/sendmail ]
	[ -s /etc/relais.conf ]
	message_is_kept
}

mail_survives_a_purge() {
	cp -p /etc/relais.conf "$LAB/relais.conf"
	apt purge relais relais-token
	says 'messages remain in /var/spool/relais' \
	    '1 waiting, 0 given up' 'userdel relais'
	[ ! -e /etc/relais.conf ]
	message_is_kept
}

is_sent_after_installation() {
	apt install "$PACKAGES"/relais_*.deb "$PACKAGES"/relais-token_*.deb
	cp -p "$LAB/relais.conf" /etc/relais.conf
	silent relais queue flush
	arrives <(echo queued) admin@lab.test jo@lab.test
}

nothing_is_left() {
	(umask 077 && echo secret >/etc/relais.password)
	apt purge relais relais-token
	fails grep 'remain in' "$LAB/apt"
	machine_lists | diff "$LAB/before" -
}

spec "no mail program is installed before" machine_is_empty
spec "apt installs relais and relais-token" is_installed_with_token
spec "user, queue, units, completion and AppArmor profile are in place" \
    is_in_place
spec "the service starts without a configuration" service_starts
spec "root is told to run relais setup" setup_is_demanded env
spec "an ordinary user is told to run relais setup" setup_is_demanded as_ana
spec "relais setup writes the configuration" setup_writes
spec "root sends a message" sends_a_message env
spec "an ordinary user sends a message" sends_a_message as_ana
spec "an upgrade keeps the configuration and the user" is_upgraded
spec "an ordinary user sends a message after the upgrade" \
    sends_a_message as_ana
spec "the service stops" service_stops
spec "a message waits for the smarthost" message_is_queued
spec "an upgrade keeps the message" is_upgraded
spec "after removal, the configuration and the message remain" is_removed
spec "a purge keeps a waiting message, and reports this" mail_survives_a_purge
spec "the message is sent after relais has been installed again" \
    is_sent_after_installation
spec "a purge leaves no file and no user" nothing_is_left
spec_end
