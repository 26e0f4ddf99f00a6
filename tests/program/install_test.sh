#!/usr/bin/env bash
# What `make install` puts where, and what it leaves alone.
set -eu
staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
# A copy: other tests run the programs that another directory's name, compiled
# in, would have made anew under them.
built=$(realpath "$(dirname "$0")/../..")
build=$staging/build
mkdir "$build"
cp -a "$built"/{src,module,installed,relais.a,tls.so,sendmail,relais,settings} \
    "$build"
for name in token.a relais-token; do
	[ ! -e "$built/$name" ] || cp -a "$built/$name" "$build"
done
# shellcheck disable=SC2034 # for script.sh
scratch=$staging
. tests/support/script.sh

in_staging() {
	make B="$build" DESTDIR="$staging/root" "$@"
}

# One line for each file or link: mode, path, what a link points to.
listing() {
	(cd "$staging/root" && find . ! -type d -printf '%m %p %l\n') |
	    sed 's/^777/link/; s/ *$//' | sort -k2
}

expected() {
	cat <<-'END'
	755 ./usr/local/sbin/sendmail
	755 ./usr/local/sbin/relais
	link ./usr/local/sbin/postqueue sendmail
	link ./usr/local/bin/mailq /usr/local/sbin/sendmail
	link ./usr/local/bin/newaliases /usr/local/sbin/sendmail
	link ./usr/local/lib/sendmail /usr/local/sbin/sendmail
	644 ./usr/local/lib/relais/tls.so
	644 ./usr/local/share/relais/oauth-providers
	644 ./usr/local/share/relais/providers
	644 ./usr/local/share/relais/relais.conf.example
	644 ./usr/local/share/relais/relais.logrotate
	755 ./usr/local/share/relais/openrc/relais
	755 ./usr/local/share/relais/runit/relais/run
	755 ./usr/local/share/relais/complete
	644 ./usr/local/share/bash-completion/completions/relais
	644 ./usr/local/share/zsh/site-functions/_relais
	644 ./usr/local/share/fish/vendor_completions.d/relais.fish
	644 ./usr/local/lib/sysusers.d/relais.conf
	644 ./usr/local/lib/tmpfiles.d/relais.conf
	600 ./etc/relais.conf
	END
	# If its libraries are installed.
	[ ! -e "$build/relais-token" ] ||
	    echo "755 ./usr/local/lib/relais/relais-token"
	(cd conf/systemd && for name in *; do
		echo "644 ./usr/local/lib/systemd/system/$name"
	done)
	(cd man && for page in *.[158]; do
		echo "644 ./usr/local/share/man/man${page##*.}/$page"
	done)
}

everything_is_in_place() {
	diff <(expected | sort -k2) <(listing)
}

no_special_bits() {
	[ -z "$(find "$staging/root" -perm /7000 ! -type l)" ]
}

installed_module_is_named() {
	grep -aqF /usr/local/lib/relais/tls.so \
	    "$staging/root/usr/local/sbin/sendmail" &&
	    grep -aqF /usr/local/share/relais/providers \
	    "$staging/root/usr/local/sbin/sendmail" &&
	    grep -aqF /usr/local/lib/relais/relais-token \
	    "$staging/root/usr/local/sbin/sendmail"
}

# If relais is installed on this machine, sendmail executes that program.
sendmail_names_the_missing_relais() {
	[ ! -e /usr/local/sbin/relais ] || return 0
	ln -s "$staging/root/usr/local/sbin/sendmail" "$staging/relais"
	[ "$("$staging/relais" queue list 2>&1)" = "relais: cannot execute \
/usr/local/sbin/relais, which contains this command: No such file or directory; \
install relais again" ]
}

installed_table_is_named() {
	[ ! -e "$build/relais-token" ] ||
	    grep -aqF /usr/local/share/relais/oauth-providers \
	    "$staging/root/usr/local/lib/relais/relais-token"
}

build_directory_is_not_named() {
	! grep -raqF -e "$built/" -e "$build/" "$staging/root/usr/local/sbin" \
	    "$staging/root/usr/local/lib"
}

