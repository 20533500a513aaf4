"""JSON text of hiera -> its values with lines."""

import json
import re
from collections.abc import Iterator

from pinner.project.data_builder import DataBuilder
from pinner.project.text import decode
from pinner.words.problems import InputError

_STRING = r'"(?:[^"\\]|\\.)*+"'
_TOKEN = re.compile(rf"(?P<string>{_STRING})|(?P<word>[-+.\w]+)|(?P<mark>[{{}}\[\]\n])")
_COMMENT = re.compile(rf"({_STRING})|/\*.*?\*/|//[^\n]*", re.DOTALL)
_LONGEST_NUMBER = 300
_OPENERS, _CLOSERS = frozenset("{["), frozenset("}]")


def read_json(content: bytes, path: str) -> DataBuilder:
    """Return what was built of a JSON file; `path` is how the user would type its name. Never raises on bad input."""
    builder = DataBuilder(path)
    try:
        text = _without_comments(decode(content, path))
        json.loads(text, parse_constant=_refuse_constant, parse_int=str)
        _build(text, builder)
    except InputError as error:
        builder.refusal = error.problems[0]
    except RecursionError:
        builder.refuse("its JSON is nested too deeply to be read", None)
    except json.JSONDecodeError as error:
        builder.refuse(f"this is no JSON: {error.msg}", error.lineno)
    return builder


def _without_comments(text: str) -> str:
    """Blank what Ruby's reader passes over, line breaks kept."""
    if "/" not in text:
        return text
    return _COMMENT.sub(lambda match: match[1] or re.sub(r"[^\n]", " ", match[0]), text)


def _refuse_constant(name: str) -> float:
    raise json.JSONDecodeError(f"{name} is no number", name, 0)


def _build(text: str, builder: DataBuilder) -> None:
    for line, kind, found in _tokens(text):
        if kind == "word" and len(found) > _LONGEST_NUMBER:
            builder.foreign(line)
        elif kind != "mark":
            value = json.loads(found)
            builder.literal(_whole(value) if isinstance(value, str) else value, line)
        elif found in _OPENERS:
            builder.open(line, is_hash=found == "{")
        elif found in _CLOSERS:
            builder.close()


def _tokens(text: str) -> Iterator[tuple[int, str, str]]:
    line = 1
    for match in _TOKEN.finditer(text):
        yield line, match.lastgroup or "", match[0]
        line += match[0] == "\n"


def _whole(text: str) -> str:
    """Return a text without halves of surrogate pairs, which no file and no terminal takes."""
    return text.encode("utf-8", "replace").decode()
