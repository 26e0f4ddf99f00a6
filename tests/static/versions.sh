#!/bin/sh
# Whether the tools are those of Debian 12, for which the lists of rules were
# made: other versions have other findings.
for tool in gcc=12 clang-tidy=14 cppcheck=2.10 shellcheck=0; do
	"${tool%=*}" --version 2>/dev/null | grep -Eq " ${tool#*=}([.]|\$)" || {
		echo "make check-static is skipped: it requires ${tool%=*}" \
		    "${tool#*=}"
		exit 1
	}
done
