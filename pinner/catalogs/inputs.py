"""Compute digests of everything that decides whether a node compiles: a node whose digest is known need not be compiled.

Compiling with the same Puppet, modules, control repository, settings and facts ends in the same way. What the code of modules
reads elsewhere on the machine is no part of a digest, nor are facts that differ each time they are collected.
"""

import json
import os
import stat
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from pinner.catalogs.environment_tree import EnvironmentTree
from pinner.catalogs.process import PROGRAM, Compiler, ruby_environment
from pinner.catalogs.programs import run_program
from pinner.model.catalogs import Json, Node
from pinner.model.control import ENVIRONMENT_CONF
from pinner.model.errors import UnknownError

_VOLATILE: Final = frozenset(
    {
        "load_averages",
        "memoryfree",
        "memoryfree_mb",
        "swapfree",
        "swapfree_mb",
        "system_uptime",
        "uptime",
        "uptime_days",
        "uptime_hours",
        "uptime_seconds",
    }
)
_USE: Final = frozenset({"available", "available_bytes", "capacity", "used", "used_bytes"})
"""How full memory and file systems are, in the facts `memory` and `mountpoints`."""
_WHICH_PUPPET: Final = (
    "require 'puppet/version'; path = $LOADED_FEATURES.grep(%r{puppet/version.rb}).first;"
    "puts RUBY_DESCRIPTION, Puppet.version, path, File.mtime(path).to_f"
)
_SECONDS: Final = 60


def environment_digest(
    compiler: Compiler,
    tree: EnvironmentTree,
    modules: Mapping[str, Path],
    control: Path | None,
    *,
    puppet: str | None = None,
) -> str | None:
    """Return the digest of what all nodes of an environment have in common.

    `modules` are those of the tree store, where a directory's name is the id of its git tree. `puppet` describes the
    Puppet of other machines that compile, if this one does not. None if there is no
    digest: Ruby does not have Puppet, or the control repository has links out of it or files that cannot be read.
    """
    puppet = puppet or which_puppet(compiler.ruby)
    try:
        files = None if control is None else sorted(_files(control))
    except (OSError, ValueError, RuntimeError):  # RuntimeError: links in a circle
        return None
    if puppet is None:
        return None
    programs = [path.read_text() for path in sorted(PROGRAM.parent.glob("*.rb"))]
    values = {
        "environment": tree.name,
        "conf": (tree.environmentpath / tree.name / ENVIRONMENT_CONF).read_text(),
        "puppet": puppet,
        "programs": programs,
        "modules": {path: directory.name for path, directory in modules.items()},
        "control": files,
        "settings": dict(compiler.settings),
        "limits": [compiler.timeout, compiler.memory],
        "exported": list(compiler.exported),
        "sandbox": compiler.wrapper[:1],
    }
    return _digest(values)


def node_digest(environment: str, node: Node) -> str:
    """Return the digest of a node in an environment with that digest, without facts that are never the same."""
    values = {
        "environment": environment,
        "name": node.name,
        "facts": dict(_lasting(node.facts)),
        "trusted": node.trusted,
        "classes": node.classes,
        "parameters": node.parameters,
    }
    return _digest(values)


def _digest(values: Mapping[str, object]) -> str:
    return sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


@cache
def which_puppet(ruby: str) -> str | None:
    """Return the versions of Ruby and Puppet, and the place and time of the latter; None if Ruby lacks Puppet."""
    command = [ruby, "-W0", "-e", _WHICH_PUPPET]
    try:
        done = run_program(command, environment=ruby_environment(), seconds=_SECONDS)
    except UnknownError:
        return None
    return done.out.decode("utf-8", "replace") if done.code == 0 else None


def _files(root: Path) -> Iterator[tuple[str, str]]:
    """Yield each path below the control repository with a digest of what it is.

    Raises ValueError for a link out of it, OSError for what cannot be read.
    """
    waiting = [root]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                path = Path(entry.path)
                name = path.relative_to(root).as_posix()
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISLNK(mode):
                    path.resolve().relative_to(root)
                    yield name, f"link {path.readlink()}"
                elif stat.S_ISDIR(mode):
                    if name != ".git":
                        yield name, "directory"
                        waiting.append(path)
                elif stat.S_ISREG(mode):
                    yield name, sha256(path.read_bytes()).hexdigest()
                else:
                    yield name, "special"


def _lasting(facts: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    for name, value in facts.items():
        if name in {"memory", "mountpoints"} and isinstance(value, dict):
            yield (
                name,
                {
                    key: {part: one for part, one in row.items() if part not in _USE}
                    if isinstance(row, dict)
                    else row
                    for key, row in value.items()
                },
            )
        elif name not in _VOLATILE:
            yield name, value
