"""Write the r10k.yaml for a layout and a server, and the program and data for r10k's exec source."""

import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pinner.deploying.environment_files import LIST
from pinner.deploying.generate import control_branches, needed_control_repo, needed_locks, source_of
from pinner.git.control.repository import keep_branches
from pinner.git.mirrors.mirrors import Cache
from pinner.git.process.children import (
    FixedDeadline,
    OutputTooLargeError,
    OverdueError,
    ProcessIO,
    end_session,
    forget,
    start,
)
from pinner.locking.requirements import read_requirements
from pinner.model.control import EXECUTABLE, ControlFile, Layout
from pinner.model.errors import InputError, Problem
from pinner.model.manifest import Settings
from pinner.model.text import join_words, quoted
from pinner.project.files import resolve
from pinner.project.yaml.schema import check_line
from pinner.puppet.puppetfile.writer import HEADER_MARK
from pinner.workspace.workspace import Workspace

PROGRAM = "r10k-environments"


def r10k_environments(workspace: Workspace) -> Mapping[str, Mapping[str, str]]:
    """Return r10k's entry for each environment of the project; r10k removes environments that are not listed.

    With a control repository in the settings, entries refer to its shared branch and the environment's own
    Puppetfile there. Without one, they refer to a repository in the cache with exactly the generated files,
    at one commit per environment, and locks that do not match their manifests are refused. Raises InputError
    if a lock is missing, so that nothing is deployed or removed.
    """
    settings = workspace.settings
    names = needed_locks(
        workspace, tuple(required.manifest.environment for required in read_requirements(workspace, ()))
    )
    if settings.control_repo is not None:
        return {name: source_of(name, settings) for name in names}
    path = Cache.at(Path(settings.cache)).control(f"exec://{workspace.project.root}")
    branches = control_branches(workspace, (), Layout.BRANCHES)
    commits = keep_branches(path, branches, timeout=settings.timeout)
    return {
        branch.name: {"type": "git", "remote": str(path), "ref": commits[branch.name]} for branch in branches
    }


def program(workspace: Workspace, directory: Path) -> ControlFile:
    """Return the program that r10k's exec source runs, for a directory inside or outside the project."""
    root = workspace.project.root
    is_inside = resolve(directory).is_relative_to(root)
    # `exec` passes the exit code on to r10k; PINNER is for cron and systemd, which set a PATH of their own.
    start = "CDPATH='' cd -- \"${0%/*}\" && " if is_inside else ""
    where = "" if is_inside else f" -C {shlex.quote(str(root))}"
    text = f'#!/bin/sh\n# {HEADER_MARK}: r10k\'s exec source runs this\n{start}exec "${{PINNER:-pinner}}"{where} {PROGRAM}\n'
    return ControlFile(PROGRAM, text, EXECUTABLE)


Version = tuple[int, ...]

_TIMEOUT = 60.0
_MOST_BYTES = 1024 * 1024
_HOMES = (("etc/puppetlabs", "puppet/puppet.conf"), ("etc/puppet", "puppet.conf"))
_PROGRAM = "opt/puppetlabs/bin/puppet"


@dataclass(frozen=True, slots=True)
class Server:
    """One machine; `r10k` and `puppet` are None if not installed, and `puppet_conf` is None if there is none.

    `environmentpath` is Puppet's default there, as the packages of Puppet or those of Debian set it.
    """

    environmentpath: Path
    puppet: Path | None
    puppet_conf: Path | None
    r10k: Version | None


def detect_server(root: Path = Path("/")) -> Server:
    """Return what is installed on the machine whose files are below `root`."""
    homes = {root / home: root / home / conf for home, conf in _HOMES}
    # On Debian, r10k's configuration is in /etc/puppetlabs too, so its existence proves nothing about Puppet.
    configured = [home for home, conf in homes.items() if conf.is_file()]
    filled = [home for home in homes if (home / "code").is_dir()]
    home = (*configured, *filled, *homes)[0]
    packaged = root / _PROGRAM
    found = str(packaged) if packaged.is_file() else shutil.which("puppet")
    return Server(
        environmentpath=home / "code" / "environments",
        puppet=Path(found) if found else None,
        puppet_conf=homes[home] if configured else None,
        r10k=_ask_r10k(),
    )


