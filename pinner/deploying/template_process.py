"""Render Puppetfile templates in a separate process: `python -m pinner.deploying.template_process`.

Jinja2's sandbox keeps a template away from Python and the machine, but does not keep it from running forever
or using all memory. Therefore this process, which does nothing else, sets limits for itself, and pinner
survives whatever a template does to it. It reads one request from stdin, as JSON:

    {"root": "/project", "prefix": "",
     "puppetfiles": [{"template": "default.j2", "values": {...}, "output": null}]}

It prints `{}` when it is ready, and then one line of JSON for each Puppetfile: `{"text": ...}`, or the fields
of `TemplateFailure`. If the request has the `output` of an earlier run, the answer is `{"lines": {...}}` instead,
which maps lines of the output to the lines of the template that wrote them.

Jinja2 does not keep such a map. Therefore the template is rendered a second time with a mark before each
piece of text and each value, and the map is used only if the output without the marks is the same as before.
"""

import json
import re
import resource
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields
from pathlib import Path
from traceback import walk_tb
from types import FrameType
from typing import Any, Final, cast

import jinja2
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pinner.model.control import TEMPLATE_SECONDS, TemplateFailure, TemplateModule
from pinner.model.errors import PinnerError
from pinner.project.files import TEMPLATES, Root, decode

_MARK: Final = re.compile("\ue000([0-9]+)\ue001")
_MARK_FORMAT: Final = "\ue000{}\ue001"
_BITS: Final = 10_000_000
"""Limit of the result of a power; a larger one takes long, and computing it cannot be interrupted."""

Load = Callable[[str], tuple[str, str, None] | None]
"""Function that returns a template's text and path by its name, or None if there is no such template."""


class LimitError(Exception):
    """A limit was reached; an Exception, so that Jinja2 puts the template's lines into the traceback."""


class Sandbox(ImmutableSandboxedEnvironment):
    """A Jinja2 environment in which templates have no access to anything but what `load` returns.

    Text and values of the template named `marked` get the marks that `read_marks` reads.
    """

    intercepted_binops = frozenset({"**"})

    def __init__(self, load: Load, *, marked: str | None = None) -> None:
        self.marked = marked
        super().__init__(
            loader=jinja2.FunctionLoader(load),
            undefined=jinja2.StrictUndefined,
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # Ruby, not HTML: values are whitelisted and the output is read back
            extensions=[_Marking] if marked else [],
        )

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """Return the result of the operation; raises LimitError for a power that would take too long."""
        if isinstance(left, int) and isinstance(right, int) and left.bit_length() * right > _BITS:
            raise LimitError("this power is too large")
        return super().call_binop(context, operator, left, right)


def read_marks(marked: str, output: str) -> Mapping[int, int]:
    """Return, by line of the output, the line of the template that wrote its start.

    The result is empty if `marked` without its marks is not the same output.
    """
    if _MARK.sub("", marked) != output:
        return {}
    lines: dict[int, int] = {}
    last: int | None = None
    for number, text in enumerate(marked.split("\n"), start=1):
        marks = [int(mark) for mark in _MARK.findall(text)]
        began = marks[0] if marks else last
        last = marks[-1] if marks else last
        if began is not None:
            lines[number] = began
    return lines


