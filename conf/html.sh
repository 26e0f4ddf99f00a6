#!/bin/sh
# html.sh PAGE... - print the manuals as one HTML page with a table of contents
#
# mandoc renders each manual.  In its result, the names of anchors get the name
# of the manual as a prefix, because all manuals have a section NAME.  References
# to manuals that are not among the arguments lead to manpages.debian.org.
set -eu
command -v mandoc >/dev/null || {
	echo "html.sh: mandoc is not installed; run: make setup" >&2
	exit 1
}

name_of() {
	base=${1##*/}
	echo "${base%.*}(${base##*.})"
}

# Headings are put on one line, and are one level lower than in the HTML
# of some versions of mandoc, because h1 is the name of the manual.
render() {
	mandoc -Thtml -O 'fragment,man=manual:%N.%S' "$1" |
	    sed -e :join -e '/^<h[1-3] /{/<\/h/!{N;s/\n */ /;b join' -e '}}' \
		-e "s|id=\"|id=\"${1##*/}-|g" \
		-e "s|href=\"#|href=\"#${1##*/}-|g" \
		-e 's|<h[12] class="Sh"\(.*\)</h[12]>|<h2 class="Sh"\1</h2>|' \
		-e 's|<h[23] class="Ss"\(.*\)</h[23]>|<h3 class="Ss"\1</h3>|'
}

link_manuals() {
	script=
	for page; do
		script="$script;s|href=\"manual:${page##*/}\"|href=\"#${page##*/}\"|g"
	done
	sed -e "${script#;}" -e 's|href="manual:|href="https://manpages.debian.org/|g'
}

# Each heading contains a link to itself.
contents() {
	sed -n -e 's| class="permalink"||' \
	    -e 's|^<h2 .*\(<a .*</a>\)</h2>|<li>\1</li>|p' \
	    -e 's|^<h3 .*\(<a .*</a>\)</h3>|<li class="sub">\1</li>|p'
}

cat <<'END'
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The manuals of relais</title>
<style>
body { max-width: 50em; margin: 2em auto; padding: 0 1em;
  font-family: sans-serif; line-height: 1.4; color: #222; background: #fff }
nav details { margin: 0.3em 0 }
nav ul { columns: 2; margin: 0.3em 0 }
nav .sub { margin-left: 1em }
h1 { margin-top: 3em; border-bottom: 1px solid #999 }
h2 { font-size: 1.2em } h3 { font-size: 1.05em }
a { color: #0645ad } a.permalink { color: inherit; text-decoration: none }
table.head, table.foot { width: 100%; color: #666 }
td.head-vol { text-align: center } td.head-rtitle, td.foot-os { text-align: right }
pre, code, .Fl, .Cm, .Ic, .Nm, .Li, .Pa, .Ev { font-family: monospace }
code.Fl, code.Cm, code.Ic, code.Nm { font-weight: bold }
pre { background: #f4f4f4; padding: 0.5em; overflow-x: auto }
dd { margin-bottom: 0.5em } dl.Bl-compact > dd { margin-bottom: 0 }
.Bd-indent { margin-left: 2em }
@media (prefers-color-scheme: dark) {
  body { color: #ddd; background: #181818 } a { color: #8ab4f8 }
  pre { background: #262626 } }
</style>
</head>
<body>
<nav>
END
for page; do
	printf '<details open><summary><a href="#%s">%s</a></summary><ul>\n' \
	    "${page##*/}" "$(name_of "$page")"
	render "$page" | contents
	echo '</ul></details>'
done
echo '</nav>'
for page; do
	printf '<h1 id="%s">%s</h1>\n' "${page##*/}" "$(name_of "$page")"
	render "$page" | link_manuals "$@"
done
echo '</body>
</html>'
