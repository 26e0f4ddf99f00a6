# postfix.sh - sourced inside a lab: postfix_start
#
# Port 25 has STARTTLS and no AUTH, 587 wants STARTTLS and AUTH (Cyrus SASL),
# 465 is TLS from the first octet and wants AUTH.  Every recipient's copy is a
# file in $LAB/mail/new with X-Original-To on top; bad@lab.test is refused,
# full@lab.test is asked to come again.  With --only-25 the others stay closed.

postfix_start() {
	local sasl access
	chown nobody:nogroup "$LAB/mail"
	mkdir -p /etc/postfix/sasl /var/log
	cat >/etc/postfix/sasl/smtpd.conf <<-END
	pwcheck_method: auxprop
	auxprop_plugin: sasldb
	mech_list: PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256
	END
	printf %s "$LAB_PASSWORD" |
	    saslpasswd2 -p -c -u lab.test "$LAB_USER"
	chgrp postfix /etc/sasldb2
	chmod 640 /etc/sasldb2
	access='{bad@lab.test=550 5.1.1 no such user}'
	access="$access, {full@lab.test=450 4.2.2 mailbox full}"
	: >/etc/postfix/main.cf
	postconf -e compatibility_level=3.6 myhostname=lab.test mydestination= \
	    mynetworks=127.0.0.0/8 local_header_rewrite_clients= \
	    inet_interfaces=loopback-only inet_protocols=ipv4 \
	    alias_maps= alias_database= biff=no \
	    maillog_file_prefixes=/ maillog_file="$LAB/maillog" \
	    smtpd_tls_chain_files="$LAB/key.pem,$LAB/cert.pem" \
	    smtpd_tls_security_level=may smtpd_tls_auth_only=yes \
	    smtpd_sasl_local_domain=lab.test \
	    cyrus_sasl_config_path=/etc/postfix/sasl \
	    smtpd_forbid_bare_newline=reject \
	    smtpd_forbid_bare_newline_exclusions= \
	    smtpd_forbid_unauth_pipelining=yes \
	    virtual_mailbox_domains=static:all \
	    virtual_mailbox_base="$LAB" virtual_mailbox_maps=static:mail/ \
	    virtual_uid_maps=static:65534 virtual_gid_maps=static:65534 \
	    virtual_minimum_uid=1 virtual_mailbox_limit=0 \
	    default_destination_concurrency_limit=2 \
	    "smtpd_recipient_restrictions=check_recipient_access inline:{$access}, permit"
	sasl="-o smtpd_sasl_auth_enable=yes -o smtpd_client_restrictions=permit_sasl_authenticated,reject"
	postconf -M "smtp/inet=127.0.0.1:25 inet n - n - - smtpd"
	if [ "${1-}" != --only-25 ]; then
		postconf -M "587/inet=127.0.0.1:587 inet n - n - - smtpd -o smtpd_tls_security_level=encrypt $sasl"
		postconf -M "465/inet=127.0.0.1:465 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes $sasl"
	fi
	postconf -F '*/*/chroot = n'
	postfix start-fg >"$LAB/postfix.log" 2>&1 &
	wait_for_port 25 $! "$LAB/maillog" "$LAB/postfix.log"
}

# Whom a delivered file is for.
postfix_recipient() {
	sed -n 's/^X-Original-To: //p; /^$/q' "$1"
}
