"""Samples from the tests, and mutations that keep their shape: words are dropped, repeated, swapped and replaced, not bytes."""

import ast
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_WORD: Final = re.compile(r"\n[ \t]*|[ \t]+|[A-Za-z_][A-Za-z0-9_]*|[0-9]+(?:\.[0-9]+)*|.", re.DOTALL)
_LONGEST: Final = 20_000
_ODD: Final = (
    *(
        "",
        " ",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "\x00",
        "\x0b",
        "\x0c",
        "\x1b[31m",
        "\x1c",
        "\x7f",
        "\x85",
        "\u00a0",
        "\u2028",
        "\u202e",
    ),
    *(
        "\u3000",
        "\ufeff",
        "\ud7ff",
        "\U0001f389",
        "é",
        "e\u0301",
        "\\",
        "'",
        '"',
        "`",
        "#",
        "#{x}",
        "%{x}",
        "%",
        "%40",
        "%3a",
        "@",
    ),
    *(
        ":",
        "::",
        "=",
        "=>",
        "->",
        "-",
        "--",
        ",",
        ";",
        "|",
        "||",
        "!",
        "!ruby/object:X {}",
        "&a",
        "*a",
        "<<",
        "<<-E\n",
        "<<: *a",
    ),
    *(
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "{{",
        "}}",
        "{%",
        "%}",
        "/*",
        "*/",
        "//",
        "/",
        "\\\n",
        "=begin\n",
        "\n=end\n",
        "\n__END__\n",
    ),
    *(
        "null",
        "true",
        "nil",
        "undef",
        "0",
        "-1",
        "1e999",
        "0x1F",
        "0777",
        "1" * 400,
        "a" * 400,
        "2024-10-02",
        "2025.1",
        "ENC[PKCS7,x]",
    ),
    *(
        "mod 'x',\n  :git => 'https://h/x',\n  :ref => 'main'\n",
        "https://bob:pw@h/x",
        "git@h:x",
        "../../etc/passwd",
        "https//u:p@h",
    ),
)


def samples(*patterns: str) -> tuple[str, ...]:
    """Return the strings of two lines or more in the tests' files that the patterns (globs below tests/) match, sorted."""
    paths = sorted({path for pattern in patterns for path in (ROOT / "tests").glob(pattern)})
    found: set[str] = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" in node.value.strip():
                found.add(node.value)
    return tuple(sorted(found)) or ("\n",)


def mutate(corpus: Sequence[str], chosen: random.Random) -> str:
    """Return a sample after a few mutations; it depends on the corpus and the random numbers alone."""
    words = _words(chosen.choice(corpus))
    for _ in range(chosen.choice((0, 1, 1, 2, 3, 5, 8))):
        chosen.choice(_MUTATIONS)(words, corpus, chosen)
    return "".join(words)[:_LONGEST]


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _place(words: Sequence[str], chosen: random.Random) -> int:
    return chosen.randrange(len(words) + 1)


def _insert(words: list[str], _corpus: Sequence[str], chosen: random.Random) -> None:
    words.insert(_place(words, chosen), chosen.choice(_ODD))


def _replace(words: list[str], corpus: Sequence[str], chosen: random.Random) -> None:
    at = _place(words, chosen)
    others = _words(chosen.choice(corpus)) or [""]
    words[at : at + 1] = [chosen.choice((chosen.choice(_ODD), chosen.choice(others)))]


def _drop(words: list[str], _corpus: Sequence[str], chosen: random.Random) -> None:
    at = _place(words, chosen)
    del words[at : at + chosen.choice((1, 1, 2, 10))]


def _swap(words: list[str], _corpus: Sequence[str], chosen: random.Random) -> None:
    if words:
        one, other = chosen.randrange(len(words)), chosen.randrange(len(words))
        words[one], words[other] = words[other], words[one]


def _repeat(words: list[str], _corpus: Sequence[str], chosen: random.Random) -> None:
    at = _place(words, chosen)
    piece = words[at : at + chosen.choice((1, 1, 3, 10, 40))]
    words[at:at] = piece * chosen.choice((1, 2, 50, 2000 // max(1, len("".join(piece)))))


def _splice(words: list[str], corpus: Sequence[str], chosen: random.Random) -> None:
    other = _words(chosen.choice(corpus))
    start = _place(other, chosen)
    at = _place(words, chosen)
    words[at:at] = other[start : start + chosen.choice((3, 10, 40))]


def _cut(words: list[str], _corpus: Sequence[str], chosen: random.Random) -> None:
    del words[_place(words, chosen) :]


_MUTATIONS: Final = (_insert, _insert, _replace, _replace, _drop, _swap, _repeat, _splice, _cut)
