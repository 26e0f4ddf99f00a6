#!/usr/bin/env bash
# Completion in bash, zsh and fish: the words that each shell offers are the
# commands, options, keys, messages and logins of the program, and no others.
set -u
build=$(realpath "$(dirname "$0")/../..")
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
. tests/support/script.sh

# The completion of the tree, as make install installs it.
mkdir -p "$scratch/share" "$scratch/home/.local/state/relais/tokens"
export HOME=$scratch/home
cp conf/providers conf/oauth-providers "$scratch/share"
for file in conf/completion/*; do
	sed "s|/usr/share/relais|$scratch/share|" "$file" \
	    >"$scratch/share/${file##*/}"
done
chmod 755 "$scratch/share/complete"
: >"$scratch/home/.local/state/relais/tokens/work"
PATH=$build:$PATH

# A queue with a message that waits and one that is held.
conf=$scratch/relais.conf
cat >"$conf" <<-END
	smarthost = smtp://127.0.0.1:9
	tls = off
	queue = $scratch/queue
	socket = off
	log = off
	domain = example.org
END
for _ in 1 2; do
	relais -C "$conf" -odq kim@example.org <<<"Subject: a test" || exit
done
ids=$(relais -C "$conf" queue list --json |
    sed 's/.*"queue_id": "\([^"]*\)".*/\1/')
relais -C "$conf" queue hold "${ids##*$'\n'}" || exit

# --- The shells ---

