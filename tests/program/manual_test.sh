#!/usr/bin/env bash
# The manuals are valid mdoc, and describe the program: its options, commands,
# keys, metrics and exit statuses are those of the manuals, and the manuals
# describe no others.
set -u
shopt -s extglob
build=$(realpath "$(dirname "$0")/../..")
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
. tests/support/script.sh

# same "a sentence" CODE MANUAL: two lists of words, in any order
same() {
	spec "$1" diff <(tr -s ' ' '\n' <<<"$2" | grep . | sort -u) \
	    <(tr -s ' ' '\n' <<<"$3" | grep . | sort -u)
}

# The text between two headings of a rendered page.
part() {
	sed -n "/^ *$2\$/,/^ *$3\$/p" "$scratch/$1"
}

help() {
	"$build/relais" help "$@"
}

for page in man/*.[158]; do
	spec "$page is valid mdoc" mandoc -Tlint -Wwarning "$page"
	mandoc -Tascii -O width=1000 "$page" | sed 's/.\x08//g' \
	    >"$scratch/${page#man/}"
done

# --- sendmail(8) ---

options=$(part sendmail.8 Options ENVIRONMENT)

accepted_letters() {
	local letter

	for letter in {A..Z} {a..z}; do
		"$build/sendmail" "-$letter" --help 2>&1 </dev/null |
		    grep -q "unknown option" || echo "$letter"
	done
}

same "sendmail(8) describes the options, and no others" \
    "$(accepted_letters)" \
    "$(grep -oE '(^|[ (])-[A-Za-z]' <<<"$options" | tr -d ' (-')"

# A letter that a command line cannot end with, except those that are refused.
letters_with_a_value() {
	local letter

	for letter in {A..Z} {a..z}; do
		"$build/sendmail" "-$letter" 2>&1 </dev/null |
		    grep -q "option -$letter requires a value" && echo "$letter"
	done | grep -vx S
}

# "-F name", "-L, -M and -p"; the values of -b are options of their own.
same "sendmail(8) says which options have a value" "$(letters_with_a_value)" \
    "$(echo b
	sed -nE '/^\.It Fl/{s/ Fl /\n-/g;p;}' man/sendmail.8 |
	    sed -nE 's/^-([A-Za-z])( Ns)? Ar .*/\1/p' | grep -vx q
	printf '%s\n' "$options" | sed 's/[;:]/&\n/g' |
	    sed -n '/With an argument:/{n;p;}' | grep -oE -- '-[A-Za-z]' |
	    tr -d -)"
same "sendmail(8) describes the long options, and no others" \
    "$(grep -ohE '"--[a-z]+"' src/cli/options.c | tr -d '"')" \
    "$(grep -oE '^ *--[a-z]+' <<<"$options")"
same "sendmail(8) describes the letters after -o, and no others" \
    "$(sed -n "/^set_short(/,/^}/s/.*value\[0\] == '\(.\)'.*/\1/p" \
	src/cli/options.c)" \
    "$(grep -oE -- '-o[a-z](mode)?\b' <<<"$options" | sed 's/-o//; s/mode//')"
