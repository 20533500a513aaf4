"""Output: which function writes which result in which format, stdout, stderr and the file of -o; progress.

A report's module is imported when it is written, so that no command loads the formats that it does not print.

With a finding or error goes the line of the manifest that it is about, with a caret under its column, as compilers
print it. Only files without the operator's values are shown: manifests, pinner.yaml and templates. A line with a
credential in it is left out.
"""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import import_module
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING, Any, Final

import click

from pinner.model.errors import PinnerError, Problem
from pinner.model.text import redact, visible
from pinner.project.files import ENVIRONMENTS, SETTINGS, TEMPLATES, named_file, read_file
from pinner.report.json.encoding import dump

if TYPE_CHECKING:
    from pinner.locking.resolve import Progress


_PLACE: Final = re.compile(r"(?P<indent> *)(?P<path>[^\s:][^:]*):(?P<line>[1-9]\d*):(?P<column>[1-9]\d*): ")
_LARGEST: Final = 1024 * 1024
_GUTTER: Final = 6
"""Columns beside the source line: its number, a bar and blanks."""
_NARROWEST: Final = 20


def with_excerpts(lines: Iterable[str], *, width: int | None) -> Iterator[str]:
    """Yield the lines, each that begins with a place followed by the source line there and a caret."""
    texts: dict[str, list[str]] = {}
    for line in lines:
        yield line
        found = _PLACE.match(line)
        path = found["path"] if found else ""
        pure = PurePath(path)
        is_manifest = pure.parent.name == ENVIRONMENTS and pure.suffix == ".yaml"
        is_template = pure.parent.name == TEMPLATES and pure.suffix == ".j2"
        if found is None or not (is_manifest or is_template or pure.name == SETTINGS):
            continue
        if path not in texts:
            texts[path] = _read(path)
        number, column = int(found["line"]), int(found["column"])
        if number <= len(texts[path]):
            yield from _excerpt(texts[path][number - 1], number, column, found["indent"], width)


def _read(path: str) -> list[str]:
    try:
        return read_file(Path(path), shown=path, limit=_LARGEST).decode().splitlines()
    except (PinnerError, UnicodeDecodeError):  # the finding itself reports what is wrong with the file
        return []