units_start_the_installed_program() {
	(
		cd "$staging/root/usr/local"
		grep -x 'ExecStart=/usr/local/sbin/relais serve' \
		    lib/systemd/system/relais.service
		grep -x 'ExecStart=/usr/local/sbin/relais queue run' \
		    lib/systemd/system/relais-queue.service
		grep -x 'command=/usr/local/sbin/relais' \
		    share/relais/openrc/relais
		grep -x 'exec /usr/local/sbin/relais serve' \
		    share/relais/runit/relais/run
		! grep -r /usr/sbin/ lib share/relais
	)
}

completion_runs_the_installed_program() {
	(
		cd "$staging/root/usr/local/share"
		grep -F 'data=/usr/local/share/relais' relais/complete
		for file in bash-completion/completions/relais \
		    zsh/site-functions/_relais \
		    fish/vendor_completions.d/relais.fish; do
			grep -F /usr/local/share/relais/complete "$file"
		done
	)
}

no_directory_of_ours_is_left() {
	[ -z "$(find "$staging/root" -path '*relais*' -type d)" ]
}

configuration_is_untouched() {
	[ "$(cat "$staging/root/etc/relais.conf")" = 'smarthost = mine' ]
}

nothing_but_the_configuration_is_left() {
	[ "$(listing)" = '600 ./etc/relais.conf' ]
}

# $1: the value of WITH; $2: a pattern for the files that it adds or omits
only_with() {
	in_staging DESTDIR="$staging/with" WITH="$1" install >/dev/null &&
	    [ -n "$(find "$staging/with" ! -type d -path "$2")" ] &&
	    in_staging DESTDIR="$staging/with" WITH="$1" uninstall \
	    >/dev/null &&
	    [ -z "$(find "$staging/with" ! -type d)" ] &&
	    in_staging DESTDIR="$staging/with" WITH= install >/dev/null &&
	    [ -z "$(find "$staging/with" ! -type d -path "$2")" ]
	local status=$?
	rm -rf "$staging/with"
	return $status
}

# Objects with VERSION or SYSCONFDIR are compiled again if it changes.
settings_are_compiled_again() {
	local file plan
	plan=$(in_staging -n V=1 VERSION=9.9 all)
	for file in $(grep -lwE 'VERSION|SYSCONFDIR' src/*/*.c); do
		case $file in
		src/token/*) [ -e "$build/relais-token" ] || continue ;;
		esac
		grep -q " $file\$" <<<"$plan" || {
			echo "$file is missing in the rule for settings"
			return 1
		}
	done
}

unknown_part_is_refused() {
	! in_staging WITH=systemd,openrd install >"$staging/refused" 2>&1 &&
	    grep 'WITH=systemd,openrd: the parts are ' "$staging/refused"
}

mkdir -p "$staging/root/etc"
(umask 077 && echo 'smarthost = mine' >"$staging/root/etc/relais.conf")

spec "make install succeeds" in_staging install
spec "programs, links, module, manuals and an example are in place" \
    everything_is_in_place
spec "nothing is set-user-ID, set-group-ID or sticky" no_special_bits
spec "the program looks for the installed TLS module" installed_module_is_named
spec "sendmail names the program relais that it cannot execute" \
    sendmail_names_the_missing_relais
spec "units and scripts start the installed program" \
    units_start_the_installed_program
spec "completion uses the installed files" \
    completion_runs_the_installed_program
spec "relais-token looks for the installed table" installed_table_is_named
spec "the program does not look into the build directory" build_directory_is_not_named
spec "a relais.conf that was there is as it was" configuration_is_untouched
spec "make install may be repeated" in_staging install
spec "make uninstall succeeds" in_staging uninstall
spec "only the configuration is left" nothing_but_the_configuration_is_left
spec "the directories of relais are removed" no_directory_of_ours_is_left
spec "WITH=systemd installs units" only_with systemd '*/lib/systemd/*'
spec "WITH=completion installs the completion of shells" only_with completion \
    '*/share/zsh/*'
spec "WITH=openrc installs a script" only_with openrc '*/etc/init.d/relais'
spec "WITH=apparmor installs a profile" only_with apparmor \
    '*/etc/apparmor.d/relais'
spec "a part that does not exist is refused" unknown_part_is_refused
spec "files with settings are compiled again" settings_are_compiled_again

spec_end
