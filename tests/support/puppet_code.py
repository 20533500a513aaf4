"""Definitions as plain rows, so that what pinner reads and what Puppet's own parser reads can be laid side by side."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from pinner.model.module_api import Definition

Row = dict[str, Any]

TRAPS = sorted((Path(__file__).parents[1] / "puppet" / "code" / "traps").glob("*.pp"))
TEXTS = {path.stem: path.read_bytes().decode() for path in TRAPS}


def rows_of(definitions: Iterable[Definition]) -> list[Row]:
    """Return what of `definitions` Puppet's parser knows too."""
    return [
        {
            "kind": one.kind.value,
            "name": one.name,
            "line": one.line,
            "inherits": one.inherits,
            "target": one.target,
            "parameters": [[p.name, p.line, p.type, p.default, p.is_rest] for p in one.parameters],
        }
        for one in definitions
    ]


def rows_of_puppet(answer: Any) -> list[Row]:
    """Return the same of an answer of puppet_parser.rb, which must not be an error."""
    return [
        {
            "kind": one["kind"],
            "name": one["name"],
            "line": one["line"],
            "inherits": one["inherits"] and one["inherits"].removeprefix("::"),
            "target": one["returns"],
            "parameters": [
                [p["name"], p["line"], p["type"], p["default"], p["splat"]] for p in one["parameters"]
            ],
        }
        for one in answer["definitions"]
    ]


FRAGMENTS = (
    *(
        '"',
        "'",
        "$",
        "${",
        "}",
        "{",
        "(",
        ")",
        "[",
        "]",
        ",",
        "=",
        "=>",
        "#",
        "/*",
        "*/",
        "/",
        "\\",
        "\n",
        " ",
        "|",
    ),
    *(
        "@(EOT)",
        "EOT",
        "inherits",
        "A::B",
        "::",
        ":",
        "$a",
        "$a = 1",
        "undef",
        "-",
        "+",
        "?",
        "%",
        "!",
        "<|",
        "|>",
    ),
    *(">>", "é", "if", "\t", "/a/", "1", "0x", "*", "# DEPRECATED", "warning('", "deprecated", "[*a*]"),
)


@st.composite
def mutations(draw: st.DrawFn, text: str) -> str:
    """Draw `text` with a few pieces put in, taken out or moved: what a slip of the hand or of a merge makes."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        kind = draw(st.sampled_from(("insert", "delete", "copy")))
        if kind == "insert":
            text = text[:at] + draw(st.sampled_from(FRAGMENTS)) + text[at:]
        elif kind == "delete":
            text = text[:at] + text[at + draw(st.integers(1, 8)) :]
        else:
            start = draw(st.integers(0, len(text)))
            text = text[:at] + text[start : start + draw(st.integers(1, 30))] + text[at:]
    return text