# bash replaces only what follows the last = or :.
words_bash() {
	bash --norc -c '
	. "$1/relais.bash"
	COMP_LINE=$2 COMP_POINT=${#2}
	set -- relais "${2##*[ =:]}"
	$(complete -p relais | sed "s/.*-F \([^ ]*\) .*/\1/") "$@"
	printf "%s\n" "${COMPREPLY[@]}"' bash "$scratch/share" "$1"
}

# zsh itself completes only on a terminal: the functions of its completion are
# replaced here.
words_zsh() {
	zsh -f -c '
	compadd() {
		local -a all=(${(P)@[-1]})
		print -rl -- ${(M)all:#${(b)words[CURRENT]}*}
	}
	_files() { print -rl -- *(N) }
	_users() { print root }
	_groups() { print root }
	words=(${(z)2})
	[[ $2 != *" " ]] || words+=("")
	CURRENT=$#words
	complete_relais() { . $file }
	file=$1/relais.zsh
	complete_relais' zsh "$scratch/share" "$1"
}

words_fish() {
	# shellcheck disable=SC2016 # the variables of fish
	fish --no-config -c '
	source $argv[1]/relais.fish
	complete -C $argv[2]' "$scratch/share" "$1" | cut -f 1
}

# offers LINE WORDS: exactly these, after the last =.
offers() {
	diff <(tr -s ' ' '\n' <<<"$2" | grep . | sort -u) \
	    <("words_$shell" "$1" | sed 's/.*=\(.\)/\1/' | grep . | sort -u)
}

# offers_all LINE WORDS: these, and perhaps others.
offers_all() {
	! comm -23 <(tr -s ' ' '\n' <<<"$2" | sort -u) \
	    <("words_$shell" "$1" | sort -u) | grep .
}

offers_nothing() {
	! "words_$shell" "$1" | grep .
}

# --- What the program has ---

commands=$(sed -n 's/^	{ "\([a-z]*\)", MODE_.*/\1/p' src/cli/commands.c)
queue_commands=$(sed -n 's/^	{ "\([a-z]*\)",	*[A-Z]*_ID,.*/\1/p' \
    src/cli/queue_commands.c)
keys=$(relais help keys | awk '{ print $1 "=" }')

options_of() {
	grep -ohE '"(--[a-z][a-z-]*|-f)"' "$@" | tr -d '"' |
	    grep -vxE -e '--(ca|proxy|usual-provider|usual-user)'
}

# Letters of sendmail that have no effect, or that are refused.
ignored='A D E G J L M Q S T U X c d h l m n p s x'

# Each letter is in one of the lists, and the program accepts those offered.
letters_are_offered() {
	local letter offered

	offered=$("words_$shell" "relais -" | grep -v '^--')
	for letter in {A..Z} {a..z}; do
		if sendmail "-$letter" --help 2>&1 </dev/null |
		    grep -q "unknown option"; then
			! grep "^-$letter" <<<"$offered" || return
		elif ! grep -qw "$letter" <<<"$ignored"; then
			grep -q "^-$letter" <<<"$offered" ||
			    { echo "-$letter" && return 1; }
		fi
	done
	for option in $offered; do
		case $option in
		-[BCFNORVfor] | -q[IRS]) continue ;;	# require a value
		esac
		relais "$option" --help </dev/null || return
	done
}

queue_options_are_offered() {
	diff <(options_of src/cli/queue_commands.c | sort -u) \
	    <(for name in $queue_commands; do
		"words_$shell" "relais queue $name -"
	    done | grep . | sort -u)
}

modes_are_offered() {
	diff <(sed -n "s/^	{ '\([^hH]\)', MODE_.*/-b\1/p" \
	    src/cli/options.c | sort) \
	    <("words_$shell" "relais -b" | grep -e "^-b" | sort)
}

test_shell() {
	spec "$shell offers the commands" offers "relais " "$commands"
	spec "$shell offers the commands after options" \
	    offers "relais -v -f kim@example.org " "$commands"
	spec "$shell offers the options of sendmail that have an effect" \
	    letters_are_offered
	spec "$shell offers the modes of -b" modes_are_offered
	spec "$shell offers --help and --version" \
	    offers "relais --" "--help --version"
	spec "$shell offers the keys after -o" offers "relais -o " "$keys"
	spec "$shell offers the values of a key" offers "relais -o tls=" \
	    "required opportunistic off"
	spec "$shell offers the values of a key that can also be a path" \
	    offers "relais -o queue=" off
	spec "$shell offers the options of check" offers "relais check -" \
	    "$(options_of src/cli/check_command.c)"
	spec "$shell offers the options of import" offers "relais import -" \
	    "$(options_of src/cli/import_command.c)"
	spec "$shell offers the options of login" offers "relais login --" \
	    "$(options_of src/cli/login_options.c)"
	spec "$shell offers the options of queue, each with its command" \
	    queue_options_are_offered
	spec "$shell offers no option of another command of queue" \
	    offers "relais queue release -" \
	    "--failed --all --recipient --since"
	spec "$shell offers the options of route" offers "relais route -" \
	    "$(options_of src/cli/route_command.c)"
	spec "$shell offers the options of setup" offers "relais setup --" \
	    "$(options_of src/cli/setup_answers.c)"
	spec "$shell offers the options of test" offers "relais test -" \
	    "$(options_of src/cli/test_command.c)"
	spec "$shell offers the options of token" offers "relais token -" \
	    --renew
	spec "$shell offers the commands of queue" offers "relais queue " \
	    "$queue_commands"
	spec "$shell offers the messages" \
	    offers "relais -C $conf queue show " "$ids"
	spec "$shell offers the messages after an option" \
	    offers "relais -C $conf queue show --json " "$ids"
	spec "$shell offers the logins" offers_all "relais login " work
	spec "$shell offers the logins for a token" offers_all \
	    "relais token " work
	spec "$shell offers the logins for setup" offers_all \
	    "relais setup --token " work
	spec "$shell offers the authorization servers" offers_all \
	    "relais login --provider " "google microsoft"
	spec "$shell offers the providers" offers_all \
	    "relais setup --smarthost " "gmail"
	spec "$shell offers the users" offers_all "relais test --user " root
	spec "$shell offers the groups" offers_all "relais setup --group " root
	spec "$shell offers the commands and keys for help" \
	    offers "relais help " "$commands keys"
	spec "$shell offers nothing for the value of another option" \
	    offers_nothing "relais queue release --since "
	spec "$shell offers nothing after an address" \
	    offers_nothing "relais kim@example.org "
}

for shell in bash zsh fish; do
	if command -v $shell >/dev/null; then
		test_shell
	else
		skip "completion in $shell" "$shell is not installed"
	fi
done

spec_end
