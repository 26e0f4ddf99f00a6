# cases.sh - test cases for every server (sourced in a lab)
#
# A case (spec.sh) sends a message with $BUILD/sendmail and a configuration of
# its own, and compares the message that the server delivered octet for octet.

. tests/support/spec.sh

# wait_for_port PORT PID LOG...: waits until the server PID answers on PORT.
wait_for_port() {
	local port=$1 pid=$2 deadline=$((SECONDS + 60))
	shift 2
	until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
		if ! kill -0 "$pid" 2>/dev/null || ((SECONDS > deadline)); then
			echo "the server does not answer on port $port"
			tail -n 20 "$@"
			exit 1
		fi
		pause
	done
}

# configuration LINE...: writes a relais.conf for the lab with these lines,
# without a user or a password.
configuration() {
	{
		printf '%s\n' 'from_mode = never' 'queue = off' \
		    'socket = off' 'log = stderr' "tls_ca = $LAB/ca.pem"
		printf '%s\n' "$@"
	} >"$LAB/case/relais.conf"
}

# The same with user and password; LAB_SECRET is another password, if set.
configuration_with_password() {
	printf '%s\n' "${LAB_SECRET-$LAB_PASSWORD}" >"$LAB/case/password"
	chmod 600 "$LAB/case/password"
	configuration "user = $LAB_USER" \
	    "password_file = $LAB/case/password" "$@"
}

# relais STATUS ARGUMENT... <MESSAGE: requires that exit status.  The program is
# sendmail under the name relais, which executes relais for a command.
relais() {
	local want=$1 status=0
	shift
	timeout 60 "$BUILD/tests/relais" -C "$LAB/case/relais.conf" "$@" \
	    >"$LAB/case/stdout" 2>"$LAB/case/stderr" || status=$?
	[ "$status" -eq "$want" ] || {
		echo "relais $*: exit status $status instead of $want"
		return 1
	}
}

# stderr_says TEXT: requires that standard error contains TEXT.
stderr_says() {
	grep -qiF -e "$1" "$LAB/case/stderr" ||
	    { echo "standard error does not contain: $1"; return 1; }
}

# delivered SERVER DIRECTORY MESSAGE RECIPIENT...: requires that exactly these
# recipients have received MESSAGE, once and octet for octet.
delivered() {
	local server=$1 directory=$2 message=$3 file
	shift 3
	await_delivery "$directory" $#
	delivered_files "$directory" | while read -r file; do
		"${server}_recipient" "$file"
		same_as "$message" "$file" >&2
	done | sort >"$LAB/case/who"
	printf '%s\n' "$@" | sort | diff - "$LAB/case/who"
}

# await_delivery DIRECTORY N: waits until N messages have been delivered.
await_delivery() {
	local deadline=$((SECONDS + 60))
	until [ "$(delivered_files "$1" | wc -l)" -ge "$2" ]; do
		((SECONDS < deadline)) || {
			echo "fewer than $2 messages have been delivered"
			return 1
		}
		pause
	done
}

delivered_files() {
	find "$1" -path '*/new/*' -type f
}

# The server may only add header fields at the top.
same_as() {
	local size head
	size=$(stat -c %s "$1")
	head=$(($(stat -c %s "$2") - size))
	[ "$head" -ge 0 ] || { echo "$2 is shorter than the message"; return 1; }
	tail -c "$size" "$2" | cmp - "$1"
	if head -c "$head" "$2" | grep -vE '^([[:blank:]]|(Return-path|Received|X-Original-To|Delivered-To|Envelope-to|Delivery-date|Authentication-Results):)' -i; then
		echo "$2: these lines precede the message"
		return 1
	fi
}

# Messages.  Their headers are complete, so relais adds no field.

head_of() {
	printf '%s\n' 'Date: Mon, 6 Jan 2025 10:20:30 +0100' \
	    "From: Caller <caller@client.test>" "To: $1" \
	    "Subject: $2" 'Message-ID: <1@client.test>' \
	    'MIME-Version: 1.0' "Content-Type: text/plain; charset=utf-8" \
	    "Content-Transfer-Encoding: ${3-7bit}" ''
}

# octets N: numbered lines of text, N octets in total
octets() {
	seq -f '%09.0f The quick brown fox jumps over the lazy dog.' 999999 |
	    head -c $(($1 - 1)) || :
	echo
}

