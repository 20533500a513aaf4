"""The r10k.yaml that belongs to a layout. It is about one machine, so it is printed there and not kept in a project."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pinner.operations.layouts.control import needed_control_repo
from pinner.operations.layouts.one_branch import LIST
from pinner.operations.layouts.server import Server, Version
from pinner.project.quoting import join_words, quote
from pinner.project.rules import check_line
from pinner.words.control import Layout
from pinner.words.manifests import Settings
from pinner.words.problems import InputError, Problem

CACHE = "/var/cache/r10k"
CLONE = "/etc/puppetlabs/r10k/control"
_NEEDS: dict[Layout, tuple[Version, str]] = {
    Layout.BRANCHES: ((3, 2, 0), "deploy.generate_types"),
    Layout.ONE_BRANCH: ((3, 4, 0), "the yamldir source"),
    Layout.EXEC: ((3, 5, 0), "the exec source"),
}
"""The first r10k that has what a layout needs, by its CHANGELOG. `puppetfile_name` in a list came with the list."""
_PUPPET = Path("/opt/puppetlabs/bin/puppet")


@dataclass(frozen=True, slots=True)
class R10kYaml:
    """The text of an r10k.yaml, and what nobody could know here and the user is to look at."""

    text: str
    notes: tuple[str, ...] = ()


def render_r10k_yaml(
    settings: Settings, server: Server, *, environmentpath: Path | None = None, command: Path
) -> R10kYaml:
    """Return the r10k.yaml for `settings.layout` on that machine.

    `environmentpath` is where environments are deployed, if not where Puppet has them; `command` the program that the
    exec source runs. Raises InputError where the r10k there cannot do it, or no control repository is set.
    """
    layout = settings.layout
    _check_version(layout, server.r10k)
    lines = [*_top(layout, settings)]
    if layout is not Layout.PUPPETFILES:
        lines += _source(settings, environmentpath or server.environmentpath, command)
        lines += _deploy(server)
    return R10kYaml("".join(f"{line}\n" for line in lines), tuple(_notes(layout, server)))


def _check_version(layout: Layout, version: Version | None) -> None:
    needed, what = _NEEDS.get(layout, ((0,), ""))
    if version is not None and version < needed:
        message = f"r10k {_shown(version)} is installed here, and {what} came with r10k {_shown(needed)}"
        able = [each.value for each in Layout if version >= _NEEDS.get(each, ((0,), ""))[0]]
        hint = f"install a newer r10k, or use --layout {join_words(able, last='or')}"
        raise InputError(Problem(f"layout '{layout}': {message}", hint=hint))


def _top(layout: Layout, settings: Settings) -> Iterator[str]:
    yield "---"
    yield f"# Written by pinner for the layout '{layout}'. Its usual place: /etc/puppetlabs/r10k/r10k.yaml"
    if layout is Layout.PUPPETFILES:
        yield "# r10k deploys no environment here; in the directory of each one run"
        yield "#   r10k puppetfile install && puppet generate types --environment NAME"
    if layout is Layout.ONE_BRANCH:
        yield "# r10k reads its list of environments from a clone, which must be brought up to date before a deploy:"
        yield f"#   git clone --branch {settings.control_branch} {needed_control_repo(settings)} {CLONE}"
        yield f"#   git -C {CLONE} pull --ff-only && r10k deploy environment --modules"
    yield f"cachedir: {_quoted(CACHE)}"


def _source(settings: Settings, environmentpath: Path, command: Path) -> Iterator[str]:
    yield "sources:"
    yield "  pinner:"
    match settings.layout:
        case Layout.ONE_BRANCH:
            yield "    type: 'yamldir'"
            yield f"    config: {_quoted(f'{CLONE}/{LIST}')}"
        case Layout.EXEC:
            yield "    type: 'exec'"
            yield "    # one program without arguments: r10k takes nothing else"
            yield f"    command: {_quoted(str(command))}"
        case _:
            yield "    type: 'git'"
            yield f"    remote: {_quoted(needed_control_repo(settings))}"
    yield f"    basedir: {_quoted(str(environmentpath))}"


def _deploy(server: Server) -> Iterator[str]:
    yield "deploy:"
    yield "  # without generated types, the first environment's version of a native type serves all others"
    yield "  generate_types: true"
    yield f"  puppet_path: {_quoted(str(server.puppet or _PUPPET))}"
    if server.puppet_conf:
        yield f"  puppet_conf: {_quoted(str(server.puppet_conf))}"
    yield "  # the modules are then the locked commits whole"
    yield "  exclude_spec: false"
    yield "  purge_levels:"
    yield "    - 'deployment'"
    yield "    - 'puppetfile'"
    yield "  # both are needed as soon as 'environment' is among the levels: else the generated types are purged"
    yield "  purge_allowlist:"
    yield "    - '.resource_types'"
    yield "    - '.resource_types/**/*'"


def _notes(layout: Layout, server: Server) -> Iterator[str]:
    if layout in _NEEDS and server.r10k is None:
        yield f"no r10k here to ask: the layout '{layout}' needs r10k {_shown(_NEEDS[layout][0])} or newer"
    if layout in _NEEDS and server.puppet is None:
        yield f"no puppet here: look at puppet_path, {_PUPPET} is a guess and must be there where r10k runs"


def _shown(version: Version) -> str:
    return ".".join(map(str, version))


def _quoted(text: str) -> str:
    """Return a YAML scalar in single quotes: nothing but a quote is special there. Raises InputError for a broken line."""
    if flaw := check_line(text):
        raise InputError(Problem(f"{quote(text)} cannot stand in an r10k.yaml: {flaw}"))
    return "'{}'".format(text.replace("'", "''"))