same "sendmail(8) describes the modes of -b, and no others" \
    "$(sed -n "s/^	{ '\(.\)', MODE_.*/\1/p" src/cli/options.c)" \
    "$(grep -oE -- '-b[A-Za-z]' <<<"$options" | sed 's/-b//')"
same "sendmail(8) describes the long names of -O, and no others" \
    "$(sed -n 's/.*value_of(value, "\([A-Za-z]*\)").*/\1/p' \
	src/cli/options.c)" \
    "$(sed -n '/^\.Ss Options/,/^\.Sh/s/^\.Ic \([A-Z][A-Za-z]*\).*/\1/p' \
	man/sendmail.8)"

# --- postqueue(1) ---

same "postqueue(1) describes the options, and no others" \
    "$(sed -n "s/^	case '\(.\)':.*/\1/p" src/cli/postqueue.c)" \
    "$(sed -n 's/^\.It Fl \(.\).*/\1/p' man/postqueue.1)"

# --- relais.conf(5) ---

# The same order, too.
spec "relais.conf(5) describes the keys of relais help keys, in their order" \
    diff <(help keys | awk '{ print $1 }') \
    <(part relais.conf.5 KEYS SECTIONS | sed -n 's/^     \([a-z_]*\) = .*/\1/p')
same "relais.conf(5) describes the sections, and no others" \
    "$(sed -n '/^section_name(/,/^}/s/.*return "\(.*\)";/\1/p' \
	src/config/section.c)" \
    "$(sed -n 's/^\.It Bq Ic \([a-z]*\) Ar.*/\1/p' man/relais.conf.5)"

# --- relais(8) ---

commands=$(sed -n 's/^	{ "\([a-z]*\)", MODE_.*/\1/p' src/cli/commands.c)
queue_commands=$(sed -n 's/^	{ "\([a-z]*\)",	*[A-Z]*_ID,.*/\1/p' \
    src/cli/queue_commands.c)

same "relais(8) has the commands in its synopsis, and no others" "$commands" \
    "$(sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESC/s/^\.Cm \([a-z]*\).*/\1/p' \
	man/relais.8)"
same "relais(8) describes the commands, and no others" "$commands" \
    "$(sed -n -e 's/^\.It Cm \([a-z]*\).*/\1/p' \
	-e '/^\.It Xo/{n;s/^\.Cm \([a-z]*\).*/\1/p}' man/relais.8)"
same "relais(8) describes the commands of queue, and no others" \
    "$queue_commands" \
    "$(sed -n 's/^\.It Cm queue \([a-z]*\).*/\1/p' man/relais.8)"

# code_options FILE...: the long options that the source compares with.
code_options() {
	grep -ohE '"--[a-z][a-z-]*"' "$@" | tr -d '"'
}

# manual_options COMMAND: those in the description of a command.
manual_options() {
	awk -v command="$1" '
	/^\.It Cm [a-z]/ { current = $3 }
	/^\.It Xo/ { getline; current = $2 }
	/^\.S[hs]/ { current = "" }
	current == command && /^\.(It|Op|Fl|Cm)/ {
		gsub(/Fl /, " ")
		for (i = 2; i <= NF; i++)
			if ($i ~ /^--?[a-z][a-z-]+$/) {
				sub(/^-*/, "--", $i)
				print $i
			}
	}' man/relais.8
}

# The options of login and token are those of relais-token(1).
for command in $commands; do
	files=(src/cli/"$command"*_command*.c)
	[[ -f ${files[0]} && $command != @(login|setup|token) ]] || continue
	same "relais(8) describes the options of $command, and no others" \
	    "$(code_options "${files[@]}")" "$(manual_options "$command")"
done
same "relais(8) describes the options of setup, and no others" \
    "$(code_options src/cli/setup_answers.c)" "$(manual_options setup)"
same "relais(8) describes the stages of check, and no others" \
    "$(sed -n 's/^		\[CHECK_[A-Z]*\] = "\(.*\)",/\1/p' \
	src/check/check.c | sed '/^ok$/,$d')" \
    "$(sed -n '/^\.It Cm check/,/^\.El/s/^\.It Ql //p' man/relais.8)"
same "relais(8) describes the metrics, and no others" \
    "$(grep -ohE 'relais_[a-z_]+' src/cli/metrics.c src/cli/queue_metrics.c)" \
    "$(part relais.8 Metrics 'The service' | grep -oE 'relais_[a-z_]+')"

# Only relais passes the usual values.
same "relais-token(1) describes the options of login, and no others" \
    "$(code_options src/cli/login_options.c | grep -ve '--usual-')" \
    "$(echo --no-check	# relais(8)
	grep '^     relais-token login' "$scratch/relais-token.1" |
	    grep -oE '[ [|]--?[a-z][a-z-]+' | sed 's/^. *-*/--/')"