# Five in each line, as Sendmail folds them.
recipients() {
	local n list=r1@lab.test
	for n in $(seq 2 "$1"); do
		case $n in
		*[16]) list="$list,
        r$n@lab.test" ;;
		*) list="$list, r$n@lab.test" ;;
		esac
	done
	printf %s "$list"
}

# Cases.  SERVER delivers to Maildirs in DIRECTORY; the configuration has been
# written.

message_arrives() {
	local server=$1 directory=$2 size=$3 to=$4
	{ head_of "$(recipients "$to")" "$size octets"; octets "$size"; } \
	    >"$LAB/case/message"
	relais 0 -t <"$LAB/case/message"
	# shellcheck disable=SC2046
	delivered "$server" "$directory" "$LAB/case/message" \
	    $(seq -f 'r%g@lab.test' "$to")
}

dots_arrive() {
	{
		head_of r1@lab.test dots
		printf '.\n..\n...\n.hidden\n \n.\n'
		printf 'From here\n>From there\n\n\n.\n'
	} >"$LAB/case/message"
	relais 0 -i -t <"$LAB/case/message"
	delivered "$1" "$2" "$LAB/case/message" r1@lab.test
}

eight_bit_arrives() {
	{
		head_of r1@lab.test 'eight bit' 8bit
		printf 'Gr\303\274\303\237e aus K\303\266ln\n\200\377\n'
	} >"$LAB/case/message"
	relais 0 -i -t <"$LAB/case/message"
	delivered "$1" "$2" "$LAB/case/message" r1@lab.test
}

# Lines over 998 octets must be encoded, so the decoded text is compared.
long_lines_arrive() {
	{
		printf 'short\n'
		printf '%02000d = and more \n' 7
		printf '%020000d' 8 | tr 0 x
		printf '\n.\nlast\n'
	} >"$LAB/case/text"
	{ head_of r1@lab.test 'long lines'; cat "$LAB/case/text"; } |
	    relais 0 -i -t
	local deadline=$((SECONDS + 60))
	until [ -n "$(delivered_files "$2")" ]; do
		((SECONDS < deadline))
		pause
	done
	decoded "$(delivered_files "$2")" | cmp - "$LAB/case/text"
}

crlf_and_lf_arrive() {
	{ head_of r1@lab.test 'mixed line ends'; printf 'a\nb\nc\n'; } \
	    >"$LAB/case/message"
	sed '2s/$/\r/; 9,10s/$/\r/' "$LAB/case/message" | relais 0 -i -t
	delivered "$1" "$2" "$LAB/case/message" r1@lab.test
}

refused_recipient_leaves_the_others() {
	{ head_of 'someone@lab.test' 'one is refused'; octets 2048; } \
	    >"$LAB/case/message"
	relais 67 -i r1@lab.test bad@lab.test r2@lab.test \
	    <"$LAB/case/message"
	stderr_says bad@lab.test
	stderr_says 550
	delivered "$1" "$2" "$LAB/case/message" r1@lab.test r2@lab.test
}

deferred_recipient_is_reported() {
	{ head_of 'someone@lab.test' 'one is deferred'; octets 2048; } \
	    >"$LAB/case/message"
	relais 75 -i r1@lab.test full@lab.test <"$LAB/case/message"
	stderr_says full@lab.test
	stderr_says 45
	delivered "$1" "$2" "$LAB/case/message" r1@lab.test
}

refused() {
	local status=$1
	shift
	{ head_of r1@lab.test refused; octets 2048; } >"$LAB/case/message"
	relais "$status" -i -t <"$LAB/case/message"
	for text; do
		stderr_says "$text"
	done
	if grep -qrsF "$LAB_PASSWORD" "$LAB/case/stdout" "$LAB/case/stderr"
	then
		echo "the password was printed"
		return 1
	fi
	[ -z "$(delivered_files "$LAB/mail")" ]
}

