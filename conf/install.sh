#!/bin/sh
# install.sh install | uninstall - install what `make` has built, or remove it
#
# For `make install`, which sets B, DESTDIR, PREFIX, SYSCONFDIR, LIBDIR, DATADIR
# and WITH; SBINDIR, BINDIR, MANDIR, EXAMPLEDIR and, for the functions of each
# shell's completion, BASHDIR, ZSHDIR and FISHDIR may be set, too.  relais.conf
# itself is the administrator's: only an example is installed.  The units and
# scripts start the installed program.  Scripts for OpenRC and runit are also
# examples.
set -eu
action=$1
parts="systemd openrc completion apparmor"
for part in $(echo "$WITH" | tr , ' '); do
	case " $parts " in
	*" $part "*) ;;
	*)
		echo "install.sh: WITH=$WITH: the parts are $parts" >&2
		exit 1
		;;
	esac
done
sbin=${SBINDIR:-$PREFIX/sbin}
bin=${BINDIR:-$PREFIX/bin}
man=${MANDIR:-$PREFIX/share/man}
examples=${EXAMPLEDIR:-$PREFIX/share/relais}
bash=${BASHDIR:-$PREFIX/share/bash-completion/completions}
zsh=${ZSHDIR:-$PREFIX/share/zsh/site-functions}
fish=${FISHDIR:-$PREFIX/share/fish/vendor_completions.d}

# with PART: whether WITH contains it
with() {
	case ,$WITH, in
	*,"$1",*) return 0 ;;
	esac
	return 1
}

# put MODE FILE TARGET
put() {
	if [ "$action" = install ]; then
		mkdir -p "$(dirname "$DESTDIR$3")"
		rm -f "$DESTDIR$3"	# in version 0.1, relais was a link
		install -m "$1" "$2" "$DESTDIR$3"
	else
		rm -f "$DESTDIR$3"
	fi
}

# put_link TO TARGET
put_link() {
	if [ "$action" = install ]; then
		mkdir -p "$(dirname "$DESTDIR$2")"
		ln -sf "$1" "$DESTDIR$2"
	else
		rm -f "$DESTDIR$2"
	fi
}

# put_unit MODE FILE TARGET: with the paths of the installed files
put_unit() {
	sed "s|/usr/sbin/relais|$sbin/relais|; s|/usr/share/relais|$DATADIR|" \
	    "$2" >"$B/installed/unit"
	put "$1" "$B/installed/unit" "$3"
}

mkdir -p "$B/installed"
put 755 "$B/installed/sendmail" "$sbin/sendmail"
if [ -e "$B/installed/relais" ]; then
	put 755 "$B/installed/relais" "$sbin/relais"
else
	put_link sendmail "$sbin/relais"
fi
[ -e "$B/tls.so" ] && put 644 "$B/tls.so" "$LIBDIR/tls.so"
# This is the package relais-token, which has dependencies of its own.
[ -e "$B/installed/relais-token" ] &&
    put 755 "$B/installed/relais-token" "$LIBDIR/relais-token"
put_link sendmail "$sbin/postqueue"
put_link "$sbin/sendmail" "$bin/mailq"
put_link "$sbin/sendmail" "$bin/newaliases"
put_link "$sbin/sendmail" "$PREFIX/lib/sendmail"
for page in man/*.[158]; do
	put 644 "$page" "$man/man${page##*.}/${page#man/}"
done
put 644 conf/providers "$DATADIR/providers"
put 644 conf/oauth-providers "$DATADIR/oauth-providers"
put 644 conf/relais.conf "$examples/relais.conf.example"
put 644 conf/relais.logrotate "$examples/relais.logrotate"
if with systemd; then
	for unit in conf/systemd/*; do
		put_unit 644 "$unit" "$PREFIX/lib/systemd/system/${unit##*/}"
	done
	put 644 conf/sysusers.d/relais.conf \
	    "$PREFIX/lib/sysusers.d/relais.conf"
	put 644 conf/tmpfiles.d/relais.conf \
	    "$PREFIX/lib/tmpfiles.d/relais.conf"
fi
if with openrc; then
	put_unit 755 conf/openrc/relais "$SYSCONFDIR/init.d/relais"
fi
put_unit 755 conf/openrc/relais "$examples/openrc/relais"
put_unit 755 conf/runit/relais/run "$examples/runit/relais/run"
if with completion; then
	put_unit 755 conf/completion/complete "$DATADIR/complete"
	put_unit 644 conf/completion/relais.bash "$bash/relais"
	put_unit 644 conf/completion/relais.zsh "$zsh/_relais"
	put_unit 644 conf/completion/relais.fish "$fish/relais.fish"
fi
if with apparmor; then
	put 644 conf/apparmor/relais "$SYSCONFDIR/apparmor.d/relais"
fi
if [ "$action" = uninstall ]; then
	for directory in "$LIBDIR" "$examples/openrc" \
	    "$examples/runit/relais" "$examples/runit" "$examples" \
	    "$DATADIR"; do
		rmdir "$DESTDIR$directory" 2>/dev/null || :
	done
fi
