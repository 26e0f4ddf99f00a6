# exim.sh - start Exim with GnuTLS (sourced in a lab)
#
# Port 25 offers STARTTLS but not AUTH, port 587 requires STARTTLS and AUTH, and
# port 465 has implicit TLS and requires AUTH.  All offer CHUNKING and
# PIPECONNECT.
# Each recipient's copy is a file in $LAB/mail/new that begins with Envelope-to.
# bad@lab.test is refused permanently, full@lab.test temporarily, and the sender
# stranger@lab.test in the reply to MAIL.

exim_start() {
	mkdir "$LAB/exim"
	cp "$LAB/key.pem" "$LAB/exim/key.pem"
	chown -R Debian-exim "$LAB/exim" "$LAB/mail"
	cat >/etc/exim4/exim4.conf <<-END
	primary_hostname = lab.test
	daemon_smtp_ports = 25 : 587 : 465
	local_interfaces = 127.0.0.1
	tls_on_connect_ports = 465
	tls_certificate = $LAB/cert.pem
	tls_privatekey = $LAB/exim/key.pem
	tls_verify_certificates = $LAB/ca.pem
	tls_try_verify_hosts = *
	tls_advertise_hosts = *
	auth_advertise_hosts = \${if and{{def:tls_in_cipher}{!eq{\$received_port}{25}}}{*}{}}
	chunking_advertise_hosts = *
	pipelining_connect_advertise_hosts = *
	accept_8bitmime = true
	smtp_enforce_sync = true
	smtp_accept_queue_per_connection = 0
	host_lookup =
	rfc1413_hosts =
	spool_directory = $LAB/exim/spool
	log_file_path = $LAB/exim/%slog
	acl_smtp_mail = mail
	acl_smtp_rcpt = rcpt
	begin acl
	mail:
	  deny  senders = stranger@lab.test
	        message = 5.7.1 not your address
	  accept
	rcpt:
	  deny  !authenticated = *
	        condition = \${if >{\$received_port}{400}}
	  deny  local_parts = bad
	        message = 5.1.1 no such user
	  defer local_parts = full
	        message = 4.2.2 mailbox full
	  accept
	begin routers
	all:
	  driver = accept
	  transport = keep
	begin transports
	keep:
	  driver = appendfile
	  directory = $LAB/mail
	  maildir_format
	  create_directory
	  user = Debian-exim
	  envelope_to_add
	  return_path_add
	begin authenticators
	plain:
	  driver = plaintext
	  public_name = PLAIN
	  server_prompts = :
	  server_condition = \${if and{{eq{\$auth2}{$LAB_USER}}{eq{\$auth3}{$LAB_PASSWORD}}}}
	  server_set_id = \$auth2
	login:
	  driver = plaintext
	  public_name = LOGIN
	  server_prompts = <| Username: | Password:
	  server_condition = \${if and{{eq{\$auth1}{$LAB_USER}}{eq{\$auth2}{$LAB_PASSWORD}}}}
	  server_set_id = \$auth1
	cram:
	  driver = cram_md5
	  public_name = CRAM-MD5
	  server_secret = \${if eq{\$auth1}{$LAB_USER}{$LAB_PASSWORD}fail}
	  server_set_id = \$auth1
	external:
	  driver = external
	  public_name = EXTERNAL
	  server_advertise_condition = \$tls_in_certificate_verified
	  server_param2 = \${certextract{subject,CN}{\$tls_in_peercert}}
	  server_condition = \${if eq{\$auth2}{$LAB_USER}}
	  server_set_id = \$auth2
	END
	exim -bdf >"$LAB/exim.log" 2>&1 &
	wait_for_port 587 $! "$LAB/exim.log" "$LAB/exim/mainlog" \
	    "$LAB/exim/paniclog"
}

# exim_also PORT OPTION VALUE: another daemon, in which an option is different.
# The processes that deliver messages read the configuration again.
exim_also() {
	cp /etc/exim4/exim4.conf "$LAB/exim/conf"
	sed -i "/^$2 = /d; 1i $2 = $3" /etc/exim4/exim4.conf
	exim -bdf -oX "127.0.0.1.$1" -oP "/run/exim.$1" >>"$LAB/exim.log" 2>&1 &
	wait_for_port "$1" $! "$LAB/exim.log" "$LAB/exim/mainlog"
	cp "$LAB/exim/conf" /etc/exim4/exim4.conf
}

exim_recipient() {
	sed -n 's/^Envelope-to: //p; /^$/q' "$1"
}
