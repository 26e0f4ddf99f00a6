# relais.bash - completion of relais(8) for bash
#
# bash replaces only "$2", the part of a word after the last = or :.

_relais() {
	local line=${COMP_LINE:0:COMP_POINT} words last word

	read -ra words <<<"$line"
	[[ $line != *[[:space:]] ]] || words+=("")
	last=${words[${#words[@]} - 1]}
	words[0]=${1/#\~/$HOME}
	COMPREPLY=()
	while IFS=$'\t' read -r word _; do
		case $word in
		:files)
			compopt -o filenames 2>/dev/null
			mapfile -t -O ${#COMPREPLY[@]} COMPREPLY \
			    < <(compgen -f -- "$2")
			;;
		:users)
			mapfile -t -O ${#COMPREPLY[@]} COMPREPLY \
			    < <(compgen -u -- "$2")
			;;
		:groups)
			mapfile -t -O ${#COMPREPLY[@]} COMPREPLY \
			    < <(compgen -g -- "$2")
			;;
		"$last"*)
			COMPREPLY+=("${word:${#last}-${#2}}")
			;;
		esac
	done < <(/usr/share/relais/complete "${words[@]}" 2>/dev/null)
	if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
		compopt -o nospace 2>/dev/null
	fi
}

complete -F _relais relais
