#!/usr/bin/env bash
# Programs that send mail in the background: cron, anacron, at, sudo, logwatch,
# vacation; and calls without environment, descriptors or a known user.
set -eu
. tests/callers/calls.sh
machine "$0"

# @reboot jobs run when cron starts.
cron_runs() {
	rm -f /run/crond.reboot /run/crond.pid
	cron -f &
	trap 'kill $!' EXIT
}

roots_job() {
	crontab -u ana -r 2>/dev/null || :
	printf 'MAILTO=root\n@reboot root cat %s/text\n' "$LAB" \
	    >/etc/cron.d/relais
	cron_runs
}

cron_mails_root() {
	roots_job
	arrives "$LAB/text" root@client.test admin@lab.test
	header_says 'From: root@client.test (Cron Daemon)'
}

cron_mails_its_user() {
	rm -f /etc/cron.d/relais
	printf 'MAILTO=jo@lab.test\n@reboot cat %s/text\n' "$LAB" |
	    crontab -u ana -
	cron_runs
	arrives "$LAB/text" ana@client.test jo@lab.test
}

cron_mails_from_the_sender_of_from() {
	relais_conf 'from = alerts@lab.test'
	roots_job
	arrives "$LAB/text" alerts@lab.test admin@lab.test
	header_says 'From: alerts@lab.test (Cron Daemon)'
}

anacron_mails_root() {
	printf '1 0 job cat %s/undotted\n' "$LAB" >"$LAB/anacrontab"
	mkdir -p "$LAB/spool"
	silent anacron -d -f -n -q -t "$LAB/anacrontab" -S "$LAB/spool"
	arrives "$LAB/undotted" root@client.test admin@lab.test
}

at_mails_its_user() {
	atd -f &
	trap 'kill $!' EXIT
	until [ -s /run/atd.pid ]; do
		pause
	done
	echo "cat $LAB/text" | as_ana at -m now 2>/dev/null
	arrives "$LAB/text" ana@client.test admin@lab.test
}

# It reports the start and the end of the command, each in a process of its own:
# either of the messages can be the first to arrive.
sudo_mails_root() {
	local i
	echo 'Defaults mail_always' >/etc/sudoers.d/relais
	silent sudo true
	for i in 1 2; do
		arrives_somehow root@client.test admin@lab.test
		header_says 'From: root@client.test'
		# shellcheck disable=SC2154 # arrives_somehow sets it
		sed -n 's/.*COMMAND=/COMMAND=/p' "$mail" >"report.$i"
	done
	sort report.1 report.2 | tr '\n' ' ' |
	    grep -qx 'COMMAND=.*/true COMMAND=.*/true ; EXIT=0 ' ||
	    { cat report.1 report.2; return 1; }
	rm report.1 report.2
}

# Its usual directory is /tmp, where it complains about those of other runs.
logwatch_mails_root() {
	mkdir -p /etc/logwatch/conf /var/cache/logwatch
	echo 'TmpDir = /var/cache/logwatch' >/etc/logwatch/conf/logwatch.conf
	silent logwatch --output mail --mailto root --range all \
	    --service zz-sys
	arrives_somehow root@client.test admin@lab.test
	header_says 'From: root@client.test'
	grep -q 'Logwatch End' "$mail" || { cat "$mail"; return 1; }
}

vacation_answers() {
	{
		printf '%s\n' 'From: ana@client.test' 'Subject: away' ''
		cat "$LAB/undotted"
	} >"$LAB/ana/.vacation.msg"
	silent as_ana vacation -I
	printf '%s\n' 'From jo@lab.test Mon Jan  6 10:20:30 2025' \
	    'From: jo@lab.test' 'To: ana@client.test' 'Subject: hi' '' hi |
	    silent as_ana vacation ana
	rm "$LAB/ana"/.vacation.*
	arrives "$LAB/undotted" ana@client.test jo@lab.test
}

no_environment() {
	head_and_text | silent env -i setpriv --reuid=ana --clear-groups \
	    --regid=ana /usr/sbin/sendmail -i -f '<>' -- jo@lab.test
	arrives "$LAB/text" '' jo@lab.test
}

no_descriptors() {
	head_and_text | as_ana /usr/sbin/sendmail -oi jo@lab.test >&- 2>&-
	arrives "$LAB/text" ana@client.test jo@lab.test
	/usr/sbin/sendmail -oi jo@lab.test <&- >&- 2>&-
	: >"$LAB/case/empty"
	arrives "$LAB/case/empty" root@client.test jo@lab.test
	rm "$LAB/case/empty"
}

nobody_known() {
	head_and_text | silent env -i setpriv --reuid=54321 --regid=54321 \
	    --clear-groups /usr/lib/sendmail -ti
	arrives "$LAB/text" uid-54321@client.test jo@lab.test
}

mailq_is_for_root() {
	local said status=0
	mkdir -p /var/spool/relais
	chmod 700 /var/spool/relais
	said=$(as_ana mailq 2>&1) || status=$?
	rm -r /var/spool/relais
	[ "$status" -eq 77 ]
	[ "$said" = "mailq: the queue directory /var/spool/relais: Permission\
 denied; start the relais service, or run this command as root" ]
}

head_and_text() {
	printf '%s\n' 'To: jo@lab.test' 'Subject: hello' ''
	cat "$LAB/text"
}

call "cron: the output of root's job goes to root" cron_mails_root
call "cron: the output of a user's job goes to MAILTO" cron_mails_its_user
call "cron: from replaces the sender" \
    cron_mails_from_the_sender_of_from
relais_conf
call "anacron: the output of a job goes to root" anacron_mails_root
call "at: the output of a job goes to its user" at_mails_its_user
call "sudo: the report goes to root" sudo_mails_root
call "logwatch: the report goes to root" logwatch_mails_root
call "vacation: the sender of the answer is a local name" vacation_answers
call "an ordinary user without an environment" no_environment
call "closed descriptors" no_descriptors
call "a user ID without a name" nobody_known
call "mailq: an ordinary user gets exit status 77" mailq_is_for_root
calls_end