class _Marking(Extension):
    """Jinja2 extension that puts the template's line number before each piece of text and each value."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        is_marked = isinstance(self.environment, Sandbox) and stream.name == self.environment.marked
        for token in stream:
            if not is_marked:
                yield token
                continue
            if token.type == "data":
                parts = enumerate(token.value.split("\n"), start=token.lineno)
                text = "\n".join(_MARK_FORMAT.format(line) + part if part else part for line, part in parts)
                yield Token(token.lineno, "data", text)
                continue
            if token.type == "variable_begin":
                yield Token(token.lineno, "data", _MARK_FORMAT.format(token.lineno))
            yield token


MEBIBYTES: Final = 256
"""Memory limit of the process, which needs about 50."""
CHARACTERS: Final = 1_000_000
"""Length limit of one Puppetfile; pinner does not read longer ones."""
_MARKED = 10  # output with marks may be this many times longer: each piece has a mark before it
_BYTES = 1024 * 1024  # limit of one template
_LETTERS = 300  # limit of a message, which may quote a value of the template


def main() -> None:
    """Read the request from stdin, and print the results."""
    request = json.load(sys.stdin.buffer)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = MEBIBYTES * 1024 * 1024
    if hard == resource.RLIM_INFINITY or hard > most:
        with suppress(OSError, ValueError):  # macOS has no such limit
            resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    signal.signal(signal.SIGPROF, _give_up)
    templates = _Templates(Root(Path(request["root"])), request["prefix"])
    _answer({})
    for each in request["puppetfiles"]:
        _answer(templates.fill(each["template"], each["values"], each["output"]))


def _answer(fields: Mapping[str, object]) -> None:
    sys.stdout.write(f"{json.dumps(fields)}\n")
    sys.stdout.flush()


class _Templates:
    """The templates of a project; the paths of those that were read are kept to find the line of an error."""

    def __init__(self, root: Root, prefix: str) -> None:
        self._root = root
        self._prefix = prefix
        self._read: set[str] = set()
        self._plain = Sandbox(self._load)

    def fill(self, template: str, values: Mapping[str, Any], output: str | None) -> Mapping[str, object]:
        """Return the Puppetfile's text, the template's lines that wrote `output`, or a TemplateFailure's fields."""
        try:
            with _limited_time():
                if output is None:
                    return {"text": self._fill(self._plain, template, values, most=CHARACTERS)}
                marked = Sandbox(self._load, marked=template)
                text = self._fill(marked, template, values, most=CHARACTERS * _MARKED)
                return {"lines": read_marks(text, output)}
        except Exception as error:  # noqa: BLE001 - whatever a template raises is an error of the template
            return asdict(self._explain(error, self._shown(template)))

    def _fill(self, sandbox: Sandbox, template: str, values: Mapping[str, Any], *, most: int) -> str:
        modules = [TemplateModule(**module) for module in values["modules"]]
        generated = sandbox.get_template(template).generate({**values, "modules": modules})
        chunks = cast("Generator[str, None, None]", generated)
        parts, room = [], most
        for part in chunks:
            parts.append(part)
            room -= len(part)
            if room < 0:
                # Raised inside the template, so that its line is in the traceback.
                chunks.throw(LimitError(f"it makes more than {CHARACTERS} characters"))
        text = "".join(parts)
        text.encode()  # fails for a lone surrogate such as "\ud800", which could not be written
        return text

    def _shown(self, name: str) -> str:
        return f"{self._prefix}{TEMPLATES}/{name}"

    def _load(self, name: str) -> tuple[str, str, None] | None:
        """Return the text of a template and its path as the user types it; None if it does not exist."""
        path, shown = self._root.path / TEMPLATES / name, self._shown(name)
        is_outside = name.startswith("/") or ".." in name.split("/")
        if is_outside or not self._root.exists(path, shown=shown):
            return None
        text = decode(self._root.read(path, shown=shown, limit=_BYTES), shown)
        self._read.add(shown)
        return text, shown, None

    def _explain(self, error: Exception, template: str) -> TemplateFailure:
        if isinstance(error, jinja2.TemplateSyntaxError):
            message = f"this is not a Jinja2 template: {error.message}"
            return TemplateFailure(message[:_LETTERS], error.filename or template, error.lineno)
        frames = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
        path, line = next((row for row in reversed(frames) if row[0] in self._read), (template, None))
        error.__traceback__ = None  # releases the values that used all memory
        problem = error.problems[0] if isinstance(error, PinnerError) else None
        if problem and problem.place and problem.place.path == template:
            return TemplateFailure(problem.message, template, problem.place.line, problem.hint)
        hint = problem.hint if problem else None
        if isinstance(error, jinja2.UndefinedError):
            names = ", ".join(field.name for field in fields(TemplateModule))
            hint = f"a template has header, environment, lock_id, moduledir and modules, and each of modules has {names}"
        return TemplateFailure(f"this template fails: {_describe(error)}"[:_LETTERS], path, line, hint)


def _describe(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return f"it takes more than {MEBIBYTES} MiB of memory"
    if isinstance(error, RecursionError):
        return "it is nested too deep, includes itself, or has a macro that calls itself"
    if isinstance(error, jinja2.TemplateNotFound):
        return f"there is no {str(error.name)!r} in {TEMPLATES}"
    if isinstance(error, PinnerError):
        return f"{error.problems[0].place}: {error.problems[0].message}"
    module = f"{TemplateModule.__module__}.{TemplateModule.__qualname__} object"
    return str(error).replace(f"'{module}'", "a module") or type(error).__name__


@contextmanager
def _limited_time() -> Iterator[None]:
    """Raise LimitError after TEMPLATE_SECONDS of CPU time; end the process soon after if Python is not interrupted."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    last = int(time.process_time()) + TEMPLATE_SECONDS + 1
    if hard == resource.RLIM_INFINITY or hard > last:
        resource.setrlimit(resource.RLIMIT_CPU, (last, hard))
    signal.setitimer(signal.ITIMER_PROF, TEMPLATE_SECONDS, 0.2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _give_up(_number: int, _frame: FrameType | None) -> None:
    raise LimitError(f"it takes longer than {TEMPLATE_SECONDS} seconds")


if __name__ == "__main__":
    main()
