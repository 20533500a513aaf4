"""What changes in the APIs of moved modules: only files that differ are read."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pinner.git.memory import Memory
from pinner.git.mirror import Mirror
from pinner.git.trees import changed_paths
from pinner.operations.apis import CodeFile, Found, assemble, code_file, list_code, read_definitions
from pinner.operations.details.shift import Shift
from pinner.puppet.code.compare import compare_apis
from pinner.words.api import Unreadable
from pinner.words.changes import ApiChange


@dataclass(frozen=True, slots=True)
class ApiDifference:
    """The changes of one module, and the changed files that cannot be read on the new side."""

    changes: tuple[ApiChange, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class _Pair:
    """The files of one module that differ: those of the old side, and those of the new one."""

    old: tuple[CodeFile, ...]
    new: tuple[CodeFile, ...]


def read_api_changes(shifts: Iterable[Shift], *, memory: Memory, jobs: int) -> Mapping[str, ApiDifference]:
    """Return module name to what changed."""
    wanted = tuple(shifts)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        pairs = dict(zip(wanted, pool.map(_differing, wanted), strict=True))
    mirrors = {mirror for shift in wanted for mirror in (shift.old_mirror, shift.new_mirror)}
    files = {
        mirror: [file for shift, pair in pairs.items() for file in _of(mirror, shift, pair)]
        for mirror in mirrors
    }
    found = read_definitions(files, memory=memory, jobs=jobs)
    return {shift.name: _compare(pair, found) for shift, pair in pairs.items()}


def _differing(shift: Shift) -> _Pair:
    """Ask git what differs where one repository has both sides, so that the cost is that of the change."""
    if shift.old_mirror != shift.new_mirror:
        return _differing_between_mirrors(shift)
    changes = changed_paths(shift.old_mirror, shift.old, shift.new)
    old = (code_file(change.path, change.old_mode, change.old_id) for change in changes)
    new = (code_file(change.path, change.new_mode, change.new_id) for change in changes)
    return _Pair(tuple(file for file in old if file), tuple(file for file in new if file))


def _differing_between_mirrors(shift: Shift) -> _Pair:
    old = {(file.path, file.blob): file for file in list_code(shift.old_mirror, shift.old)}
    new = {(file.path, file.blob): file for file in list_code(shift.new_mirror, shift.new)}
    return _Pair(
        tuple(file for key, file in old.items() if key not in new),
        tuple(file for key, file in new.items() if key not in old),
    )


def _of(mirror: Mirror, shift: Shift, pair: _Pair) -> tuple[CodeFile, ...]:
    return (pair.old if mirror == shift.old_mirror else ()) + (pair.new if mirror == shift.new_mirror else ())


def _compare(pair: _Pair, found: Mapping[CodeFile, Found]) -> ApiDifference:
    old, new = assemble(pair.old, found), assemble(pair.new, found)
    return ApiDifference(compare_apis(old, new), new.unreadable)
