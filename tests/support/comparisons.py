"""Comparisons made of values, for tests of reports: every kind of change, in words that hostile upstreams would choose."""

from datetime import UTC, datetime

from pinner.git.history import Commit
from pinner.operations.compare import Change, Comparison, Direction, ModuleChange
from pinner.operations.rewordings import Rewording
from pinner.operations.sides import Side
from pinner.words import changes
from pinner.words.api import Kind, Unreadable
from pinner.words.changes import ApiChange, Severity
from pinner.words.effects import DataEffect, Effect
from pinner.words.notes import Note, Trailers
from pinner.words.pins import GitPin, Lock, Status
from pinner.words.places import Place
from pinner.words.problems import Problem
from pinner.words.wants import Selector, Want

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & \"'`\u2028\u202e\x1b[31m"
"""What a commit, a note or a parameter may say."""


def pin(module: str, release: str, version: str | None = "1.0.0") -> GitPin:
    return GitPin(
        module=module,
        git=f"https://opendev.org/openstack/puppet-{module}",
        commit=f"{len(module) + len(release):040x}",
        ref=f"refs/heads/stable/{release}",
        want=Want(Selector.RELEASE, release),
        install_path="modules",
        status=Status.MAINTAINED,
        version=version,
    )


def moved(module: str, text: str = "old words", **more: object) -> ModuleChange:
    """Return a module that moved, with a change of each kind; `text` stands wherever upstream has a say."""
    removed = ApiChange(
        changes.Change.PARAMETER_REMOVED,
        Kind.CLASS,
        f"{module}::api",
        Severity.BREAKS,
        parameter="gone",
        old=text,
        hint=text,
    )
    changed = ApiChange(
        changes.Change.DEFAULT_CHANGED,
        Kind.CLASS,
        f"{module}::api",
        Severity.BEHAVIOUR,
        parameter="workers",
        old="1",
        new=text,
    )
    added = ApiChange(changes.Change.ADDED, Kind.TYPE_ALIAS, f"{module.capitalize()}::Port", Severity.INFO)
    note = Note("security", text, "releasenotes/notes/x.yaml")
    effect = DataEffect(Effect.IGNORED, f"{module}::api::gone", module, Place("data/common.yaml", 3), text)
    commit = Commit("c" * 40, (), datetime(2026, 1, 1, tzinfo=UTC), text)
    values: dict[str, object] = {
        "ahead": 12,
        "behind": 1,
        "direction": Direction.UP,
        "commits": (commit,),
        "trailers": {commit.id: Trailers(bugs=("1234",), is_security=True)},
        "rewordings": (Rewording("want", "release 2024.1", "release 2025.1"),),
        "api": (added, removed, changed),
        "explained": {removed: note},
        "notes": (note,),
        "hiera": (effect,),
        "unreadable": (Unreadable("manifests/odd.pp", text),),
    }
    return ModuleChange(
        module,
        Change.MOVED,
        pin(module, "2024.1"),
        pin(module, "2025.1", "2.0.0"),
        **{**values, **more},  # type: ignore[arg-type]
    )


def comparison(*modules: ModuleChange, problems: tuple[Problem, ...] = ()) -> Comparison:
    """Return a comparison of two locks that differ in these modules."""
    before, after = (
        Side(
            label,
            Lock(label, {one.name: found for one in modules if (found := getattr(one, side)) is not None}),
        )
        for label, side in (("production", "before"), ("staging", "after"))
    )
    return Comparison(before, after, modules, problems)
