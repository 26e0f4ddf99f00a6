#!/bin/sh
# setup.sh [GOAL...] - install the packages that this machine lacks
#
# For goals of make: some need only the packages for the build, and some of
# these a few tools or unpacked programs besides.  Without a goal, and for all
# goals that are not in the list, the packages for `make check` are installed and
# unpacked.  If the package manager reports that all are installed, nothing else
# is done.  make and a C compiler must be installed already.
set -eu
kind='' tools='' images=''
debian="build-essential debhelper dh-apparmor lintian systemd"
for goal; do
	case $goal in
	setup) continue ;;
	all | demo | install | dist | static) ;;
	html) tools="$tools mandoc" ;;
	deb) tools="$tools $debian" ;;
	bench)
		tools="libcmocka-dev valgrind strace"
		images="msmtp ssmtp esmtp dma nullmailer postfix"
		;;
	check-static) kind=tests ;;
	check-recipes) tools="$tools rpm rpmlint shellcheck" ;;
	check-compilers)
		kind=tests
		tools="$tools musl-tools"
		images="$images 32_bit"
		;;
	check-deb)
		kind=tests
		images="$images callers dma exim nullmailer postfix ssmtp"
		;;
	check-supervisors)
		kind=tests
		images="$images supervisors"
		;;
	outside) images="$images outside" ;;
	*)
		kind=tests
		images="$images --all"
		;;
	esac
	kind=${kind:-build}
done
[ -n "$kind" ] || kind=tests images=--all
cd "$(dirname "$0")/../.."

apt="pkg-config libc6-dev libbsd-dev libssl-dev libcurl4-openssl-dev
    libjansson-dev $tools"
apk="pkgconf musl-dev libbsd-dev openssl-dev curl-dev jansson-dev bash"
dnf="pkgconf-pkg-config glibc-devel libbsd-devel openssl-devel
    libcurl-devel jansson-devel"
if [ "$kind" = tests ]; then
	apt="$apt libcmocka-dev libgsasl-dev
	    clang libclang-rt-14-dev clang-tidy cppcheck shellcheck
	    strace valgrind mandoc python3 openssl
	    libpython3.11-testsuite libidn2-0
	    ca-certificates bash zsh fish iproute2 procps util-linux $debian"
	apk="$apk cmocka-dev gsasl-dev
	    clang compiler-rt strace valgrind mandoc python3 openssl
	    libidn2 ca-certificates coreutils findutils zsh fish iproute2
	    procps util-linux"
	dnf="$dnf libcmocka-devel libgsasl-devel
	    clang compiler-rt strace valgrind mandoc python3
	    libidn2 openssl ca-certificates bash zsh fish iproute procps-ng
	    util-linux"
fi

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "setup: run as root, or install sudo: $*" >&2
		return 1
	fi
}

# missing "QUERY" PACKAGE...: prints the packages for which QUERY fails.
missing() {
	query=$1
	shift
	for package; do
		$query "$package" >/dev/null 2>&1 || printf ' %s' "$package"
	done
}

apt_has() {
	case $(dpkg-query -W -f '${db:Status-Status}' "$1") in
	installed) return 0 ;;
	*) return 1 ;;
	esac
}

# Other releases than Debian 12 have other versions of the compiler runtime and
# of Python.
apt_versions() {
	[ -n "$(apt-cache --names-only search '^libclang-rt-14-dev$')" ] ||
	    apt=$(echo "$apt" | sed 's/libclang-rt-14-dev/libclang-rt-dev/')
	python=$(apt-cache --names-only search '^libpython3[.][0-9]+-testsuite$' |
	    sort -V | sed -n '$s/ .*//p')
	apt=$(echo "$apt" | sed "s/libpython3[.]11-testsuite/$python/")
}

say() {
	echo "setup: installing$1"
}

# shellcheck disable=SC2086 # lists of words
if command -v apt-get >/dev/null; then
	lacking=$(missing apt_has $apt)
	if [ -n "$lacking" ]; then
		as_root apt-get -qq update
		apt_versions
		lacking=$(missing apt_has $apt)
	fi
	if [ -n "$lacking" ]; then
		say "$lacking"
		as_root env DEBIAN_FRONTEND=noninteractive \
		    apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
		    install -y --no-install-recommends $lacking >/dev/null
	fi
elif command -v apk >/dev/null; then
	lacking=$(missing "apk info -e" $apk)
	if [ -n "$lacking" ]; then
		say "$lacking"
		as_root apk add --quiet $lacking
	fi
elif command -v dnf >/dev/null; then
	lacking=$(missing "rpm -q" $dnf)
	if [ -n "$lacking" ]; then
		say "$lacking"
		as_root dnf -q -y install $lacking
	fi
else
	echo "setup: apt-get, apk and dnf are missing; install the packages" \
	    "that README.md lists under 'Install'" >&2
	exit 1
fi

# The servers and callers for the tests are unpacked now, so that the tests do
# not need a network.
# shellcheck disable=SC2086 # a list of words
[ -z "$images" ] || exec tests/servers/image.sh --try $images
