#!/usr/bin/env bash
# image.sh [--try] NAME... - unpack packages for tests without installing them
#
# An image in build/servers/NAME has the changes that the installation of the
# packages makes in /etc, /usr and /var.  The installation runs in its own
# namespaces on overlays of these directories, so it does not change the
# machine: conflicting packages can be unpacked, and services are not started.
# lab.sh mounts an image over the directories of the machine for one test.
# --all stands for the images of `make check`.  With --try, it is not an error if
# the machine cannot have images: the tests say so, and are skipped.
set -eu
cd "$(dirname "$0")/../.."

images=(postfix exim opensmtpd sendmail callers ssmtp dma nullmailer bounces
    metrics tunnels names)
packages_of() {
	case $1 in
	postfix)
		echo postfix sasl2-bin libsasl2-modules \
		    dovecot-core dovecot-submissiond dovecot-lmtpd
		;;
	exim) echo exim4-daemon-heavy ;;
	opensmtpd) echo opensmtpd ;;
	sendmail) echo sendmail-bin sasl2-bin libsasl2-modules ;;
	callers)
		echo anacron at bsd-mailx cron git-email \
		    libemail-sender-perl libmailtools-perl logwatch \
		    mailutils msmtp-mta mutt nmh node-nodemailer nodejs \
		    php-cli php-symfony-mailer ruby-mail s-nail sudo swaks \
		    vacation
		;;
	ssmtp | dma | nullmailer | msmtp | esmtp) echo "$1" ;;
	bounces) echo libsisimai-perl python3-flufl.bounce ;;
	metrics) echo prometheus python3-prometheus-client ;;
	names) echo libnss-resolve libnss-mdns libnss-sss ;;
	tunnels) echo exim4-daemon-heavy microsocks dante-server openssh-server openssh-client ;;
	32_bit)
		echo gcc-multilib libbsd-dev:i386 libcmocka-dev:i386 \
		    libcurl4-openssl-dev:i386 libjansson-dev:i386 \
		    libssl-dev:i386
		;;
	supervisors) echo openrc runit ;;
	outside)
		echo postfix mailutils mutt monitoring-plugins-standard \
		    libsisimai-perl python3-flufl.bounce
		;;
	*) return 1 ;;
	esac
}

# Prints the reason if this machine cannot have an image.
obstacle() {
	if [ "$(id -u)" -ne 0 ]; then
		echo "the tests of real servers and callers require root"
	elif ! command -v apt-get >/dev/null; then
		echo "the tests of real servers and callers require apt-get"
	elif ! command -v ip >/dev/null; then
		echo "ip(8) is missing: make setup"
	elif ! unshare --mount --net --pid --uts --fork true 2>/dev/null; then
		echo "this machine does not allow mount and network namespaces"
	fi
}

# Runs in the namespaces; standard output is the image as a tar archive.
# SCRATCH is an empty directory.
# shellcheck disable=SC2016 # for the inner shell to expand
install='
	mount -t tmpfs relais "$SCRATCH"
	for d in etc usr var; do
		mkdir -p "$SCRATCH/new/$d" "$SCRATCH/work/$d"
	done
	cat /etc/resolv.conf >"$SCRATCH/new/etc/resolv.conf"
	for d in etc usr var; do
		mount -t overlay relais -o "lowerdir=/$d,upperdir=$SCRATCH/new/$d,workdir=$SCRATCH/work/$d" "/$d"
	done
	mount -t proc proc /proc 2>/dev/null || :
	mount -t tmpfs relais /run
	printf "#!/bin/sh\nexit 101\n" >/usr/sbin/policy-rc.d
	chmod 755 /usr/sbin/policy-rc.d
	echo client.test >/etc/mailname
	export DEBIAN_FRONTEND=noninteractive
	options="-y --no-install-recommends --allow-downgrades"
	preferred=/etc/apt/preferences.d/release
	case $PACKAGES in *:i386*)
		# Of a library, both architectures must have the same version,
		# which the archive of security updates may not have.  If it is
		# installed, that of the release replaces it.
		dpkg --add-architecture i386
		apt-get update >&2 || :
		printf "%s\n" "Package: *" "Pin-Priority: 1001" \
		    "Pin: release n=$(. /etc/os-release && echo "$VERSION_CODENAME")" \
		    >$preferred
		;;
	esac
	{
		# shellcheck disable=SC2086
		apt-get $options install $PACKAGES || {
			apt-get update
			apt-get $options install $PACKAGES
		}
	} </dev/null >&2
	rm -f $preferred
	cd "$SCRATCH/new"
	rm -rf var/cache/apt var/lib/apt var/log usr/share/doc \
	    usr/share/man usr/share/javascript usr/share/locale etc/resolv.conf
	tar --xattrs --xattrs-include="*" -c etc usr var
'

# An image is made again if the list of its packages changes.
make_image() {
	local name=$1 packages to scratch status=0
	packages=$(packages_of "$name")
	to=build/servers/$name
	[ "$(cat "$to/packages" 2>/dev/null)" != "$packages" ] || return 0
	echo "setup: unpacking for the tests: $packages"
	scratch=$(mktemp -d)
	rm -rf "$to" "$to.new"
	mkdir -p "$to.new"
	SCRATCH=$scratch PACKAGES=$packages \
	    unshare --mount --pid --fork --kill-child bash -euc "$install" \
	    2>"$to.log" |
	    tar --xattrs --xattrs-include='*' -C "$to.new" -x || status=$?
	rmdir "$scratch"
	if [ "$status" -ne 0 ]; then
		tail -n 20 "$to.log" >&2
		return 1
	fi
	echo "$packages" >"$to.new/packages"
	mv "$to.new" "$to"
}

if [ "${1-}" = --obstacle ]; then
	obstacle
	exit 0
fi
why=$(obstacle)
if [ "$1" = --try ]; then
	[ -z "$why" ] || exit 0
	shift
fi
[ -z "$why" ] || { echo "$why" >&2; exit 1; }
set -o pipefail
mkdir -p build/servers
exec 9>build/servers/lock
flock 9
# shellcheck disable=SC2048 # --all stands for many
for name in ${*/#--all/${images[*]}}; do
	make_image "$name"
done
