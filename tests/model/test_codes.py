"""The table of finding codes holds exactly the findings that the code makes, and alone decides on their levels."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pinner
from pinner.model.findings import Rule
from pinner.model.rules import RULES

PACKAGE = Path(pinner.__file__).parent


def calls() -> Iterator[tuple[str, ast.AST]]:
    """Yield the place and the node of everything in the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield f"{path.relative_to(PACKAGE)}:{getattr(node, 'lineno', 0)}", node


def test_only_a_rule_makes_a_finding_and_sets_its_level() -> None:
    makers = [
        where
        for where, node in calls()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding"
    ]
    assert [where.partition(":")[0] for where in makers] == ["model/findings.py"]


def test_every_code_that_the_package_looks_up_has_a_row() -> None:
    codes = {
        node.slice.value: where
        for where, node in calls()
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "RULES"
        and isinstance(node.slice, ast.Constant)
    }
    codes |= {
        node.args[0].value: where
        for where, node in calls()
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) in {"finding", "deployed_finding"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value is not None
    }
    assert len(codes) > len(RULES) / 2
    assert {code: where for code, where in codes.items() if code not in RULES} == {}


def test_every_row_has_a_finding() -> None:
    paths = [path for path in sorted(PACKAGE.rglob("*.py")) if not path.name.startswith("codes")]
    source = "".join(path.read_text(encoding="utf-8") for path in paths)
    assert [code for code in RULES if f'"{code}"' not in source] == []


def test_codes_are_words_with_hyphens_and_texts_are_sentences() -> None:
    for rule in RULES.values():
        assert isinstance(rule, Rule)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.code)
        assert rule.meaning.endswith(".")
        assert rule.fix.endswith((".", "`"))
