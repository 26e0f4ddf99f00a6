# packages.sh - install the packages for Debian in labs (sourced)
#
#	. tests/packages/packages.sh
#	packages_enter IMAGE "$0"
#
# runs the script again in a lab (tests/servers/lab.sh) with the packages of
# IMAGE.  There, $PACKAGES is the directory of the packages.  apt has no network,
# so the libraries that they need must be installed on the machine.

. tests/servers/lab.sh

packages_enter() {
	local why=
	PACKAGES=$(realpath "$(dirname "$2")")/deb
	[ -e "$PACKAGES/built" ] ||
	    why="the packages are not built: make setup check-deb"
	command -v systemd-sysusers >/dev/null ||
	    why="systemd-sysusers is missing: make setup check-deb"
	if [ -n "$why" ]; then
		echo "skipped: $why"
		echo "[  SKIPPED ] 1 test(s)."
		exit 0
	fi
	lab_enter "$1" "$2"
	. tests/support/spec.sh
	# Files that relais, or a running apt, has left on the machine.
	rm -rf /var/spool/relais /var/lib/relais /var/log/relais
	rm -f /var/lib/dpkg/updates/*
	# The lists of packages, and the index of manuals: processing them would
	# take longer than everything else.
	rm -rf /var/lib/apt/lists /var/lib/man-db/auto-update
}

# apt ARGUMENT...: apt-get, with its output in $LAB/apt.
apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -y "$@" \
	    </dev/null >"$LAB/apt" 2>&1 || { cat "$LAB/apt"; return 1; }
}

# says TEXT...: requires each text in the output of apt.
says() {
	local text
	for text; do
		grep -qF -e "$text" "$LAB/apt" ||
		    { echo "apt does not say: $text"; cat "$LAB/apt"; return 1; }
	done
}

# is_installed PACKAGE
is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>&1)" = installed ]
}

# prints_nothing COMMAND...: whatever its exit status is.
prints_nothing() {
	local said
	said=$("$@" 2>&1) || :
	[ -z "$said" ] || { echo "$said"; return 1; }
}
