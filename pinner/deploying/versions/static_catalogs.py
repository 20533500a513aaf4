"""The programs with which Puppet Server compiles static catalogs, and its configuration for them.

Puppet Server runs `code-id ENV` for each catalog and `code-content ENV ID PATH` for each file of one, both with an
empty environment (puppetserver documentation/static_catalogs.md). A non-zero exit fails the request, which is what
must happen to an id that is not a version: other content would not be what the catalog was compiled from.
"""

from collections.abc import Mapping

from pinner.puppet.puppetfile.writer import HEADER_MARK

CODE_ID, CODE_CONTENT, CONFIGURATION = "code-id", "code-content", "versioned-code.conf"

_START = """\
#!/bin/sh
# {mark} for Puppet Server: {what}
set -eu
PATH=/usr/bin:/bin
export LC_ALL=C
directory={directory}
fail() {{ echo "$1" >&2; exit 1; }}
case "${{1-}}" in '' | *[!A-Za-z0-9_]*) fail 'this is not the name of an environment' ;; esac
versions="$directory/.pinner/versions/$1"
"""

# `date` is run only during a switch: a process for each catalog would be felt.
_CODE_ID = """\
if { read -r until < "$versions/switching" && test "$(date +%s)" -lt "$until"; } 2> /dev/null; then
  fail "environment $1 is being switched; the agent may use its cached catalog"
fi
target=$(readlink -- "$directory/$1") || fail "environment $1 was not deployed by pinner to $directory"
case "$target" in
  "$versions"/*/* | "$versions"/*[!A-Za-z0-9-]*) target= ;;
  "$versions"/pin-*) ;;
  *) target= ;;
esac
test -n "$target" || fail "environment $1 was not deployed by pinner to $directory"
echo "${target##*/}"
"""

# The files of a module are below what the first two parts of the path lead to, which is a tree of the store or a
# directory of the version; a link in them may not lead out of it.
_CODE_CONTENT = """\
case "${2-}" in pin-*) ;; *) fail "unknown code id ${2-}" ;; esac
case "$2" in *[!A-Za-z0-9-]*) fail 'this is not a code id' ;; esac
version="$versions/$2"
test -d "$version" && test ! -L "$version" || fail "environment $1 has no version $2"
path=${3-}
case "/$path/" in *//* | */./* | */../*) fail 'this is not a path in an environment' ;; esac
case "$path" in */*/*) ;; *) fail 'this is not a file of a module' ;; esac
rest=${path#*/}
inner=${rest#*/}
case "$inner" in files/?* | tasks/?* | scripts/?* | lib/?*) ;; *) fail 'this is not a file of a module' ;; esac
module=$(readlink -f -- "$version/${path%%/*}/${rest%%/*}") || fail 'there is no such module'
case "$module" in
  "$directory"/.pinner/trees/?*)
    tree=${module#"$directory"/.pinner/trees/}
    grep -qF -- "\"${tree%%/*}\"" "$version.json" || fail 'the module is not in this version' ;;
  "$version"/?*) ;;
  *) fail 'the module is not in this version' ;;
esac
file=$(readlink -f -- "$module/$inner") || fail 'there is no such file'
case "$file" in "$module"/*) ;; *) fail 'a link leads out of the module' ;; esac
test -f "$file" || fail 'there is no such file'
exec cat -- "$file"
"""


def server_files(directory: str) -> Mapping[str, tuple[str, int]]:
    """Return name to text and mode of the programs and the configuration, for a deployment directory.

    `directory` is absolute and has the characters that DeploymentDirectory accepts, so it needs no quoting.
    """
    starts = {
        CODE_ID: "prints the version that an environment serves",
        CODE_CONTENT: "prints a file of a version of an environment",
    }
    head = {
        name: _START.format(mark=HEADER_MARK, what=what, directory=directory) for name, what in starts.items()
    }
    own = f"{directory}/.pinner"
    configuration = (
        f"# {HEADER_MARK}: copy this to conf.d of Puppet Server\n"
        "versioned-code: {\n"
        f'    code-id-command: "{own}/{CODE_ID}"\n'
        f'    code-content-command: "{own}/{CODE_CONTENT}"\n'
        "}\n"
    )
    return {
        CODE_ID: (head[CODE_ID] + _CODE_ID, 0o755),
        CODE_CONTENT: (head[CODE_CONTENT] + _CODE_CONTENT, 0o755),
        CONFIGURATION: (configuration, 0o644),
    }
