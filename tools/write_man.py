"""Write the man pages of pinner and of its commands into share/man.

usage: python -m tools.write_man

The wheel installs share/ below the prefix. The pages carry no date and no version: they change when the commands do.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import wrap

from tools.commands import Command, Option, read_commands, read_root

OUTPUT = Path(__file__).resolve().parent.parent / "share" / "man" / "man1"

EXIT_CODES = (
    ("0", "Done, or the answer is yes."),
    ("1", "The answer is no: error findings, a stale lock under --check, a difference under --exit-code."),
    ("2", "The input is wrong: usage, a manifest, a lock, a template, a ref that does not exist."),
    ("3", "Could not find out: a remote is unreachable, git failed, the disk is full."),
    ("4", "A bug in pinner."),
    ("130, 143", "Interrupted, ended by a signal."),
)
VARIABLES = (
    (
        "PINNER_CACHE, PINNER_JOBS, PINNER_TIMEOUT, PINNER_RETRIES",
        "As the options and the keys of pinner.yaml.",
    ),
    ("NO_COLOR", "Where it is set and not empty, nothing is coloured."),
)
FILES = (
    ("pinner.yaml", "Settings of the project; optional."),
    ("environments/ENV.yaml", "Manifests, one for each Puppet environment; _NAME.yaml is a base for others."),
    ("environments/ENV.lock", "Locks, written by pinner and committed."),
    ("Puppetfile.templates/NAME.j2", "Templates of Puppetfiles; optional."),
)


def render_manuals() -> dict[str, str]:
    """Return the text of each man page, by the name of its file."""
    commands = tuple(read_commands())
    manuals = {f"{_page(command)}.1": render_manual(command) for command in commands}
    return {"pinner.1": _joined(_overview(read_root(), commands)), **manuals}


def render_manual(command: Command) -> str:
    """Return the man page of one command."""
    examples = (_plain(line) for line in command.examples)
    ending = (".SH EXAMPLES", ".nf", *examples, ".fi", ".SH SEE ALSO", ".BR pinner (1)")
    return _joined((*_head(command), *_options(command.options), *ending))


def _overview(pinner: Command, commands: tuple[Command, ...]) -> Iterator[str]:
    yield from _head(pinner)
    yield from _options(pinner.options)
    yield ".SH COMMANDS"
    for command in commands:
        yield from _term(_bold(_page(command)) + "(1)", _filled(f"{command.summary}."))
    yield from _list("EXIT STATUS", EXIT_CODES)
    yield from _list("ENVIRONMENT", VARIABLES)
    yield from _list("FILES", FILES)


def _head(command: Command) -> Iterator[str]:
    yield f'.TH {_page(command).upper().replace("-", chr(92) + "-")} 1 "" "pinner" "pinner"'
    yield from (".SH NAME", f"{_plain(_page(command))} \\- {_plain(command.summary)}")
    yield from (".SH SYNOPSIS", f"{_bold(command.name)} {_plain(command.usage)}")
    yield ".SH DESCRIPTION"
    yield "\n.PP\n".join(_filled(paragraph) for paragraph in command.text)


def _options(options: tuple[Option, ...]) -> Iterator[str]:
    yield ".SH OPTIONS"
    for option in options:
        value = f" \\fI{_plain(option.value)}\\fR" if option.value else ""
        flags = ", ".join(_bold(flag) for flag in option.flags)
        yield from _term(flags + value, _filled(f"{option.help} {option.limits}"))


def _list(title: str, rows: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield f".SH {title}"
    for term, text in rows:
        yield from _term(_bold(term), _filled(text))


def _term(term: str, text: str) -> Iterator[str]:
    yield from (".TP", term, text)


def _bold(text: str) -> str:
    return f"\\fB{_plain(text)}\\fR"


def _filled(text: str) -> str:
    """Return the text in lines of a page's width."""
    return "\n".join(_plain(line) for line in wrap(text, 76, break_on_hyphens=False))


def _plain(text: str) -> str:
    r"""Return roff that shows the text as it is: `\`, `-` and what looks like a request at a line's start escaped."""
    return re.sub(r"^([.'])", r"\\&\1", text.replace("\\", "\\e").replace("-", "\\-"))


def _page(command: Command) -> str:
    return command.name.replace(" ", "-")


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for name, text in render_manuals().items():
        (OUTPUT / name).write_text(text, encoding="utf-8")
