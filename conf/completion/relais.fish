# relais.fish - completion of relais(8) for fish

function __relais_complete
    set -l last (commandline -ct)
    set -l words (commandline -opc) "$last"
    for line in (/usr/share/relais/complete $words 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path "$last"
            case ':users'
                __fish_complete_users
            case ':groups'
                __fish_complete_groups
            case '*'
                echo $line
        end
    end
end

complete -c relais -f -a '(__relais_complete)'