def _ask_r10k() -> Version | None:
    program = shutil.which("r10k")
    if program is None:
        return None
    try:
        process = start([program, "version"], environment=os.environ)
    except OSError:
        return None
    with process:
        try:
            out, _ = ProcessIO(process, b"", limit=_MOST_BYTES).communicate(FixedDeadline(_TIMEOUT))
        except (OverdueError, OutputTooLargeError):
            return None
        finally:
            end_session(process.pid)
            forget(process)
    found = re.search(rb"r10k ([0-9]{1,4})\.([0-9]{1,4})\.([0-9]{1,4})", out)
    return tuple(int(part) for part in found.groups()) if found else None


CACHE = "/var/cache/r10k"
CLONE = "/etc/puppetlabs/r10k/control"
_NEEDS: dict[Layout, tuple[Version, str]] = {
    Layout.BRANCHES: ((3, 2, 0), "deploy.generate_types"),
    Layout.ONE_BRANCH: ((3, 4, 0), "the yamldir source"),
    Layout.EXEC: ((3, 5, 0), "the exec source"),
}
"""The first r10k that has what a layout needs, by its CHANGELOG; lists always supported `puppetfile_name`."""
_PUPPET = Path("/opt/puppetlabs/bin/puppet")


@dataclass(frozen=True, slots=True)
class R10kYaml:
    """The text of an r10k.yaml, and notes about what could not be determined and the user must check."""

    text: str
    notes: tuple[str, ...] = ()


def render_r10k_yaml(
    settings: Settings, server: Server, *, environmentpath: Path | None = None, command: Path
) -> R10kYaml:
    """Return the r10k.yaml for `settings.layout` on this machine.

    `environmentpath` is where environments are deployed (default: the server's), and `command` the program
    that the exec source runs. Raises InputError if the installed r10k is too old for the layout, or if the
    layout needs a control repository and none is set.
    """
    layout = settings.layout
    needed, what = _NEEDS.get(layout, ((0,), ""))
    if server.r10k is not None and server.r10k < needed:
        message = f"r10k {_shown(server.r10k)} is installed here, and {what} came with r10k {_shown(needed)}"
        able = [each.value for each in Layout if server.r10k >= _NEEDS.get(each, ((0,), ""))[0]]
        hint = f"install a newer r10k, or use --layout {join_words(able, last='or')}"
        raise InputError(Problem(f"layout '{layout}': {message}", hint=hint))
    lines = [*_top(layout, settings)]
    if layout is not Layout.PUPPETFILES:
        lines += _source(settings, environmentpath or server.environmentpath, command)
        lines += _deploy(server)
    notes = []
    if layout in _NEEDS and server.r10k is None:
        notes.append(
            f"r10k is not installed, so its version is unknown: the layout '{layout}' needs r10k {_shown(needed)} or newer"
        )
    if layout in _NEEDS and server.puppet is None:
        notes.append(
            f"no puppet here: look at puppet_path, {_PUPPET} is a guess and must be there where r10k runs"
        )
    return R10kYaml("".join(f"{line}\n" for line in lines), tuple(notes))


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


def _shown(version: Version) -> str:
    return ".".join(map(str, version))


def _quoted(text: str) -> str:
    """Return a YAML scalar in single quotes, in which only the quote is special.

    Raises InputError for a text with line breaks or other characters that are not allowed in one line.
    """
    if flaw := check_line(text):
        raise InputError(Problem(f"{quoted(text)} is not valid in an r10k.yaml: {flaw}"))
    return "'{}'".format(text.replace("'", "''"))
