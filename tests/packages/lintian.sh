#!/usr/bin/env bash
# lintian accepts the packages for Debian.
set -eu
packages=$(realpath "$(dirname "$0")")/deb
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. tests/support/script.sh

is_accepted() {
	lintian --allow-root --fail-on error,warning "$packages"/*.changes
}

sentence="lintian reports no error and no warning"
if ! command -v lintian >/dev/null; then
	skip "$sentence" "lintian is not installed: make setup check-deb"
elif [ ! -e "$packages/built" ]; then
	skip "$sentence" "the packages are not built: make setup check-deb"
else
	spec "$sentence" is_accepted
fi
spec_end
