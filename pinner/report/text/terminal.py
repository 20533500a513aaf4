"""Reports in words on a terminal: colours by severity, lines wrapped between words."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from io import StringIO
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.style import Style
from rich.text import Text

STATUS_COLOURS: Final = {"maintained": "green", "unmaintained": "yellow", "end of life": "red"}
_HANG: Final = 2
"""Columns that continued lines are indented by, beyond their first line."""
_STEM: Final = re.compile("[ │├└─]*")
_BELOW: Final = str.maketrans("├└─", "│  ")
"""What continued lines of a tree have in place of its branches."""
_WORD: Final = re.compile(r"\S+\s*")
_NARROWEST: Final = 20
"""Columns below which wrapping would leave no room for words."""
_STYLES: Final = tuple(
    (re.compile(pattern), style)
    for pattern, style in (
        (r"(?:^\s*|: |, |^[^\s:]+: )error(?=: )", "bold red"),
        (r"(?:^\s*|: |, |^[^\s:]+: )warning(?=: )", "bold yellow"),
        (r"(?:^\s*|: |, |^[^\s:]+: )info(?=: )", "bold cyan"),
        (r"^Error(?=: )", "bold red"),
        (r"\b[1-9]\d* errors?\b", "red"),
        (r"\b[1-9]\d* warnings?\b", "yellow"),
        (r"^\s*hint(?=: )", "bold cyan"),
        (r"\[[a-z]+(?:-[a-z]+)*\]$", "dim"),
        (r"^\s+\+ \S+", "green"),
        (r"^\s+- \S+(?= )", "red"),
        (r"^\s+~ \S+", "yellow"),
        (r"\bpin-[0-9a-f]{12}\b", "magenta"),
        (r"^[\w./~-]+\.(?:yaml|yml|json|pp|eyaml|lock|j2)(?::\d+)*(?=:)", "bold"),
        (r"^[a-z][a-z0-9_]*(?=: )", "bold"),
        (r"^\s*\d* \|(?: |$)", "blue"),
        (r"(?<=\| ) *\^+$", "bold red"),
        (r"(?<=  )unmaintained\b", "yellow"),
        (r"(?<=  )maintained\b", "green"),
        (r"(?<=  )end of life\b", "red"),
        (r"^Not ready\b.*", "bold red"),
        (r"^Ready\b.*", "bold green"),
    )
)


NO_LINKS: Final[Mapping[str, str]] = {}
_LINKED: Final = re.compile(r"(?<![\w#-])(?:[\w-]*#\d+|[\w-]+)(?![\w-])")


def styled(
    lines: Iterable[str], *, width: int | None, has_color: bool, links: Mapping[str, str] = NO_LINKS
) -> list[str]:
    """Return the lines as a terminal shows them: wrapped at `width` columns, with its codes for colours and links.

    Only blanks are broken at, so that names, paths and commands can be copied; None does not wrap. `links` maps words
    of the text to the addresses that they lead to; without colours there are no links.
    """
    rows = [row for line in lines for each in line.split("\n") for row in _wrapped(each, width, links)]
    if not has_color:
        return [row.plain for row in rows]
    return [_encode(row) for row in rows]


def _wrapped(line: str, width: int | None, links: Mapping[str, str]) -> Iterator[Text]:
    text = Text(line, end="")
    for pattern, style in _STYLES:
        text.highlight_regex(pattern, style)
    for word in _LINKED.finditer(line) if links else ():
        if word.group() in links:
            text.stylize(Style(link=links[word.group()]), *word.span())
    stem = _STEM.match(line)
    lead = stem[0] if stem else ""
    indent = len(lead)
    if width is None or text.cell_len <= width or width - indent < _NARROWEST:
        yield text
        return
    inner = text[indent:]
    offsets: list[int] = []
    column, room = 0, width - indent
    for word in _WORD.finditer(inner.plain):
        if column and column + cell_len(word.group().rstrip()) > room:
            offsets.append(word.start())
            column, room = 0, width - indent - _HANG
        column += cell_len(word.group())
    for number, row in enumerate(inner.divide(offsets)):
        row.rstrip()
        yield Text(f"{lead.translate(_BELOW)}{' ' * _HANG}" if number else lead) + row


@cache
def _console() -> Console:
    return Console(file=StringIO(), force_terminal=True, no_color=False, color_system="standard", width=1000)


def _encode(row: Text) -> str:
    console = _console()
    with console.capture() as capture:
        console.print(row, soft_wrap=True, highlight=False, end="")
    return capture.get()
