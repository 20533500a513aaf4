"""One file of site code -> the classes, resources and parameters that it names, read literally in one pass."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pinner.puppet.code.lexer import Lexer, Token
from pinner.puppet.code.lines import Lines
from pinner.puppet.site.literals import LiteralReader
from pinner.puppet.types.literals import read_string
from pinner.words.data import Closed, Closure, Value, texts_of
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem
from pinner.words.uses import Origin, SiteFile, Use

_DEFINERS = frozenset({"application", "class", "define", "function", "plan", "type"})
_NO_RESOURCES = frozenset({"case", "default", "else", "elsif", "if", "node", "site", "unless"})
_ASSIGNS = frozenset({"=>", "+>"})
_ENDS = frozenset({",", ";", "}"})
_OPENERS, _CLOSERS = frozenset("([{"), frozenset(")]}")
_AFTER_TYPE = frozenset({"[", "{", "<|", "<<|"})


def read_site_file(path: str, text: str) -> SiteFile:
    """Return what a file names; `path` is how the user would type it. Where it cannot be read on, what came before."""
    tokens: list[Token] = []
    refusal: Problem | None = None
    lexer = Lexer(text)
    try:
        while not tokens or tokens[-1].kind != "end":
            tokens.append(lexer.next())
    except InputError as error:
        refusal = Problem(error.problems[0].message, Place(path))
        tokens.append(Token("end", len(text), len(text)))
    reader = _Reader(path, LiteralReader(text, tokens, Lines(text)))
    uses = tuple(reader.uses())
    return SiteFile(path, uses, frozenset(reader.lookups), refusal)


@dataclass(frozen=True, slots=True)
class _Frame:
    """An open bracket; `owners` are what the attributes right inside it belong to."""

    origin: Origin = Origin.RESOURCE
    owners: tuple[str, ...] = ()


class _Reader:
    """Goes over the tokens once; `frames` are the open brackets, the innermost last; `index` is the next token."""

    def __init__(self, path: str, literals: LiteralReader) -> None:
        self.path = path
        self.literals = literals
        self.tokens = literals.tokens
        self.of = literals.of
        self.lookups: set[str] = set()
        self.frames: list[_Frame] = []
        self.index = 0

    def uses(self) -> Iterator[Use]:
        while self.tokens[self.index].kind != "end":
            token = self.tokens[self.index]
            if token.kind == "word":
                yield from self._word()
            elif token.kind == "type":
                yield from self._type()
            else:
                yield from self._mark(self.of(self.index))

    def _mark(self, text: str) -> Iterator[Use]:
        self.index += 1
        if text in _OPENERS:
            self.frames.append(_Frame())
        elif text in _CLOSERS and self.frames:
            self.frames.pop()
        elif text == ";" and self.frames and self.frames[-1].origin is Origin.CLASS:
            yield from self._open_class(self.index)

    def _word(self) -> Iterator[Use]:
        start, text, following = self.index, self.of(self.index), self.of(self.index + 1)
        self.index += 1
        if following in _ASSIGNS:
            yield from self._attribute(text)
        elif text in _CALLS:
            yield from _CALLS[text](self, start)
        elif text == "class" and following == "{":
            self.index += 1
            self.frames.append(_Frame())
            yield from self._open_class(self.index)
        elif text in _DEFINERS:
            self.index += self.tokens[self.index].kind == "word"
        elif following == "{" and text not in _NO_RESOURCES and self._has_title(self.index + 1, text):
            yield self._open_resource(text, start)

    def _has_title(self, index: int, name: str) -> bool:
        """Tell a resource from other words before a brace: only resources have names with `::` there."""
        return "::" in name or (
            self.tokens[index].kind in {"string", "variable"} and self.of(index + 1) == ":"
        )

    def _open_resource(self, name: str, start: int) -> Use:
        self.index += 1
        self.frames.append(_Frame(Origin.RESOURCE, (_bare(name),)))
        return self._use(Origin.RESOURCE, name, start)

    def _open_class(self, index: int) -> Iterator[Use]:
        found = self.literals.read(index)
        names = texts_of(found[0]) if found else ()
        self.frames[-1] = _Frame(Origin.CLASS, tuple(_bare(name) for name in names))
        yield from (self._use(Origin.CLASS, name, index) for name in names)

    def _attribute(self, name: str) -> Iterator[Use]:
        start = self.index - 1
        self.index += 1
        frame = self.frames[-1] if self.frames else _Frame()
        if frame.owners:
            value = self._value()
            for owner in frame.owners:
                yield self._use(frame.origin, owner, start, name, value)

    def _value(self) -> Value:
        """Return the value at `index` and pass over it; one that is not written out is left to be read on."""
        found = self.literals.read(self.index)
        if found and self.of(found[1]) in _ENDS:
            self.index = found[1]
            return found[0]
        return Closed(Closure.COMPUTED, self._line(self.index))

    def _type(self) -> Iterator[Use]:
        start, text, following = self.index, self.of(self.index), self.of(self.index + 1)
        self.index += 1
        if text == "Class" and following == "[":
            found = self.literals.read(self.index)
            names = texts_of(found[0]) if found else ()
            yield from (self._use(Origin.REFERENCE, name, start) for name in names)
        elif "::" in text.removeprefix("::") and following == "{":
            yield self._open_resource(text, start)
        elif "::" in text.removeprefix("::") and following in _AFTER_TYPE:
            yield self._use(Origin.RESOURCE, text, start)

    def include(self, start: int) -> Iterator[Use]:
        """Read the names after `include`, `contain` or `require`."""
        index = self.index + (self.of(self.index) == "(")
        while found := self.literals.read(index):
            yield from (self._use(Origin.REFERENCE, name, start) for name in texts_of(found[0]))
            self.index = found[1]
            if self.of(found[1]) != ",":
                return
            index = found[1] + 1

    def inherit(self, start: int) -> Iterator[Use]:
        """Read the name of the class that another one inherits."""
        if self.tokens[self.index].kind == "word":
            yield self._use(Origin.REFERENCE, self.of(self.index), start)
            self.index += 1

    def create(self, start: int) -> Iterator[Use]:
        """Read the name of what `create_resources` makes."""
        name = self._argument()
        if name and name != "class":
            yield self._use(Origin.RESOURCE, name, start)

    def look_up(self, _start: int) -> Iterator[Use]:
        """Note the key that is looked up."""
        key = self._argument()
        self.lookups.update([key] if key else [])
        yield from ()

    def _argument(self) -> str | None:
        index = self.index + (self.of(self.index) == "(")
        return read_string(self.of(index)) if self.tokens[index].kind == "string" else None

    def _use(
        self, origin: Origin, owner: str, index: int, parameter: str | None = None, value: Value | None = None
    ) -> Use:
        bare = _bare(owner)
        subject = f"{bare}::{parameter}" if parameter else bare
        return Use(origin, bare, parameter, value, Place(self.path, self._line(index)), subject)

    def _line(self, index: int) -> int:
        return self.literals.lines.at(self.tokens[index].start)


def _bare(name: str) -> str:
    """Return a name as Puppet looks it up: references to classes may be written in capitals."""
    return name.removeprefix("::").lower()


_CALLS: Mapping[str, Callable[[_Reader, int], Iterator[Use]]] = {
    **dict.fromkeys(("include", "contain", "require"), _Reader.include),
    **dict.fromkeys(("lookup", "hiera", "hiera_array", "hiera_hash", "hiera_include"), _Reader.look_up),
    "inherits": _Reader.inherit,
    "create_resources": _Reader.create,
}
