#compdef relais
# relais.zsh - completion of relais(8) for zsh, installed as _relais

local line word
local -i i width
local -a found about descriptions unfinished

for line in ${(f)"$(/usr/share/relais/complete \
    "${(@Q)words[1,CURRENT]}" 2>/dev/null)"}; do
	word=${line%%$'\t'*}
	case $word in
	(:files) _files ;;
	(:users) _users ;;
	(:groups) _groups ;;
	(*=) unfinished+=("$word") ;;
	(*)
		found+=("$word")
		about+=("${line#$word}")
		(( $#word <= width )) || width=$#word
		;;
	esac
done
for (( i = 1; i <= $#found; i++ )); do
	descriptions+=("${(r:width:)found[i]}${about[i]/$'\t'/  -- }")
done
(( ! $#unfinished )) || compadd -S '' -a unfinished
(( ! $#found )) || compadd -l -d descriptions -a found
