"""Paths of a hierarchy, with interpolations and wildcards -> which files they can mean. More than can be is no harm."""

import re
from collections.abc import Iterator

_INTERPOLATION = re.compile(r"%\{([^}]*)\}")
_LITERAL = re.compile(r"literal\((?:\"([^\"]*)\"|'([^']*)')\)")
_EMPTY = frozenset({"", "::", '""', "''", '"::"', "'::'"})
_ANY = "\0"
_MOST_WILDCARDS = 4
_MOST_BRACES = 64
_BRACES = re.compile(r"\{([^{}]*)\}")
_GLOB_PIECE = re.compile(r"\*\*/|\*+|\?|\[!?\^?[^\]/]+\]|\0|[^*?\[\0]+|\[")


_GLOB_WORDS = {"**/": "(?:.*/)?", "?": "[^/]", _ANY: ".*"}


def expand(text: str) -> str:
    """Return a path with each interpolation as one character that stands for anything, slashes too."""
    return _INTERPOLATION.sub(lambda match: _value_of(match[1].strip()), text.replace(_ANY, ""))


def literal_start(path: str) -> str:
    """Return the directories at the start of an expanded path that are sure."""
    return path.partition(_ANY)[0].rpartition("/")[0]


def join(datadir: str, path: str) -> str | None:
    """Return a path below a data directory, normal; None where it leads out of the root that both start at."""
    parts: list[str] = []
    for part in f"{datadir}/{path}".split("/"):
        if part == ".." and not parts:
            return None
        if part == "..":
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def path_pattern(path: str) -> re.Pattern[str]:
    """Return what matches every file that an expanded path can mean."""
    return _compile([".*" if part == _ANY else re.escape(part) for part in re.split(f"({_ANY})", path)])


def glob_pattern(path: str) -> re.Pattern[str]:
    """Return what matches every file that an expanded path with Ruby's wildcards can mean."""
    choices = [_compile(list(_glob_parts(choice))).pattern for choice in _without_braces(path)]
    return re.compile("|".join(f"(?:{choice})" for choice in choices), re.DOTALL)


def _value_of(expression: str) -> str:
    if expression in _EMPTY:
        return ""
    literal = _LITERAL.fullmatch(expression)
    return (literal[1] or literal[2] or "") if literal else _ANY


def _compile(parts: list[str]) -> re.Pattern[str]:
    """Put the parts together; of many wildcards only the outer ones stay, so that no path takes long to match."""
    wild = [index for index, part in enumerate(parts) if part in {".*", "[^/]*", "(?:.*/)?"}]
    if len(wild) > _MOST_WILDCARDS:
        parts = [*parts[: wild[0]], ".*", *parts[wild[-1] + 1 :]]
    return re.compile("".join(parts), re.DOTALL)


def _glob_parts(path: str) -> Iterator[str]:
    for piece in _GLOB_PIECE.findall(path):
        if piece in _GLOB_WORDS:
            yield _GLOB_WORDS[piece]
        elif piece[0] == "*":
            yield "[^/]*"
        elif piece[0] == "[" and len(piece) > 1:
            yield _character_class(piece[1:-1])
        else:
            yield re.escape(piece)


def _character_class(text: str) -> str:
    negation = "^" if text[0] in "!^" else ""
    members = re.escape(text.lstrip("!^")).replace(r"\-", "-")
    try:
        return re.compile(f"[{negation}{members}]").pattern
    except re.error:
        return "[^/]"


def _without_braces(path: str) -> list[str]:
    """Return one path for each choice of `{a,b}`; of too many choices, one that means anything."""
    done: list[str] = []
    waiting = [path]
    while waiting:
        text = waiting.pop()
        match = _BRACES.search(text)
        if match is None:
            done.append(text)
        elif len(done) + len(waiting) > _MOST_BRACES:
            return [_BRACES.sub(_ANY, path)]
        else:
            waiting += [
                text[: match.start()] + choice + text[match.end() :] for choice in match[1].split(",")
            ]
    return done