# all_sizes_and_shapes WRITER SERVER DIRECTORY LINE...: the cases that every
# server must pass, with this configuration.  WRITER is with or with_only.
all_sizes_and_shapes() {
	local with=$1 server=$2 directory=$3
	shift 3
	spec "$server: 2 KB arrive unchanged" \
	    "$with" "$@" -- message_arrives "$server" "$directory" 2048 1
	spec "$server: 5 MB arrive unchanged" \
	    "$with" "$@" -- message_arrives "$server" "$directory" 5242880 1
	spec "$server: 50 recipients receive one copy each" \
	    "$with" "$@" -- message_arrives "$server" "$directory" 2048 50
	spec "$server: lines that begin with dots arrive unchanged" \
	    "$with" "$@" -- dots_arrive "$server" "$directory"
	spec "$server: 8-bit text arrives unchanged" \
	    "$with" "$@" -- eight_bit_arrives "$server" "$directory"
	spec "$server: lines over 998 octets keep their text" \
	    "$with" "$@" -- long_lines_arrive "$server" "$directory"
	spec "$server: CRLF and LF in one message arrive as line ends" \
	    "$with" "$@" -- crlf_and_lf_arrive "$server" "$directory"
}

# checks STATUS PATTERN...: runs relais check, which sends nothing, and requires
# the status and a line that matches each pattern.
checks() {
	local status=$1
	shift
	relais "$status" check
	for pattern; do
		grep -qE -e "$pattern" "$LAB/case/stdout" || {
			echo "relais check does not print: $pattern"
			cat "$LAB/case/stdout"
			return 1
		}
	done
	fails grep -rF "$LAB_PASSWORD" "$LAB/case/stdout" "$LAB/case/stderr"
	[ -z "$(delivered_files "$LAB/mail")" ]
}

# No stage of the server has another verdict.
checks_are_good() {
	checks 0 '^tls .* OK .*verified' '^auth .* OK .*logged in' \
	    '^mail .* OK' '^rcpt .* OK .*r1@lab.test' '^rset .* OK'
	! grep -E -A1 '^(lookup|connect|greeting|ehlo|tls|auth|mail|rcpt|rset) +(warning|FAIL|not)' \
	    "$LAB/case/stdout"
}

# The authority of another certificate is trusted.
checks_another_ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$LAB/case/key" -out "$LAB/case/ca.pem" -days 2 \
	    -subj '/CN=another root' 2>/dev/null
	sed -i "s|^tls_ca = .*|tls_ca = $LAB/case/ca.pem|" \
	    "$LAB/case/relais.conf"
	checks "$@"
}

# relais check names the stage and the remedy.  A sender is refused at the
# given stage, with the status of the stage.
all_stages_are_checked() {
	local server=$1 sender=$2 status=$3
	local to='root = r1@lab.test' at='smarthost = submission://lab.test'
	spec "$server: relais check finds no fault" \
	    with "$at" "$to" -- checks_are_good
	spec "$server: relais check finds no fault with implicit TLS" \
	    with 'smarthost = submissions://lab.test' "$to" -- checks_are_good
	LAB_SECRET=wrong spec "$server: relais check finds a wrong password" \
	    with "$at" "$to" -- checks 77 '^auth +FAIL .*535' \
	    '-> check user .*password'
	spec "$server: relais check finds an unknown authority" \
	    with "$at" "$to" -- checks_another_ca 78 \
	    '^tls +FAIL .*certificate' '-> .*tls_ca'
	spec "$server: relais check finds a refused sender" \
	    with "$at" "$to" 'from = stranger@lab.test' \
	    -- checks "$status" "^$sender +FAIL .* 55[03] .*not your address" \
	    '-> .*from .*must be an address that the server accepts'
	spec "$server: relais check finds a refused recipient" \
	    with "$at" 'root = bad@lab.test' \
	    -- checks 67 '^rcpt +FAIL .*<bad@lab.test>: 550' \
	    '-> mail to root goes to this address: correct root'
	spec "$server: relais check finds that AUTH is not offered" \
	    with 'smarthost = submission://lab.test:25' "$to" \
	    -- checks 77 '^auth +FAIL .*does not offer AUTH' \
	    '-> use the submission port'
}

# written_by WRITER LINE... -- CASE...: writes the configuration with WRITER,
# and runs CASE.
written_by() {
	local writer=$1 lines=()
	shift
	while [ "$1" != -- ]; do
		lines+=("$1")
		shift
	done
	shift
	"$writer" "${lines[@]}"
	"$@"
}

# with LINE... -- CASE...: runs CASE with user, password and these lines.
with() {
	written_by configuration_with_password "$@"
}

# with_only: the same without user and password.
with_only() {
	written_by configuration "$@"
}