# --- Exit statuses ---

# statuses FILE...: the numbers of the constants in the source.
statuses() {
	grep -ohE '\bEX_[A-Z]+\b' "$@" | sort -u | while read -r name; do
		awk -v name="$name" '/^#/ && $2 == name { print $3 }' \
		    /usr/include/sysexits.h
	done
}

manual_statuses() {
	sed -n '/^\.Sh EXIT STATUS/,/^\.Sh [F-Z]/s/^\.It \([0-9][0-9 ,]*\)$/\1/p' \
	    "$@" | tr -d ,
}

# EX_OSFILE, a queue that does not exist, is not passed on: no queue is needed.
same "sendmail(8) lists the exit statuses, and no others" \
    "$(statuses src/*.c src/!(token)/*.[ch] | grep -vx 72)" \
    "$(manual_statuses man/sendmail.8)"
same "every status in relais(8) is one of sendmail(8), or 1" \
    "$(manual_statuses man/sendmail.8 man/relais.8)" \
    "$(manual_statuses man/sendmail.8; echo 1)"
same "relais-token(1) lists the exit statuses, and no others" \
    "$(statuses src/token/*.[ch] src/config/token_file.c src/setup/table.c \
	src/util/*.c)" \
    "$(manual_statuses man/relais-token.1)"

# --- Names ---

program_names_are_in_a_manual() {
	local name missing=0

	for name in $(sed -n 's/^	{ "\([a-z-]*\)",.*MODE_.*/\1/p' src/main.c)
	do
		grep -qw -- "$name" "$scratch"/*.[158] ||
		    { echo "$name" && missing=1; }
	done
	return $missing
}

named_tests_exist() {
	local tests

	tests=$(part relais.8 SECURITY ENVIRONMENT | grep -oE '[a-z_]+_test\>' |
	    sort -u)
	[ -n "$tests" ] && for name in $tests; do
		compgen -G "tests/*/$name.*" || { echo "$name" && false; } ||
		    return
	done
}

# --- Messages ---

quoted_messages_exist() {
	local programs=("$build/relais") text missing=0

	[ ! -f "$build/tls.so" ] || programs+=("$build/tls.so")
	[ ! -f "$build/relais-token" ] || programs+=("$build/relais-token")
	while read -r text; do
		grep -aqF -- "$text" "${programs[@]}" ||
		    { echo "$text" && missing=1; }
	done < <(sed -n '/^\.Sh DIAGNOSTICS/,/^\.Sh SEE/s/^\.It D[qo] //p' \
	    man/relais.8 | sed 's/ D[co]\>/\n/g' |
	    sed 's/^ *\(or\)*[ ,]*//; s/\\&//; /^$/d' |
	    grep -v -e '^[0-9]*$' -e '^No space' -e '^got status')
	return $missing
}

spec "the messages that relais(8) quotes exist" quoted_messages_exist
spec "a manual names each name of the program" program_names_are_in_a_manual
spec "the tests that relais(8) names exist" named_tests_exist

# --- make html ---

# attribute NAME: its values in the page
attribute() {
	grep -oE " $1=\"[^\"]*\"" "$scratch/page" | sed 's/^[^"]*"//; s/"$//'
}

# The table has each heading, and each link to an anchor has one.
page_is_complete() {
	conf/html.sh man/*.[158] >"$scratch/page" &&
	    [ "$(grep -c '^<li' "$scratch/page")" = \
		"$(cat man/*.[158] | grep -c '^\.S[hs] ')" ] &&
	    [ -z "$(attribute id | sort | uniq -d)" ] &&
	    ! comm -13 <(attribute id | sort) \
		<(attribute href | sed -n 's/^#//p' | sort -u) | grep . &&
	    ! grep 'href="manual:' "$scratch/page"
}

spec "the page of make html has all headings, and no broken links" \
    page_is_complete

spec_end
