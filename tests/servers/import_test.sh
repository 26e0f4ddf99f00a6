#!/usr/bin/env bash
# relais import reads the configurations that Debian's packages install, as
# they are and with the changes that an administrator makes.
set -eu
why=$(tests/servers/image.sh --obstacle)
if [ -n "$why" ]; then
	echo "skipped: $why"
	echo "[  SKIPPED ] 1 test(s)."
	exit 0
fi
relais=$(realpath "$(dirname "$0")/../..")/relais
images=$PWD/build/servers
tests/servers/image.sh ssmtp dma nullmailer postfix exim >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
passed=0 failed=0

# becomes SENTENCE MAIN SETTINGS: the settings, without comments.  SETTINGS is
# "78" if there is no server to import.
becomes() {
	local status=0
	"$relais" import "$2" >printed 2>errors || status=$?
	grep -v '^#' printed | grep . >settings || :
	if { [ "$3" = 78 ] && [ "$status" -eq 78 ] && [ ! -s printed ]; } ||
	    { [ "$status" -eq 0 ] && [ "$3" = "$(cat settings)" ] &&
	    ! grep -q 'unknown setting\|s3cret' printed &&
	    "$relais" -C "$work/printed" config >/dev/null 2>errors; }; then
		passed=$((passed + 1))
		echo "[       OK ] $1"
	else
		failed=$((failed + 1))
		cat printed errors
		echo "[  FAILED  ] $1 (exit status $status)"
	fi
}

# The files of a package, without the image.
copy() {
	rm -rf files
	mkdir -p files/etc
	cp -r "$images/$1/etc/$2" files/etc
}

copy ssmtp ssmtp
main=files/etc/ssmtp/ssmtp.conf
sed -i 's/^hostname=.*/hostname=client.test/' $main
becomes "ssmtp: as installed" $main 'smarthost = smtp://mail
tls = off
helo = client.test
domain = client.test
root = postmaster@client.test'
sed -i 's/^mailhub=.*/mailhub=mail.example.org:587/
    s/^root=.*/root=admin@example.org/' $main
printf 'UseSTARTTLS=YES\nAuthUser=me\nAuthPass=s3cret\n' >>$main
echo 'root:root@example.org' >>files/etc/ssmtp/revaliases
becomes "ssmtp: with a login" $main 'smarthost = submission://mail.example.org
user = me
password_file = /etc/relais.password
helo = client.test
domain = client.test
root = admin@example.org
[user root]
from = root@example.org'

copy dma dma
main=files/etc/dma/dma.conf
sed -i 's/^MAILNAME .*/MAILNAME client.test/' $main
becomes "dma: as installed, without a smarthost" $main 78
sed -i 's/^#SMARTHOST.*/SMARTHOST mail.example.org/
    s/^#PORT.*/PORT 465/; s/^#SECURETRANSFER/SECURETRANSFER/
    s,^#AUTHPATH.*,AUTHPATH files/etc/dma/auth.conf,
    s/^#NULLCLIENT/NULLCLIENT/' $main
echo 'me|mail.example.org:s3cret' >>files/etc/dma/auth.conf
becomes "dma: with a smarthost and a login" $main \
    'smarthost = submissions://mail.example.org
user = me
password_file = /etc/relais.password
helo = client.test
domain = client.test
aliases = off'

copy nullmailer nullmailer
echo client.test >files/etc/mailname
becomes "nullmailer: as installed" files/etc/nullmailer \
    'smarthost = smtp://mail.test
tls = off
helo = client.test
domain = client.test
aliases = off'
echo 'mail.test smtp --ssl --user=me --pass="s3cret"' \
    >files/etc/nullmailer/remotes
echo boss@example.org >files/etc/nullmailer/adminaddr
becomes "nullmailer: with a login and an administrator" files/etc/nullmailer \
    'smarthost = submissions://mail.test
user = me
password_file = /etc/relais.password
helo = client.test
domain = client.test
root = boss@example.org
aliases = off'

copy postfix postfix
main=files/etc/postfix/main.cf
becomes "postfix: as installed, without a relayhost" $main 78
sed -i 's/^relayhost *=.*/relayhost = [mail.example.org]:587/
    s/^myorigin *=.*/myorigin = client.test/
    s/^myhostname *=.*/myhostname = client.test/' $main
printf '%s\n' 'smtp_sasl_auth_enable = yes' \
    'smtp_sasl_password_maps = hash:files/sasl_passwd' \
    'smtp_tls_security_level = encrypt' >>$main
echo '[mail.example.org]:587 me:s3cret' >files/sasl_passwd
becomes "postfix: with a relayhost and a login" $main \
    'smarthost = submission://mail.example.org
user = me
password_file = /etc/relais.password
helo = client.test
domain = client.test'

copy exim exim4
main=files/etc/exim4/update-exim4.conf.conf
becomes "exim: as installed, for local mail only" $main 78
sed -i "s/^dc_eximconfig_configtype=.*/dc_eximconfig_configtype='satellite'/
    s/^dc_smarthost=.*/dc_smarthost='mail.example.org::587'/
    s/^dc_readhost=.*/dc_readhost='example.org'/" $main
echo '*:me:s3cret' >>files/etc/exim4/passwd.client
becomes "exim: a satellite with a login" $main \
    'smarthost = submission://mail.example.org
user = me
password_file = /etc/relais.password
domain = example.org'

echo "[  PASSED  ] $passed test(s)."
[ "$failed" -eq 0 ] || echo "[  FAILED  ] $failed test(s)."
[ "$failed" -eq 0 ]
