# dovecot.sh - start Dovecot (sourced in a lab)
#
# Submission on ports 587 (STARTTLS) and 465 (implicit TLS), relayed to port 25;
# LMTP on the socket $LAB/lmtp.sock with the recipients r1@lab.test to
# r50@lab.test, delivered to $LAB/lmtp/NAME/new.  Access tokens are JSON Web
# Tokens that Dovecot verifies locally; dovecot_token makes them.  If
# dovecot_start has a URL, Dovecot asks there instead (RFC 7662).

dovecot_start() {
	local n introspection=${1-}
	mkdir -m 755 "$LAB/lmtp"
	chown nobody:nogroup "$LAB/lmtp"
	echo "$LAB_USER:{PLAIN}$LAB_PASSWORD::::::" >"$LAB/users"
	for n in $(seq 50); do
		echo "r$n@lab.test:{PLAIN}unused::::::"
	done >>"$LAB/users"
	mkdir -p "$LAB/keys/default/HS256"
	printf 'not very secret' | base64 >"$LAB/keys/default/HS256/default"
	cat >"$LAB/oauth2.conf" <<-END
	introspection_mode = local
	local_validation_key_dict = fs:posix:prefix=$LAB/keys/
	username_attribute = sub
	END
	[ -z "$introspection" ] || cat >"$LAB/oauth2.conf" <<-END
	introspection_mode = post
	introspection_url = $introspection
	tls_ca_cert_file = $LAB/ca.pem
	username_attribute = username
	active_attribute = active
	active_value = true
	END
	cat >"$LAB/dovecot.conf" <<-END
	base_dir = /run/dovecot
	state_dir = /run/dovecot
	log_path = $LAB/dovecot.log
	protocols = submission lmtp
	hostname = lab.test
	ssl = required
	ssl_cert = <$LAB/cert.pem
	ssl_key = <$LAB/key.pem
	ssl_ca = <$LAB/ca.pem
	ssl_require_crl = no
	ssl_verify_client_cert = yes
	auth_ssl_username_from_cert = yes
	auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2 external
	auth_failure_delay = 0
	mail_location = maildir:$LAB/lmtp/%u
	mail_uid = nobody
	mail_gid = nogroup
	first_valid_uid = 1
	submission_relay_host = 127.0.0.1
	submission_relay_port = 25
	passdb {
	  driver = oauth2
	  mechanisms = oauthbearer xoauth2
	  args = $LAB/oauth2.conf
	}
	passdb {
	  driver = static
	  mechanisms = external
	  args = nopassword=y allow_nets=127.0.0.1
	}
	passdb {
	  driver = passwd-file
	  mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
	  args = $LAB/users
	}
	userdb {
	  driver = passwd-file
	  args = $LAB/users
	  override_fields = uid=nobody gid=nogroup home=/tmp
	}
	service submission-login {
	  inet_listener submission {
	    port = 587
	  }
	  inet_listener submissions {
	    port = 465
	    ssl = yes
	  }
	}
	service lmtp {
	  unix_listener $LAB/lmtp.sock {
	    mode = 0666
	  }
	}
	service anvil {
	  unix_listener anvil-auth-penalty {
	    mode = 0
	  }
	}
	END
	dovecot -F -c "$LAB/dovecot.conf" >"$LAB/dovecot.err" 2>&1 &
	wait_for_port 587 $! "$LAB/dovecot.err" "$LAB/dovecot.log"
}

# dovecot_token LENGTH: prints an access token for $LAB_USER with LENGTH octets
# of padding: tokens of the large providers are long.
dovecot_token() {
	local body now signature
	now=$(date +%s)
	body=$(printf '{"alg":"HS256","typ":"JWT"}' | base64url).$(printf \
	    '{"sub":"%s","iat":%d,"nbf":%d,"exp":%d,"pad":"%0*d"}' \
	    "$LAB_USER" $((now - 60)) $((now - 60)) $((now + 3600)) \
	    "$1" 0 | base64url)
	signature=$(printf %s "$body" |
	    openssl dgst -sha256 -hmac 'not very secret' -binary | base64url)
	printf '%s.%s' "$body" "$signature"
}

base64url() {
	base64 -w 0 | tr '+/' '-_' | tr -d =
}

dovecot_recipient() {
	basename "$(dirname "$(dirname "$1")")"
}
