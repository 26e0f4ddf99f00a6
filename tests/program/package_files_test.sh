#!/usr/bin/env bash
# The recipes for RPM and Alpine package the files that `make install` installs.
#
# The functions and sections of the recipes are run here, with the macros and
# functions of rpmbuild and abuild that they use.
set -eu
staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
built=$(realpath "$(dirname "$0")/../..")
build=$staging/build
mkdir -p "$build/installed"
ln -s "$built/tls.so" "$build"
for name in sendmail relais relais-token; do
	[ ! -e "$built/installed/$name" ] ||
	    ln -s "$built/installed/$name" "$build/installed"
done
# shellcheck disable=SC2034 # for script.sh
scratch=$staging
. tests/support/script.sh
version=$(sed -n 's/^VERSION[[:space:]]*= //p' Makefile)
spec=conf/rpm/relais.spec

# rpm_text SYSTEM: the spec file for "fedora" or "suse" with expanded macros
rpm_text() {
	awk -v suse="$([ "$1" = suse ] && echo 1 || echo 0)" '
		/^%if 0%{\?suse_version}$/ { off = !suse; next }
		/^%if ! 0%{\?suse_version}$/ { off = suse; next }
		/^%else$/ { off = !off; next }
		/^%endif$/ { off = 0; next }
		!off' $spec |
	    sed -e "s|%{buildroot}|$staging/$1|g; s|%make_install|made|" \
	    -e 's|%{_prefix}|/usr|g; s|%{_sysconfdir}|/etc|g' \
	    -e 's|%{_bindir}|/usr/bin|g; s|%{_sbindir}|/usr/sbin|g' \
	    -e 's|%{_libdir}|/usr/lib64|g; s|%{_datadir}|/usr/share|g' \
	    -e 's|%{_mandir}|/usr/share/man|g' \
	    -e 's|%{_unitdir}|/usr/lib/systemd/system|g' \
	    -e 's|%{_sysusersdir}|/usr/lib/sysusers.d|g' \
	    -e 's|%{_tmpfilesdir}|/usr/lib/tmpfiles.d|g' \
	    -e 's|%{cflags}|-g|g; s|%{?build_ldflags}||g'
}

# section NAME: of a spec file on standard input
section() {
	sed -n "/^%$1\$/,/^%\(pre\|post\|preun\|postun\|files.*\|changelog\)\$/p" |
	    sed '1d; $d'
}

# made VARIABLE=VALUE...: `make install` with these settings, without a build
made() {
	local PREFIX LIBDIR DATADIR SYSCONFDIR WITH SBINDIR
	WITH=$(sed -n 's/^WITH[[:space:]]*= //p' conf/package.mk)
	for setting; do
		case $setting in
		*=*) printf -v "${setting%%=*}" %s "${setting#*=}" ;;
		esac
	done
	export B="$build" DESTDIR=${DESTDIR:-$root} PREFIX SYSCONFDIR WITH
	export LIBDIR=${LIBDIR:-$PREFIX/lib/relais} SBINDIR
	export DATADIR=$PREFIX/share/relais SYSCONFDIR=${SYSCONFDIR:-/etc}
	conf/install.sh install
}

# shellcheck disable=SC2154 # variables of abuild
amove() {
	local path
	for path; do
		mkdir -p "$subpkgdir/${path%/*}"
		mv "$pkgdir/$path" "$subpkgdir/$path"
	done
}
export -f made amove

files_in() {
	(cd "$1" && find . ! -type d -printf '/%P\n' | sort)
}

# The files in $root that the lists name, each of which must match something.
listed_files() {
	local line
	{ section files <"$staging/spec"
	  section 'files token' <"$staging/spec"; } |
	    sed '/^$/d; /^%license/d; /^%doc/d; /^%dir/d; s/^%ghost //' |
	    while read -r line; do
		# shellcheck disable=SC2086 # patterns
		(cd "$root" && find .$line ! -type d -printf "%H %P\n" ||
		    echo "$line: no such file") | sed 's/^\.//; s/ $//; s| |/|'
	    done | sort
}

rpm_lists_every_file() {
	root=$staging/$1
	export build root
	rpm_text "$1" >"$staging/spec"
	section install <"$staging/spec" >"$staging/install"
	bash -eu "$staging/install" &&
	    [ -n "$(files_in "$root")" ] &&
	    diff <(listed_files) <(files_in "$root")
}

alpine_packages() {
	export build staging version
	bash -ec '
		pkgdir=$staging/apk subpkgdir=$staging/apk-token
		CFLAGS="-O2 -g" LDFLAGS=
		make() { made "$@"; }
		. conf/alpine/APKBUILD
		package
		token'
}

# The manuals and examples are those of every system.
alpine_has_every_file() {
	alpine_packages &&
	    diff <(files_in "$staging/apk-token") - <<-'END' &&
		/usr/lib/relais/relais-token
		/usr/share/relais/oauth-providers
	END
	    diff <(files_in "$staging/apk" |
		grep -v '^/usr/share/man\|^/usr/share/relais/') - <<-'END'
		/etc/init.d/relais
		/usr/bin/mailq
		/usr/bin/newaliases
		/usr/lib/relais/tls.so
		/usr/lib/sendmail
		/usr/sbin/postqueue
		/usr/sbin/relais
		/usr/sbin/sendmail
		/usr/share/bash-completion/completions/relais
		/usr/share/fish/vendor_completions.d/relais.fish
		/usr/share/zsh/site-functions/_relais
	END
}

version_is_that_of_the_makefile() {
	grep -qx "Version:[[:space:]]*$version" $spec &&
	    grep -q "^\* .* - $version-1\$" $spec &&
	    grep -qx "pkgver=$version" conf/alpine/APKBUILD
}

# All recipes name the maintainer and the URL of conf/debian/control.
maintainer_and_url_are_the_same() {
	local maintainer url
	maintainer=$(sed -n 's/^Maintainer: //p' conf/debian/control)
	url=$(sed -n 's/^Homepage: //p' conf/debian/control)
	[ -n "$maintainer" ]
	[ -n "$url" ]
	diff <(printf '%s\n' "$maintainer" "$maintainer" "$maintainer" \
	    "$url" "$url") \
	    <(sed -n 's/^ -- \(.*\)  .*/\1/p' conf/debian/changelog | head -n 1
	    sed -n 's/^\* ... ... .. .... \(.*\) - .*/\1/p' $spec | head -n 1
	    sed -n 's/^# Maintainer: //p' conf/alpine/APKBUILD
	    sed -n 's/^URL:[[:space:]]*//p' $spec
	    sed -n 's/^url="\(.*\)"/\1/p' conf/alpine/APKBUILD)
}

spec "the recipes have the same maintainer and URL" \
    maintainer_and_url_are_the_same
spec "the recipes have the version of the Makefile" \
    version_is_that_of_the_makefile
if [ -e "$build/installed/relais-token" ]; then
	spec "the packages for Fedora contain every installed file" \
	    rpm_lists_every_file fedora
	spec "the packages for openSUSE contain every installed file" \
	    rpm_lists_every_file suse
	spec "the packages for Alpine contain every installed file" \
	    alpine_has_every_file
else
	skip "the packages contain every installed file" \
	    "relais-token, which they contain, is not built: make setup token"
fi
spec_end
