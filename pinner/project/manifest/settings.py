"""Determine the settings from options, environment variables and pinner.yaml."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pinner.model.control import Layout
from pinner.model.errors import InputError, Location, Problem
from pinner.model.manifest import Settings
from pinner.model.results import SettingValue
from pinner.model.text import quoted
from pinner.project.files import Project
from pinner.project.yaml.nodes import MappingNode, ScalarNode, map_at, text_at, texts_at, values_by_key
from pinner.project.yaml.schema import (
    BRANCH,
    CODE,
    HIERA,
    MODULE_NAME,
    RELEASE,
    URL,
    Choice,
    Field,
    MapOf,
    NumberKind,
    Record,
    Scalar,
    check_line,
    check_rewrite_target,
    check_url_prefix,
    link_check,
    position_of,
    read_described,
    read_number,
)
from pinner.puppet.names import check_whole_ref, judge

JOBS = NumberKind("a whole number from 1 to 256", 1, 256)
TIMEOUT = NumberKind("a number of seconds from 0.1 to 86400", 0.1, 86400, is_whole=False)
RETRIES = NumberKind("a whole number from 0 to 20", 0, 20)
LAYOUT = Choice("'puppetfiles', 'branches', 'one-branch' or 'exec'", tuple(Layout))

_PAGES = tuple(
    Field(name, Scalar("an address", link_check(*placeholders), "^https?://"), description, (example,))
    for name, placeholders, description, example in (
        (
            "commit",
            ("repository", "commit"),
            "The page of a commit; '{commit}' is its id.",
            "https://git.example.net/{repository}/commit/?id={commit}",
        ),
        (
            "compare",
            ("repository", "old", "new"),
            "The page of the commits from '{old}' to '{new}'.",
            "https://git.example.net/{repository}/log/?qt=range&q={old}..{new}",
        ),
        (
            "review",
            ("repository", "change"),
            "The page of a review; '{change}' is the commit's Change-Id.",
            "https://review.example.net/q/{change}",
        ),
        (
            "bug",
            ("repository", "bug"),
            "The page of a bug that a commit closes; '{bug}' is its number.",
            "https://bugs.example.net/{bug}",
        ),
    )
)

SETTINGS = Record(
    "a map",
    (
        Field(
            "rewrite",
            MapOf(
                "a map of URLs",
                Scalar("the beginning of a URL", check_url_prefix),
                Scalar("the beginning of a URL or path", check_rewrite_target),
            ),
            "Where to fetch from: a key at the beginning of a URL is replaced by its value. The longest key wins; locks keep the canonical "
            "URL. A value is a URL, an absolute path, or, if it begins with './' or '../', a path relative to pinner.yaml.",
            ({"https://opendev.org/openstack/": "https://git.internal/openstack/"},),
        ),
        Field(
            "modules",
            MapOf("a map of modules", MODULE_NAME, URL),
            "More catalogue entries: a module's name and its git URL.",
            ({"sunfire": "ssh://git@git.example.net/puppet-sunfire"},),
        ),
        Field(
            "refs",
            MapOf(
                "a map of modules",
                MODULE_NAME,
                MapOf(
                    "a map of releases",
                    RELEASE,
                    Scalar("a ref", check_whole_ref, "^refs/(heads|tags)/"),
                ),
            ),
            "For repositories with other branch names: the full name of the ref that carries a release.",
            ({"sunfire": {"havana": "refs/heads/release-havana"}},),
        ),
        Field(
            "jobs",
            JOBS,
            "Parallel git connections; at most 8 of them to one ssh server, and fewer once a server has refused some.",
            (16,),
        ),
        Field(
            "timeout",
            TIMEOUT,
            "Seconds without data after which a git call is stopped. A clone or fetch may take longer while data arrive.",
            (60,),
        ),
        Field(
            "retries",
            RETRIES,
            "How often a transient failure is tried again.",
            (3,),
        ),
        Field(
            "cache",
            Scalar("a directory", check_line, may_look_like_number=True),
            "Where mirrors are kept; '~' is your home, and a relative path is relative to pinner.yaml. Here it must be outside of the "
            "project, and new, empty or a cache already; --cache and PINNER_CACHE may name any directory that only you can write.",
            ("~/.cache/pinner",),
        ),
        HIERA,
        CODE,
        Field(
            "links",
            MapOf(
                "a map of URLs",
                Scalar("the beginning of a URL", check_url_prefix),
                Record("a map of pages", _PAGES),
            ),
            "Web pages of hosts that pinner does not know: a key is the beginning of git URLs (the longest wins), '{repository}' what follows it, "
            "without '.git'. Known are opendev.org, GitHub and GitLab. Only https and http.",
            ({"https://git.example.net/": {page.name: page.examples[0] for page in _PAGES}},),
        ),
        Field(
            "layout",
            LAYOUT,
            "How 'generate' and 'publish' lay the environments out for r10k: 'puppetfiles' = one folder per environment (default); 'branches' = "
            "one branch per environment; 'one-branch' = all on one branch, listed in environments.d; 'exec' = r10k runs pinner.",
            ("branches",),
        ),
        Field(
            "control_repo",
            URL,
            "The control repository that 'publish' writes to and r10k deploys from. A directory named here must be yours and outside of "
            "the project; --control-repo and PINNER_CONTROL_REPO may name any.",
            ("ssh://git@git.example.net/puppet/control",),
        ),
        Field(
            "control_branch",
            BRANCH,
            "The branch of the control repository that holds all environments, if the layout has only one; default production.",
            ("production",),
        ),
    ),
)
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
    """Return the settings in force; `project` is None outside of any project, and pinner.yaml is optional.

    The named arguments are command-line options, None if not given. `variables` is the process's environment
    if not given, and an empty variable counts as not set. `~` is the user's home. A relative cache is
    relative to pinner.yaml if set there, else to the working directory. Raises InputError with everything
    that is wrong in all of the sources.
    """
    sources = _Sources(os.environ if variables is None else variables)
    root = sources.read_file(project)
    refs, links = map_at(root, "refs"), map_at(root, "links")
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
        control_repo=sources.word("control_repo", URL, (control_repo, root)),
        control_branch=sources.word("control_branch", BRANCH, (None, root)) or _DEFAULTS.control_branch,
        hiera=texts_at(root, "hiera"),
        code=texts_at(root, "code"),
        links={prefix: values_by_key(map_at(links, prefix)) for prefix in (links.entries if links else ())},
        named_at=sources.places({"cache": cache, "control_repo": control_repo}, root),
    )
    if sources.problems:
        raise InputError(sources.problems)
    return settings


def describe_settings(
    settings: Settings,
    project: Project | None,
    options: Mapping[str, object],
) -> tuple[SettingValue, ...]:
    """Return each setting in force with where it comes from, in the order of the reference.

    `options` maps settings to the values that options gave, None if not given. Maps have one row per entry.
    """
    root = _Sources(os.environ).read_file(project)

    def origin(name: str) -> str:
        if options.get(name) is not None:
            return f"--{name.replace('_', '-')}"
        if os.environ.get(variable := f"PINNER_{name.upper()}") and name not in _ONLY_IN_FILE:
            return variable
        entry = root.entries.get(name) if root else None
        return str(entry.value.place) if entry else "default"

    rows: list[SettingValue] = []
    for field_ in SETTINGS.fields:
        name, value = field_.name, getattr(settings, field_.name)
        if isinstance(value, Mapping):
            for key, inner in value.items():
                shown = ", ".join(map(str, inner.items())) if isinstance(inner, Mapping) else str(inner)
                rows.append(SettingValue(f"{name}.{key}", shown, origin(name)))
        elif isinstance(value, tuple):
            shown = ", ".join(text.value for text in value)
            rows += [SettingValue(name, shown, origin(name))] if value else []
        elif value is not None:
            shown = f"{value:g}" if isinstance(value, float) else str(value)
            rows.append(SettingValue(name, shown, origin(name)))
    return tuple(rows)


_ONLY_IN_FILE = frozenset({"rewrite", "modules", "refs", "hiera", "code", "links"})


@dataclass(frozen=True, slots=True)
class _Sources:
    """The sources of settings, and the problems found in them."""

    variables: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)

    def read_file(self, project: Project | None) -> MappingNode | None:
        if project is None or not os.path.lexists(project.settings):
            return None
        found = read_described(project, project.settings, SETTINGS)
        reported = {problem.place for problem in found.problems}
        lost = (problem for problem in _lost_slashes(found.root) if problem.place not in reported)
        self.problems.extend(sorted((*found.problems, *lost), key=position_of))
        return found.root

    def number(
        self, name: str, kind: NumberKind, given: tuple[float | None, MappingNode | None], *, default: float
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
        self, name: str, kind: Scalar | Choice, given: tuple[str | None, MappingNode | None]
    ) -> str | None:
        """Return the text from the first source that has one: option, variable or file; None without any."""
        option, root = given
        variable = f"PINNER_{name.upper()}"
        if chosen := option or self.variables.get(variable):
            shown = f"--{name.replace('_', '-')}" if option else variable
            if flaw := _flaw(kind, chosen):
                self.problems.append(Problem(f"{shown}: {flaw}"))
            return None if flaw else chosen
        stated = text_at(root, name)
        return stated.value if stated and not _flaw(kind, stated.value) else None

    def places(self, options: Mapping[str, str | None], root: MappingNode | None) -> Mapping[str, Location]:
        """Return setting to its place in the file, for those not overridden by an option or a variable."""
        named = {name: text_at(root, name) for name, option in options.items() if not option}
        return {
            name: text.place
            for name, text in named.items()
            if text and not self.variables.get(f"PINNER_{name.upper()}")
        }

    def cache(self, option: str | None, root: MappingNode | None, project: Project | None) -> str:
        """Return the cache's absolute path from the first source that has one."""
        stated = text_at(root, "cache")
        if chosen := option or self.variables.get("PINNER_CACHE"):
            return str(self._at_home(chosen).absolute())
        if stated and project:
            return os.path.normpath(project.root / self._at_home(stated.value))
        from platformdirs import user_cache_dir  # noqa: PLC0415 - costs start-up time that not every project need pay

        return user_cache_dir("pinner", appauthor=False)

    def _at_home(self, path: str) -> Path:
        try:
            return Path(path).expanduser()
        except RuntimeError:
            message = f"cache: cannot determine the home directory in {quoted(path)}"
            self.problems.append(Problem(message, hint="write the absolute path"))
            return Path(path)

    def _judge(self, name: str, kind: NumberKind, text: str, default: float) -> float:
        number = read_number(kind, text)
        if number is None:
            self.problems.append(Problem(f"{name}: must be {kind.what}, not {quoted(text)}"))
            return default
        return number


def _flaw(kind: Scalar | Choice, text: str) -> str | None:
    if isinstance(kind, Scalar):
        return judge(kind.check, text)
    return None if text in kind.values else f"must be {kind.what}, not {quoted(text)}"


def _lost_slashes(root: MappingNode | None) -> list[Problem]:
    """Return a problem for each rewrite that would lose, or double, the slash between its two parts."""
    rewrite = map_at(root, "rewrite")
    rows = rewrite.entries.items() if rewrite else ()
    hint = "end both with '/', or neither"
    return [
        Problem(f"rewrite.{quoted(prefix)}: only one of the two ends with '/'", entry.value.place, hint)
        for prefix, entry in rows
        if isinstance(entry.value, ScalarNode) and prefix.endswith(_ENDS) != entry.value.text.endswith(_ENDS)
    ]


def _locate(target: str, project: Project | None) -> str:
    """Return a rewrite's target, made absolute if it is relative to pinner.yaml."""
    if project is None or not target.startswith(("./", "../")):
        return target
    end = "/" if target.endswith("/") else ""
    return os.path.normpath(project.root / target) + end
