"""CI recipes read as their CI systems read them: which shell scripts run, and with which variables.

Steps that have nothing to do with pinner's own work (`uses:`, the installation) are left out.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import yaml

_COMMAND = re.compile(
    r"""(?:^|[\s/"'=|;&(-])pinner ([a-z][\w-]*(?: (?:"[^"\n]*"|[^\n|>&;#)}"])*)?)""", re.MULTILINE
)
_PROSE = re.compile(r"\s*(?:- )?(?:#|name:|description:|Description=|Documentation=)")
_EXPRESSION = re.compile(r"\$\{\{ (.*?) \}\}")
_INSTALLING = re.compile(r"pip install .*")


@dataclass(frozen=True, slots=True)
class Script:
    """One shell script of a recipe; it ends at the first command that fails, as in both systems."""

    text: str
    variables: Mapping[str, str]

    @property
    def strict(self) -> str:
        """The script as the systems start it."""
        return f"set -eo pipefail\n{self.text}"


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words after `pinner` of every command line in a recipe."""
    lines = (line.partition(" #")[0] for line in text.splitlines() if not _PROSE.match(line))
    for found in _COMMAND.finditer("\n".join(lines)):
        yield shlex.split(found[1])


def read_gitlab(path: Path, given: Mapping[str, str]) -> Mapping[str, Script]:
    """Return job to script; `given` are the variables that GitLab sets."""
    recipe = _read(path)
    own = _own(recipe, given)
    common = recipe["default"]["before_script"]
    return {
        name: Script(
            _without_installing([*common, *job["script"]]), {**given, **own, **_own(job, {**given, **own})}
        )
        for name, job in recipe.items()
        if isinstance(job, dict) and "script" in job
    }


def read_github(path: Path, given: Mapping[str, str]) -> Mapping[str, Script]:
    """Return the name of a step to its script; `given` are the expressions that GitHub knows: `github.workspace`."""
    recipe = _read(path)
    steps = [step for job in recipe["jobs"].values() for step in job["steps"] if "run" in step]
    found = ((step, _without_installing([step["run"]])) for step in steps)
    return {
        step["name"]: Script(text, _expanded({**recipe["env"], **step.get("env", {})}, given))
        for step, text in found
        if text
    }


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _own(part: Mapping[str, Any], known: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables of a recipe or a job, with those in them that are known."""
    return {name: Template(value).substitute(known) for name, value in part.get("variables", {}).items()}


def _expanded(variables: Mapping[str, str], given: Mapping[str, str]) -> Mapping[str, str]:
    return {name: _EXPRESSION.sub(lambda found: given[found[1]], value) for name, value in variables.items()}


def _without_installing(lines: list[str]) -> str:
    return "\n".join(line for line in lines if not _INSTALLING.fullmatch(line))
