#!/usr/bin/env bash
# Programs that people use: three versions of mail(1), Mutt, git send-email.
set -eu
. tests/callers/calls.sh
machine "$0"

cat >"$LAB/0001.patch" <<'END'
From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001
From: Ana Ng <ana@client.test>
Date: Mon, 6 Jan 2025 10:20:30 +0100
Subject: [PATCH] a small change
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit

END
cat "$LAB/text" >>"$LAB/0001.patch"

bsd_mailx() {
	silent as_ana bsd-mailx -s hello -c al@lab.test -b x@hidden.test \
	    "$@" jo@lab.test <"$LAB/text"
}

bsd_mailx_sends() {
	bsd_mailx
	arrives "$LAB/text" ana@client.test \
	    jo@lab.test al@lab.test x@hidden.test
	header_says 'From: Ana Ng <ana@client.test>'
}

bsd_mailx_names_the_sender() {
	bsd_mailx -r office@client.test
	arrives "$LAB/text" office@client.test \
	    jo@lab.test al@lab.test x@hidden.test
}

bsd_mailx_sends_to_a_local_name() {
	silent as_ana bsd-mailx -s hello root <"$LAB/text"
	arrives "$LAB/text" ana@client.test admin@lab.test
}

# Without the key root, the domain is added, as in a null client.
bsd_mailx_sends_to_a_name_at_the_domain() {
	relais_conf 'domain = lab.test'
	sed -i '/^root/d' /etc/relais.conf
	silent as_ana bsd-mailx -s hello root <"$LAB/text"
	relais_conf
	arrives "$LAB/text" ana@lab.test root@lab.test
}

# This program ends the message at a line with a single dot.
mailutils_sends() {
	silent as_ana mail.mailutils -s hello -a 'Bcc: x@hidden.test' \
	    -a 'MIME-Version: 1.0' \
	    -a 'Content-Type: text/plain; charset=utf-8' \
	    -a 'Content-Transfer-Encoding: 8bit' \
	    jo@lab.test al@lab.test <"$LAB/undotted"
	arrives "$LAB/undotted" ana@client.test \
	    jo@lab.test al@lab.test x@hidden.test
}

s_nail() {
	silent as_ana s-nail -n -s hello -c al@lab.test -b x@hidden.test \
	    "$@" jo@lab.test <"$LAB/text"
}

s_nail_sends() {
	s_nail
	arrives "$LAB/text" ana@client.test \
	    jo@lab.test al@lab.test x@hidden.test
}

s_nail_names_the_sender() {
	s_nail -r office@client.test
	arrives "$LAB/text" office@client.test \
	    jo@lab.test al@lab.test x@hidden.test
	header_says 'From: office@client.test'
}

mutt_sends() {
	silent as_ana mutt -F /dev/null -s hello \
	    -e 'set copy=no send_charset=utf-8' -b x@hidden.test "$@" \
	    -- jo@lab.test al@lab.test <"$LAB/text"
}

mutt_sends_plainly() {
	mutt_sends
	arrives "$LAB/text" ana@client.test \
	    jo@lab.test al@lab.test x@hidden.test
}

mutt_sends_with_everything_set() {
	mutt_sends -e 'set from=office@client.test use_envelope_from' \
	    -e 'set use_8bitmime dsn_notify="failure,delay"' \
	    -e 'set dsn_return=hdrs'
	arrives "$LAB/text" office@client.test \
	    jo@lab.test al@lab.test x@hidden.test
}

git_sends() {
	local said
	said=$(as_ana git send-email --quiet --confirm=never --to=jo@lab.test \
	    --from='Ana Ng <ana@client.test>' --suppress-cc=all \
	    --bcc=x@hidden.test "$@" "$LAB/0001.patch" </dev/null 2>&1)
	[ "$said" = 'Sent [PATCH] a small change' ] ||
	    { echo "output of git: $said"; return 1; }
}

git_sends_plainly() {
	git_sends
	arrives "$LAB/text" ana@client.test jo@lab.test x@hidden.test
	header_says 'Subject: [PATCH] a small change'
}

git_names_the_sender() {
	git_sends --envelope-sender=office@client.test
	arrives "$LAB/text" office@client.test jo@lab.test x@hidden.test
}

git_sends_by_a_command() {
	git_sends --sendmail-cmd='sendmail -i'
	arrives "$LAB/text" ana@client.test jo@lab.test x@hidden.test
}

call "bsd-mailx sends" bsd_mailx_sends
call "bsd-mailx -r sets the sender" bsd_mailx_names_the_sender
call "bsd-mailx: mail to a local name goes to root" \
    bsd_mailx_sends_to_a_local_name
call "bsd-mailx: without root, mail to a local name goes to the domain" \
    bsd_mailx_sends_to_a_name_at_the_domain
call "GNU Mailutils: mail sends" mailutils_sends
call "s-nail sends" s_nail_sends
call "s-nail -r sets the sender" s_nail_names_the_sender
call "Mutt sends" mutt_sends_plainly
call "Mutt sends with 8BITMIME, a sender and DSN options" \
    mutt_sends_with_everything_set
call "git send-email sends" git_sends_plainly
call "git send-email --envelope-sender sets the sender" git_names_the_sender
call "git send-email --sendmail-cmd sends" git_sends_by_a_command
calls_end
