"""Comparisons for tests of reports: every kind of change, with hostile upstream text."""

from datetime import UTC, datetime

from pinner.model.comparison import (
    ChangeKind,
    Comparison,
    DataEffect,
    Direction,
    Effect,
    ModuleChange,
    PinFieldChange,
    ReleaseNote,
    Trailers,
)
from pinner.model.errors import Location, Problem
from pinner.model.lock import Commit, GitPin, Lock, LockRef, Selector, SelectorKind, Status
from pinner.model.module_api import ApiChange, ApiChangeKind, DefinitionKind, Severity, Unreadable

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & \"'`\u2028\u202e\x1b[31m"
"""Text that a commit, a note or a parameter may contain."""


def pin(module: str, release: str, version: str | None = "1.0.0") -> GitPin:
    return GitPin(
        module=module,
        git=f"https://opendev.org/openstack/puppet-{module}",
        commit=f"{len(module) + len(release):040x}",
        ref=f"refs/heads/stable/{release}",
        want=Selector(SelectorKind.RELEASE, release),
        install_path="modules",
        status=Status.MAINTAINED,
        version=version,
    )


def moved(module: str, text: str = "old words", **more: object) -> ModuleChange:
    """Return a module that moved, with a change of each kind; `text` is in each field that upstream controls."""
    removed = ApiChange(
        ApiChangeKind.PARAMETER_REMOVED,
        DefinitionKind.CLASS,
        f"{module}::api",
        Severity.BREAKS,
        parameter="gone",
        old=text,
        hint=text,
    )
    changed = ApiChange(
        ApiChangeKind.DEFAULT_CHANGED,
        DefinitionKind.CLASS,
        f"{module}::api",
        Severity.BEHAVIOUR,
        parameter="workers",
        old="1",
        new=text,
    )
    added = ApiChange(
        ApiChangeKind.ADDED, DefinitionKind.TYPE_ALIAS, f"{module.capitalize()}::Port", Severity.INFO
    )
    note = ReleaseNote("security", text, "releasenotes/notes/x.yaml")
    effect = DataEffect(Effect.IGNORED, f"{module}::api::gone", module, Location("data/common.yaml", 3), text)
    commit = Commit("c" * 40, (), datetime(2026, 1, 1, tzinfo=UTC), text)
    values: dict[str, object] = {
        "ahead": 12,
        "behind": 1,
        "direction": Direction.UP,
        "commits": (commit,),
        "trailers": {
            commit.id: Trailers(bugs=("1234",), is_security=True, vulnerabilities=("CVE-2026-1234",))
        },
        "pin_changes": (PinFieldChange("want", "release 2024.1", "release 2025.1"),),
        "api": (added, removed, changed),
        "explained": {removed: note},
        "notes": (note,),
        "hiera": (effect,),
        "unreadable": (Unreadable("manifests/odd.pp", text),),
    }
    return ModuleChange(
        module,
        ChangeKind.MOVED,
        pin(module, "2024.1"),
        pin(module, "2025.1", "2.0.0"),
        **{**values, **more},  # type: ignore[arg-type]  # fields by name
    )


def comparison(*modules: ModuleChange, problems: tuple[Problem, ...] = ()) -> Comparison:
    """Return a comparison of two locks that differ in these modules."""
    before, after = (
        LockRef(
            label,
            Lock(label, {one.name: found for one in modules if (found := getattr(one, side)) is not None}),
        )
        for label, side in (("production", "before"), ("staging", "after"))
    )
    return Comparison(before, after, modules, problems)