def _excerpt(source: str, number: int, column: int, indent: str, width: int | None) -> Iterator[str]:
    text = source.replace("\t", " ")
    if redact(text) != text or visible(text) != text or column > len(text) + 1:
        return
    offset = column - 1
    room = max((width or len(text) + _GUTTER + len(indent)) - _GUTTER - len(indent), _NARROWEST)
    if len(text) > room:
        start = max(0, min(offset - room // 2, len(text) - room))
        text, offset = text[start : start + room], offset - start
    gutter = " " * len(str(number))
    yield f"{indent}{gutter} |"
    yield f"{indent}{number} | {text}".rstrip()
    yield f"{indent}{gutter} | {' ' * offset}^"


class Color(StrEnum):
    """When text is coloured."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """What the options of a command demand of its output; `kept` is what goes to the file of -o instead of stdout."""

    is_quiet: bool = False
    is_verbose: bool = False
    color: Color = Color.AUTO
    kept: list[str] | None = None
    may_page: bool = True


_active = [OutputOptions()]
"""Of the command that runs, last; threads print too, so that this is not a context variable."""


@contextmanager
def output_options(options: OutputOptions, path: Path | None) -> Iterator[Callable[[int], None]]:
    """Use the options until the block ends; yield the function that takes the exit code and writes `path`.

    A command that another one runs is as quiet as that one, and its output goes to the same place.
    """
    outer = _active[-1]
    kept: list[str] | None = [] if path else outer.kept
    _active.append(
        OutputOptions(
            options.is_quiet or outer.is_quiet,
            options.is_verbose or outer.is_verbose,
            options.color if options.color is not Color.AUTO else outer.color,
            kept,
            options.may_page and outer.may_page,
        )
    )

    def finish(exit_code: int) -> None:
        if path is None or kept is None:
            return
        if exit_code not in (0, 1):
            print_message(f"{path}: unchanged, because the command ended with exit code {exit_code}")
            return
        write_file(path, "".join(kept))

    try:
        yield finish
    except BaseException:
        _active[0] = replace(_active[-1], kept=None)  # for the message about this error
        raise
    finally:
        _active.pop()


def forget_options() -> None:
    """Print as without any option, until the next command has read its own."""
    _active[:] = [OutputOptions()]


@contextmanager
def captured_data() -> Iterator[list[str]]:
    """Yield the list that lines of results, with their ends, are appended to until the block ends, instead of printing them."""
    kept: list[str] = []
    _active.append(replace(_active[-1], kept=kept))
    try:
        yield kept
    finally:
        _active.pop()


def write_file(path: Path, text: str) -> None:
    """Write a file that the user named, in one rename; raises InputError for anything but a regular file."""
    root, target = named_file(path)
    root.write(target, text.encode(errors="backslashreplace"), shown=str(path))


def is_verbose() -> bool:
    """Return whether -v was given."""
    return _active[-1].is_verbose


def is_quiet() -> bool:
    """Return whether -q was given."""
    return _active[-1].is_quiet


def is_styled(stream: IO[str]) -> bool:
    """Return whether text on this stream gets colours and is wrapped: on a terminal, unless --color demands otherwise.

    NO_COLOR and `TERM=dumb` remove the colours of a terminal, not the wrapping: see `pinner.report.text.terminal`.
    """
    active = _active[-1]
    if stream is sys.stdout and active.kept is not None:
        return False
    return active.color is Color.ALWAYS or stream.isatty()


def has_color(stream: IO[str]) -> bool:
    """Return whether text on this stream is coloured."""
    color = _active[-1].color
    if color is not Color.AUTO:
        return color is Color.ALWAYS
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


NO_LINKS: Mapping[str, str] = {}


def print_data(lines: Iterable[str], *, is_report: bool = False, links: Mapping[str, str] = NO_LINKS) -> None:
    """Print the lines of a result; those of a report in words are coloured and wrapped on a terminal.

    There, words in `links` lead to their addresses, except through a pager, since not every pager passes links on.
    """
    texts = [visible(line) for line in lines]
    kept = _active[-1].kept
    if kept is not None:
        kept += [f"{text}\n" for text in texts]
        return
    if is_report and (is_verbose() or sys.stdout.isatty()):
        texts = list(with_excerpts(texts, width=_width(sys.stdout)))
    if is_report and is_styled(sys.stdout):
        rows = _styled(texts, sys.stdout)
        if links and is_terminal() and not _is_paged("".join(f"{row}\n" for row in rows)):
            rows = _styled(texts, sys.stdout, links)
        print_lines(rows)
        return
    sys.stdout.write("".join(f"{text}\n" for text in texts))
    sys.stdout.flush()


def print_lines(lines: Iterable[str]) -> None:
    """Print lines that are ready for a terminal, through a pager if there are more than it has rows."""
    text = "".join(f"{line}\n" for line in lines)
    if _is_paged(text):
        os.environ.setdefault("LESS", "FRX")  # as git does: quit if it fits, show colours, leave the text
        click.echo_via_pager(text, color=True)
        return
    sys.stdout.write(text)
    sys.stdout.flush()


def _is_paged(text: str) -> bool:
    """Return whether a text is longer than the terminal that both shows it and takes the keys of a pager."""
    is_interactive = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
    if not (is_interactive and _active[-1].may_page) or os.environ.get("TERM") == "dumb":
        return False
    rows = os.get_terminal_size(sys.stdout.fileno()).lines
    return bool(rows) and text.count("\n") >= rows


def is_terminal() -> bool:
    """Return whether the result goes to a terminal."""
    return _active[-1].kept is None and sys.stdout.isatty()


def terminal_width() -> int | None:
    """Return the columns of the terminal on stdout; None without one."""
    return _width(sys.stdout)


def _styled(texts: list[str], stream: IO[str], links: Mapping[str, str] = NO_LINKS) -> list[str]:
    from pinner.report.text.terminal import styled  # noqa: PLC0415 - loads rich, for a terminal only

    return styled(texts, width=_width(stream), has_color=has_color(stream), links=links)


def _width(stream: IO[str]) -> int | None:
    """Return the columns of a terminal; None for anything else, and for one of unknown size."""
    if not stream.isatty():
        return None
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    return os.get_terminal_size(stream.fileno()).columns or None


def print_message(message: str | Problem) -> None:
    """Print a message on stderr.

    If it cannot be written (full disk, closed pipe) the work continues; the exit code has the answer.
    """
    texts = visible(redact(str(message))).split("\n")
    try:
        if is_verbose() or sys.stderr.isatty():
            texts = list(with_excerpts(texts, width=_width(sys.stderr)))
        if is_styled(sys.stderr):
            texts = _styled(texts, sys.stderr)
        sys.stderr.write("".join(f"{text}\n" for text in texts))
        sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def print_note(message: str | Problem) -> None:
    """Print a message on stderr that is no problem; -q leaves it out."""
    if not is_quiet():
        print_message(message)


@contextmanager
def progress() -> Iterator["Progress"]:
    """Yield the function that each finished repository is reported to: a bar on a terminal, else one line at the end.

    With -v each repository has a line; with -q there is nothing.
    """
    if sys.stderr.isatty() and not is_verbose() and not is_quiet():
        from pinner.report.text.terminal import progress_bar  # noqa: PLC0415 - loads rich, for a terminal only

        with progress_bar() as on_done:
            yield on_done
        return
    checked = 0

    def count(done: int, total: int, url: str | None, _waiting: Sequence[str]) -> None:
        nonlocal checked
        checked = done
        if url and is_verbose():
            print_message(f"checked {done}/{total} {url}")

    try:
        yield count
    finally:
        if checked:
            print_note(f"checked {checked} {'repository' if checked == 1 else 'repositories'}")


class Format(StrEnum):
    """The formats of results."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    JUNIT = "junit"
    SARIF = "sarif"


_TEXT, _JSON = "pinner.report.text", "pinner.report.json"

WRITERS: Final[Mapping[str, Mapping[Format, str]]] = {
    "api": {Format.TEXT: f"{_TEXT}.contents:api_text", Format.JSON: f"{_TEXT}.contents:api_json"},
    "audit": {
        Format.TEXT: f"{_TEXT}.contents:audit_text",
        Format.JSON: f"{_TEXT}.contents:audit_json",
        Format.JUNIT: "pinner.report.ci.findings:audit_junit",
        Format.SARIF: "pinner.report.ci.findings:audit_sarif",
    },
    "bisection": {
        Format.TEXT: f"{_TEXT}.search:bisection_lines",
        Format.JSON: f"{_TEXT}.search:bisection_json",
    },
    "catalogue": {
        Format.TEXT: f"{_TEXT}.contents:summary_text",
        Format.JSON: f"{_TEXT}.contents:summary_json",
    },
    "catalogue update": {
        Format.TEXT: f"{_TEXT}.contents:update_text",
        Format.JSON: f"{_TEXT}.contents:update_json",
    },
    "comparison": {
        Format.TEXT: f"{_TEXT}.comparison:comparison_text",
        Format.JSON: f"{_JSON}.document:comparison_json",
        Format.MARKDOWN: "pinner.report.ci.markdown:comparison_markdown",
        Format.HTML: "pinner.report.html.pages:comparison_page",
    },
    "contents": {
        Format.TEXT: f"{_TEXT}.contents:contents_text",
        Format.JSON: f"{_TEXT}.contents:contents_json",
    },
    "diagnosis": {
        Format.TEXT: f"{_TEXT}.contents:diagnosis_text",
        Format.JSON: f"{_TEXT}.contents:diagnosis_json",
    },
    "environments": {
        Format.TEXT: f"{_TEXT}.contents:environments_text",
        Format.JSON: f"{_TEXT}.contents:environments_json",
    },
    "files": {
        Format.TEXT: f"{_TEXT}.deployment:files_text",
        Format.JSON: f"{_TEXT}.deployment:files_json",
    },
    "bundle": {
        Format.TEXT: f"{_TEXT}.deployment:bundle_text",
        Format.JSON: f"{_TEXT}.deployment:bundle_json",
    },
    "cleaning": {
        Format.TEXT: f"{_TEXT}.deployment:cleaning_text",
        Format.JSON: f"{_TEXT}.deployment:cleaning_json",
    },
    "versions": {
        Format.TEXT: f"{_TEXT}.deployment:version_list_text",
        Format.JSON: f"{_TEXT}.deployment:version_list_json",
    },
    "servers": {
        Format.TEXT: f"{_TEXT}.deployment:server_comparison_text",
        Format.JSON: f"{_TEXT}.deployment:server_comparison_json",
    },
    "deployment": {
        Format.TEXT: f"{_TEXT}.deployment:deployment_text",
        Format.JSON: f"{_TEXT}.deployment:deployment_json",
    },
    "compilation": {
        Format.TEXT: f"{_TEXT}.compilation:compilation_text",
        Format.JSON: f"{_JSON}.compilation:compilation_json",
        Format.JUNIT: "pinner.report.ci.findings:compilation_junit",
        Format.SARIF: "pinner.report.ci.findings:compilation_sarif",
    },
    "dashboard": {Format.HTML: "pinner.report.html.dashboard:dashboard_page"},
    "findings": {
        Format.TEXT: f"{_TEXT}.findings:result_lines",
        Format.JSON: f"{_JSON}.document:results_json",
        Format.JUNIT: "pinner.report.ci.findings:junit",
        Format.SARIF: "pinner.report.ci.findings:sarif",
    },
    "identification": {
        Format.TEXT: f"{_TEXT}.identify:identification_text",
        Format.JSON: f"{_JSON}.document:identification_json",
    },
    "lock ids": {
        Format.TEXT: f"{_TEXT}.ids:lock_ids_text",
        Format.JSON: f"{_JSON}.encoding:lock_ids_json",
    },
    "missing fixes": {
        Format.TEXT: f"{_TEXT}.search:missing_text",
        Format.JSON: f"{_TEXT}.search:missing_json",
    },
    "origins": {Format.TEXT: f"{_TEXT}.ids:origins_text", Format.JSON: f"{_JSON}.encoding:origins_json"},
    "plan": {
        Format.TEXT: f"{_TEXT}.comparison:plan_text",
        Format.JSON: f"{_JSON}.document:plan_json",
        Format.MARKDOWN: "pinner.report.ci.markdown:plan_markdown",
        Format.HTML: "pinner.report.html.pages:upgrade_page",
    },
    "proposals": {
        Format.TEXT: f"{_TEXT}.comparison:proposals_text",
        Format.JSON: f"{_TEXT}.comparison:proposals_json",
    },
    "preview": {
        Format.TEXT: f"{_TEXT}.preview:preview_text",
        Format.JSON: f"{_JSON}.preview:preview_json",
        Format.MARKDOWN: "pinner.report.ci.preview:preview_markdown",
        Format.HTML: "pinner.report.html.preview:preview_page",
        Format.JUNIT: "pinner.report.ci.findings:preview_junit",
        Format.SARIF: "pinner.report.ci.findings:preview_sarif",
    },
    "publication": {
        Format.TEXT: f"{_TEXT}.deployment:publication_text",
        Format.JSON: f"{_TEXT}.deployment:publication_json",
    },
    "reason": {Format.TEXT: f"{_TEXT}.comparison:reason_text", Format.JSON: f"{_JSON}.document:reason_json"},
    "search": {Format.TEXT: f"{_TEXT}.search:search_text", Format.JSON: f"{_TEXT}.search:search_json"},
    "search plan": {
        Format.TEXT: f"{_TEXT}.search:search_plan_lines",
        Format.JSON: f"{_TEXT}.search:search_plan_json",
    },
    "settings": {
        Format.TEXT: f"{_TEXT}.contents:settings_text",
        Format.JSON: f"{_TEXT}.contents:settings_json",
    },
    "status table": {Format.TEXT: f"{_TEXT}.terminal:table_lines"},
    "statuses": {
        Format.TEXT: f"{_TEXT}.status:align_columns",
        Format.JSON: f"{_JSON}.document:statuses_json",
    },
    "tree": {Format.TEXT: f"{_TEXT}.contents:tree_text", Format.JSON: f"{_TEXT}.contents:tree_json"},
    "updates": {
        Format.TEXT: f"{_TEXT}.status:updates_text",
        Format.JSON: f"{_TEXT}.status:updates_json",
        Format.MARKDOWN: "pinner.report.ci.markdown:updates_markdown",
    },
}
"""Result -> format -> `module:function`; a test checks that each of them exists."""


def render(result: str, value: object, output: Format, **options: Any) -> Iterable[str]:
    """Return the lines of a result's report; `options` are those of the text report, and change no other."""
    module, _, function = WRITERS[result][output].partition(":")
    write = getattr(import_module(module), function)
    report = write(value, **options) if output is Format.TEXT else write(value)
    if output is Format.JSON:
        return (dump(report),)
    return (report,) if isinstance(report, str) else report


def print_report(
    result: str, value: object, output: Format, *, links: Mapping[str, str] = NO_LINKS, **options: Any
) -> None:
    """Print a result's report, or keep it for the file of -o; `links` are words that lead somewhere on a terminal."""
    print_data(render(result, value, output, **options), is_report=output is Format.TEXT, links=links)
