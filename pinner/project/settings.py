"""Settings: command-line options over environment variables over pinner.yaml over defaults."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pinner.project import schema_words
from pinner.project.check import position_of, read_number
from pinner.project.described import read_described
from pinner.project.kinds import Choice, Number, Word
from pinner.project.layout import Project
from pinner.project.lookups import map_at, text_at, values_by_key
from pinner.project.nodes import Mapping as MappingNode
from pinner.project.nodes import Scalar
from pinner.project.quoting import quote
from pinner.project.rules import judge
from pinner.project.settings_schema import JOBS, LAYOUT, RETRIES, SETTINGS, TIMEOUT
from pinner.words.control import Layout
from pinner.words.manifests import Settings
from pinner.words.problems import InputError, Problem

_DEFAULTS = Settings(cache="")
_ENDS = ("/", ":")


def read_settings(
    project: Project | None,
    *,
    cache: str | None = None,
    jobs: int | None = None,
    timeout: float | None = None,
    retries: int | None = None,
    layout: str | None = None,
    control_repo: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings in force; `project` is None outside of any, and pinner.yaml need not be there.

    The named arguments are command-line options, None where one was not given; `variables` is the process's
    environment if not given, and an empty variable counts as not set. `~` is the user's home; a relative cache is
    relative to pinner.yaml if it stands there, else to the working directory. Raises InputError with everything that
    is wrong in all of the sources.
    """
    sources = _Sources(os.environ if variables is None else variables)
    root = sources.read_file(project)
    refs = map_at(root, "refs")
    settings = Settings(
        cache=sources.cache(cache, root, project),
        rewrite={
            prefix: _locate(text, project) for prefix, text in values_by_key(map_at(root, "rewrite")).items()
        },
        modules=values_by_key(map_at(root, "modules")),
        refs={module: values_by_key(map_at(refs, module)) for module in (refs.entries if refs else ())},
        jobs=int(sources.number("jobs", JOBS, (jobs, root), default=_DEFAULTS.jobs)),
        timeout=sources.number("timeout", TIMEOUT, (timeout, root), default=_DEFAULTS.timeout),
        retries=int(sources.number("retries", RETRIES, (retries, root), default=_DEFAULTS.retries)),
        layout=Layout(sources.word("layout", LAYOUT, (layout, root)) or _DEFAULTS.layout),
        control_repo=sources.word("control_repo", schema_words.URL, (control_repo, root)),
        control_branch=sources.word("control_branch", schema_words.BRANCH, (None, root))
        or _DEFAULTS.control_branch,
    )
    if sources.problems:
        raise InputError(sources.problems)
    return settings


@dataclass(frozen=True, slots=True)
class _Sources:
    """Where settings come from, and what is wrong in any of them."""

    variables: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)

    def read_file(self, project: Project | None) -> MappingNode | None:
        if project is None or not os.path.lexists(project.settings):
            return None
        found = read_described(project, project.settings, SETTINGS)
        told = {problem.place for problem in found.problems}
        lost = (problem for problem in _lost_slashes(found.root) if problem.place not in told)
        self.problems.extend(sorted((*found.problems, *lost), key=position_of))
        return found.root

    def number(
        self, name: str, kind: Number, given: tuple[float | None, MappingNode | None], *, default: float
    ) -> float:
        """Return the number from the first source that has one: the option, the variable, the file."""
        option, root = given
        variable = f"PINNER_{name.upper()}"
        if option is not None:
            return self._judge(f"--{name}", kind, str(option), default)
        if text := self.variables.get(variable):
            return self._judge(variable, kind, text, default)
        stated = text_at(root, name)
        number = read_number(kind, stated.value) if stated else None
        return default if number is None else number

    def word(
        self, name: str, kind: Word | Choice, given: tuple[str | None, MappingNode | None]
    ) -> str | None:
        """Return the text from the first source that has one: the option, the variable, the file; None without any."""
        option, root = given
        variable = f"PINNER_{name.upper()}"
        asked = option or self.variables.get(variable)
        if asked:
            shown = f"--{name.replace('_', '-')}" if option else variable
            return asked if self._is_good(shown, kind, asked) else None
        stated = text_at(root, name)
        return stated.value if stated and not _flaw(kind, stated.value) else None

    def cache(self, option: str | None, root: MappingNode | None, project: Project | None) -> str:
        """Return the cache's absolute path from the first source that has one."""
        stated = text_at(root, "cache")
        if asked := option or self.variables.get("PINNER_CACHE"):
            return str(self._at_home(asked).absolute())
        if stated and project:
            return os.path.normpath(project.root / self._at_home(stated.value))
        from platformdirs import user_cache_dir  # noqa: PLC0415 - costs start-up time that not every project need pay

        return user_cache_dir("pinner", appauthor=False)

    def _at_home(self, path: str) -> Path:
        try:
            return Path(path).expanduser()
        except RuntimeError:
            message = f"cache: there is no home directory for {quote(path)}"
            self.problems.append(Problem(message, hint="write the whole path"))
            return Path(path)

    def _is_good(self, shown: str, kind: Word | Choice, text: str) -> bool:
        flaw = _flaw(kind, text)
        if flaw:
            self.problems.append(Problem(f"{shown}: {flaw}"))
        return flaw is None

    def _judge(self, name: str, kind: Number, text: str, default: float) -> float:
        number = read_number(kind, text)
        if number is None:
            self.problems.append(Problem(f"{name}: must be {kind.what}, not {quote(text)}"))
            return default
        return number


def _flaw(kind: Word | Choice, text: str) -> str | None:
    if isinstance(kind, Word):
        return judge(kind.check, text)
    return None if text in kind.values else f"must be {kind.what}, not {quote(text)}"


def _lost_slashes(root: MappingNode | None) -> list[Problem]:
    """Return a problem for each rewrite that would lose, or double, the slash between its two parts."""
    rewrite = map_at(root, "rewrite")
    rows = rewrite.entries.items() if rewrite else ()
    hint = "end both with '/', or neither"
    return [
        Problem(f"rewrite.{quote(prefix)}: only one of the two ends with '/'", entry.value.place, hint)
        for prefix, entry in rows
        if isinstance(entry.value, Scalar) and prefix.endswith(_ENDS) != entry.value.text.endswith(_ENDS)
    ]


def _locate(target: str, project: Project | None) -> str:
    """Return a rewrite's target, made absolute where it is relative to pinner.yaml."""
    if project is None or not target.startswith(("./", "../")):
        return target
    end = "/" if target.endswith("/") else ""
    return os.path.normpath(project.root / target) + end
