#compdef relais
# relais.zsh - completion of relais(8) for zsh, installed as _relais

local line word
local -a found descriptions unfinished

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
		descriptions+=("${line/$'\t'/  -- }")
		;;
	esac
done
(( ! $#unfinished )) || compadd -S '' -a unfinished
(( ! $#found )) || compadd -l -d descriptions -a found
