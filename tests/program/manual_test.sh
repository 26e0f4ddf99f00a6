#!/bin/sh
# The manuals are valid mdoc, and describe every option and every key.
build=$(dirname "$0")/../..
text=$(mktemp -d) || exit 1
trap 'rm -rf "$text"' EXIT
passed=0 failed=0

passes() {
	if [ "$1" -eq 0 ]; then
		echo "[       OK ] $2"
		passed=$((passed + 1))
	else
		echo "[  FAILED  ] $2"
		failed=$((failed + 1))
	fi
}

for page in man/*.[158]; do
	mandoc -Tlint -Wwarning "$page"
	passes $? "$page is valid mdoc"
	mandoc -Tascii "$page" | sed 's/.\x08//g' >"$text/${page#man/}"
done

for letter in A B C D E F G H I J K L M N O P Q R S T U V W X Y Z \
    a b c d e f g h i j k l m n o p q r s t u v w x y z; do
	"$build/sendmail" -$letter --help 2>&1 </dev/null |
	    grep -q "unknown option" && continue
	grep -qE -- "(^|[^[:alnum:]-])-$letter" "$text/sendmail.8"
	passes $? "sendmail(8) describes -$letter"
done

for key in $(sed -n 's/^#\([a-z_]*\) *= .*/\1/p' conf/relais.conf | sort -u); do
	grep -q "^     $key = " "$text/relais.conf.5"
	passes $? "relais.conf(5) describes $key"
done

echo "[  PASSED  ] $passed test(s)."
[ "$failed" -eq 0 ] || echo "[  FAILED  ] $failed test(s)."
[ "$failed" -eq 0 ]
