"""Write the pages of docs/reference that say what commands, manifests and settings take.

usage: python -m tools.write_reference
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pinner.project.manifest.read import MANIFEST
from pinner.project.manifest.settings import SETTINGS
from pinner.project.yaml.schema import Field, Kind, MapOf, OneOf, Record
from tools.commands import Command, Option, read_commands, read_root

OUTPUT = Path(__file__).resolve().parent.parent / "docs" / "reference"

_REMOTE = frozenset({"--cache", "--jobs", "--timeout", "--retries", "--offline"})
_HELP = frozenset({"--help"})
_SHARED = _REMOTE | _HELP

COMMANDS_HEAD = """\
<!-- Written by python -m tools.write_reference -->
# Commands

The output of `pinner COMMAND --help`, on one page. `man pinner` and `man pinner-lock` have it too, if the wheel's man pages
are installed. [Exit codes and output](output.md) are the same for all commands.
"""
MANIFEST_HEAD = """\
<!-- Written by python -m tools.write_reference -->
# Manifests

`environments/ENV.yaml`, one file per Puppet environment, with its name. A name that begins with an underscore is
a base that others extend. Unknown keys, duplicate keys and contradictions are errors, with file, line and
column, all in one run. Editors complete and check manifests with the JSON Schema that the package ships as
`pinner/project/data/manifest.schema.json`.
"""
SETTINGS_HEAD = """\
<!-- Written by python -m tools.write_reference -->
# Settings

`pinner.yaml` in the project's root; every key is optional. For `cache`, `jobs`, `timeout`, `retries`, `layout`, `control_repo` and
`control_branch` there are variables, too: `PINNER_` and the key in capitals. An option on the command line wins over the
variable, the variable over the file. Credentials come from git's own helpers and your ssh agent, never from a URL. The JSON Schema is `pinner/project/data/settings.schema.json`.

`pinner.yaml` belongs to the project, and so to everybody who can change it. `cache` and `control_repo` are accepted from it with
limits that do not hold for options and variables; credentials, proxies and trusted owners come from your own git configuration alone.
[Who may set what](../explanation/security.md#who-may-set-what) has the reasons.

## Links and other files

The files of a project (settings, manifests, locks, templates, generated files) may be links, and so may their directories, as
long as these stay inside the project. A link that leads out of the project, into a git directory or in a circle is refused with
exit code 2, and so is a device, a named pipe, a socket, or a directory in place of a file. Nothing is read or written through
them. A project can come from somebody else, and its links could lead to your keys, or to the hooks of your repository.

Settings and manifests have at most 1 MiB, templates 1 MiB, locks 8 MiB, files of data 32 MiB, Puppet code 4 MiB.

Directories that you name (`generate -o`, `--hiera`, `--code`, `--deployed`, `identify`) may be anywhere. Links below the directories of `-o`,
`--hiera` and `--code` must stay inside that directory. `-o` and `--write-hiera` do not write through a link of the project: name the
directory that it leads to.
"""


def render_all() -> dict[str, str]:
    """Return the text of each page, by its name."""
    return {
        "commands.md": COMMANDS_HEAD + "".join(_pieces(_commands())),
        "manifest.md": MANIFEST_HEAD + "".join(_pieces(_record("Keys", MANIFEST, ""))),
        "settings.md": SETTINGS_HEAD + "".join(_pieces(_record("Keys", SETTINGS, ""))),
    }


def _pieces(blocks: Iterator[str]) -> Iterator[str]:
    return (f"\n{block}\n" for block in blocks)


def _commands() -> Iterator[str]:
    commands = tuple(read_commands())
    yield from _command(read_root(), frozenset())
    for command in commands:
        yield from _command(command, _SHARED if _asks_remotes(command) else _HELP)
    yield "## Options for all commands"
    yield "Not repeated above. A command that has an option of the same name lists its own."
    yield _table(option for option in commands[0].options if option.is_everywhere)
    yield "## Options for remotes"
    yield "Those of every command that may ask a git server."
    asking = next(command for command in commands if _asks_remotes(command))
    yield _table(option for option in asking.options if _REMOTE.intersection(option.flags))


def _command(command: Command, shared: frozenset[str]) -> Iterator[str]:
    yield f"## {command.name}"
    yield f"```text\n{command.name} {command.usage}\n```"
    yield from (_text(paragraph) for paragraph in command.text)
    own = [option for option in command.options if not (option.is_everywhere or option.flags[-1] in shared)]
    if own:
        yield _table(own)
    if _asks_remotes(command):
        yield "Also takes the [options for remotes](#options-for-remotes)."
    if command.examples:
        yield "\n".join(("```sh", *command.examples, "```"))


def _asks_remotes(command: Command) -> bool:
    return {flag for option in command.options for flag in option.flags} >= _REMOTE


def _table(options: Iterable[Option]) -> str:
    rows = (f"| {_flags(option)} | {_text(f'{option.help} {option.limits}'.strip())} |" for option in options)
    return "\n".join(("| option | meaning |", "|---|---|", *rows))


def _flags(option: Option) -> str:
    flags = ", ".join(f"`{flag}`" for flag in option.flags)
    return f"{flags} `{_cell(option.value)}`" if option.value else flags


def _record(title: str, record: Record, path: str) -> Iterator[str]:
    yield f"## {title}"
    for field in record.fields:
        yield from _field(field, record)
    for field in record.fields:
        if inner := _inner(field.kind):
            key, below = inner
            where = f"{path}{field.name}{key}"
            yield from _record(f"`{where}`", below, f"{where}: ")


def _field(field: Field, record: Record) -> Iterator[str]:
    rivals = [f"`{_other(pair, field.name)}`" for pair in record.exclusive if field.name in pair]
    yield f"### `{field.name}`"
    yield f"*{_text(field.kind.what)}*: {_text(field.description)}"
    if rivals:
        yield f"Not beside {', '.join(rivals)}."
    if field.examples:
        examples = (f"{field.name}: {json.dumps(value)}" for value in field.examples)
        yield "```yaml\n{}\n```".format("\n# or\n".join(examples))


def _other(pair: tuple[str, str], name: str) -> str:
    return pair[1] if pair[0] == name else pair[0]


def _inner(kind: Kind) -> tuple[str, Record] | None:
    """Return the record that the kind leads to, and what stands between in its path."""
    match kind:
        case Record():
            return "", kind
        case MapOf(value=Record() as record) | MapOf(value=OneOf(second=Record() as record)):
            return ": NAME", record
        case _:
            return None


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _text(text: str) -> str:
    """Return Markdown that shows the text as it is, but for code in backquotes."""
    pieces = text.split("`")
    pieces[::2] = [re.sub(r"([*<\\]|\b_|_\b)", r"\\\1", piece) for piece in pieces[::2]]
    return _cell("`".join(pieces))


if __name__ == "__main__":
    for name, text in render_all().items():
        (OUTPUT / name).write_text(text, encoding="utf-8")
