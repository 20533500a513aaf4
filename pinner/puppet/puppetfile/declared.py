"""One declaration of a Puppetfile at a time: a module, a setting, or what is wrong with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pinner.puppet.names import quoted
from pinner.puppet.puppetfile.options import judge_module, kind_of
from pinner.puppet.puppetfile.values import ModuleKind, Option, PuppetfileModule
from pinner.puppet.ruby.declarations import Declaration, Pair, Symbol, Unreadable
from pinner.words.places import Place
from pinner.words.problems import Problem

_SETTINGS: Final = frozenset({"moduledir", "forge", "exclusion"})
_WORDS: Final = "r10k knows mod, moduledir, forge and exclusion"
_LEFT_OUT: Final = "it is left out, the rest is read"
_ARGUMENTS: Final = "'mod' takes a module's name, and its version or its options"


@dataclass(frozen=True, slots=True)
class Setting:
    """`moduledir`, `forge` or `exclusion` with its one text."""

    word: str
    value: str
    place: Place


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The problem with something that is missing in what was read."""

    problem: Problem


Item = PuppetfileModule | Setting | LeftOut | Problem


def read_declaration(statement: Declaration | Unreadable, path: str) -> Iterator[Item]:
    """Yield what the statement declares, and every problem with it."""
    place = Place(path, statement.line, statement.column)
    if isinstance(statement, Unreadable):
        yield _left_out(statement, place)
    elif statement.word == "mod":
        yield from _read_module(statement, place)
    elif statement.word in _SETTINGS:
        yield _read_setting(statement, place)
    else:
        yield LeftOut(Problem(f"{quoted(statement.word)} is no declaration of a Puppetfile", place, _WORDS))


def _left_out(statement: Unreadable, place: Place) -> LeftOut:
    hint = _LEFT_OUT
    if statement.is_rest:
        hint = "nothing after this is read"
    elif statement.last_line > statement.line:
        hint = f"everything up to line {statement.last_line} is left out, the rest is read"
    return LeftOut(Problem(f"{_subject(statement.begun)}{statement.reason}", place, hint))


def _subject(begun: Declaration | None) -> str:
    """Name what a message is about: the module, or else the word at the beginning of the line."""
    if begun is None:
        return ""
    name = begun.arguments[0].value if begun.word == "mod" and begun.arguments else None
    return f"module {quoted(name)}: " if isinstance(name, str) else f"{quoted(begun.word)}: "


def _read_setting(statement: Declaration, place: Place) -> Setting | LeftOut:
    values = [argument.value for argument in statement.arguments]
    if len(values) == 1 and isinstance(values[0], str) and not statement.pairs:
        return Setting(statement.word, values[0], place)
    return LeftOut(Problem(f"'{statement.word}' takes one text", place, _LEFT_OUT))


def _read_module(statement: Declaration, place: Place) -> Iterator[Item]:
    name, *versions = [argument.value for argument in statement.arguments] or [None]
    if not isinstance(name, str) or len(versions) > 1:
        yield LeftOut(Problem(_ARGUMENTS, place, _LEFT_OUT))
        return
    version = tuple(Option("version", value, place) for value in versions)
    if not statement.pairs:
        options = version or (Option("version", None, place),)
        yield from _judged(PuppetfileModule(name, ModuleKind.FORGE, options, place))
        return
    yield from _judge_keys(name, statement.pairs, place.path)
    yield from _read_with_options(name, version, statement.pairs, place)


def _read_with_options(
    name: str, version: tuple[Option, ...], pairs: Sequence[Pair], place: Place
) -> Iterator[Item]:
    options = _read_options(pairs, place.path)
    kind = kind_of(options)
    if kind is None and version:
        yield LeftOut(Problem(_ARGUMENTS, place, _LEFT_OUT))
        return
    if kind is None:
        message = f"module {quoted(name)}: r10k knows no kind of module by these options"
        yield LeftOut(Problem(message, place, _LEFT_OUT))
        return
    if version:
        yield Problem(_ARGUMENTS, place, "librarian-puppet alone takes both")
    yield from _judged(PuppetfileModule(name, kind, (*version, *options), place))


def _judged(module: PuppetfileModule) -> Iterator[Item]:
    yield module
    yield from judge_module(module)


def _judge_keys(name: str, pairs: Sequence[Pair], path: str) -> Iterator[Item]:
    seen: set[str] = set()
    for pair in pairs:
        place = Place(path, pair.line, pair.column)
        if not isinstance(pair.key, Symbol):
            message = f"module {quoted(name)}: an option's name is a symbol, as :git is"
            yield LeftOut(Problem(message, place, _LEFT_OUT))
        elif pair.key.name in seen:
            yield Problem(f"module {quoted(name)}: :{pair.key.name} stands twice: the last one counts", place)
        else:
            seen.add(pair.key.name)


def _read_options(pairs: Sequence[Pair], path: str) -> tuple[Option, ...]:
    """Return the options; of two with one name the last, at its own place, as in Ruby."""
    option_by_name: dict[str, Option] = {}
    for pair in pairs:
        if isinstance(pair.key, Symbol):
            option_by_name.pop(pair.key.name, None)
            place = Place(path, pair.line, pair.column)
            option_by_name[pair.key.name] = Option(pair.key.name, pair.value, place)
    return tuple(option_by_name.values())
