#!/usr/bin/env bash
# One command of apt installs relais in place of another mail program, whose
# configuration "relais import" then finds.  The Makefile installs this script
# under the name of each image.
set -eu
. tests/packages/packages.sh
IMAGE=${0##*/}
packages_enter "$IMAGE" "$0"

# The smarthost of each program is mail.example.org.
configure() {
	case $IMAGE in
	callers)
		package=msmtp-mta
		printf '%s\n' 'account default' 'host mail.example.org' \
		    'from me@example.org' >/etc/msmtprc
		;;
	dma)
		package=dma
		sed -i 's/^#SMARTHOST.*/SMARTHOST mail.example.org/' \
		    /etc/dma/dma.conf
		;;
	exim)
		package=exim4-daemon-heavy
		sed -i "s/^\(dc_eximconfig_configtype\)=.*/\1='satellite'/
		    s/^dc_smarthost=.*/dc_smarthost='mail.example.org'/" \
		    /etc/exim4/update-exim4.conf.conf
		;;
	nullmailer)
		package=nullmailer
		echo mail.example.org >/etc/nullmailer/remotes
		;;
	postfix)
		package=postfix
		sed -i 's/^relayhost *=.*/relayhost = [mail.example.org]/' \
		    /etc/postfix/main.cf
		;;
	ssmtp)
		package=ssmtp
		sed -i 's/^mailhub=.*/mailhub=mail.example.org/' \
		    /etc/ssmtp/ssmtp.conf
		;;
	esac
}

is_replaced() {
	is_installed "$package"
	apt install "$PACKAGES"/relais_*.deb
	is_installed relais
	fails is_installed "$package"
	says 'no smarthost is configured: run "relais setup", or "relais import"'
	[ ! -e /etc/relais.conf ]
	sendmail --version | grep -i relais
}

configuration_is_found() {
	relais import | grep -x 'smarthost = .*://mail\.example\.org.*'
	relais import --write
	grep -x 'smarthost = .*://mail\.example\.org.*' /etc/relais.conf
}

# The configuration of the other package remains until the package is purged.
is_purged() {
	apt purge "$package"
	is_installed relais
	sendmail --version | grep -i relais
}

configure
spec "one command of apt replaces $package" is_replaced
spec "relais import finds the configuration of $package" configuration_is_found
spec "a purge of $package does not harm relais" is_purged
spec_end
