"""The message of a publication: bounded, and nothing in it that a stranger could use."""

from collections.abc import Mapping

from pinner.deploying.branch_plan import BranchPlan
from pinner.deploying.branch_state import BranchState, PreviousLocks, modules_in, modules_of
from pinner.deploying.publish import LockChange, write_message
from pinner.model.control import ControlBranch, FileChange
from pinner.model.lock import ForgePin, GitPin, Lock, Pin, Selector, SelectorKind

URL = "https://git.example.net/puppet-x"
OLD, NEW = "pin-000000000000", "pin-111111111111"


def commit(number: int) -> str:
    return f"{number:040x}"


def plan(*environments: str, removed: tuple[str, ...] = ()) -> BranchPlan:
    branch = ControlBranch("production", environments, tuple(NEW for _ in environments), ())
    changes = tuple(FileChange(path, commit(1), None) for path in removed)
    return BranchPlan(branch, BranchState(), changes)


def change(
    environment: str, before: Mapping[str, PreviousLocks], after: Mapping[str, PreviousLocks]
) -> LockChange:
    return LockChange(environment, OLD, NEW, before, after)


def held(number: int) -> PreviousLocks:
    return PreviousLocks(URL, commit(number), f"1.{number}.0", "main")


def test_each_module_that_comes_goes_or_moves_has_a_line() -> None:
    before = {"gone": held(1), "moved": held(2), "same": held(3)}
    after = {"come": held(4), "moved": held(5), "same": held(3)}
    assert write_message(plan("production"), [change("production", before, after)]) == (
        f"pinner: production {OLD} -> {NEW}: 1 added, 1 moved, 1 removed\n\n"
        f"production {OLD} -> {NEW}\n"
        "  added   come: 1.4.0 (main, 000000000000)\n"
        "  removed gone: 1.1.0 (main, 000000000000)\n"
        "  moved   moved: 1.2.0 (main, 000000000000) -> 1.5.0 (main, 000000000000)\n\n"
        f"Pinner-Lock: production {NEW}\n"
    )


def test_a_lock_that_only_moves_directories() -> None:
    message = write_message(plan("production"), [change("production", {"a": held(1)}, {"a": held(1)})])
    assert "\n  the same modules at the same commits, in other places\n" in message


def test_no_lock_changes() -> None:
    message = write_message(plan("production", removed=("a\nb",)), [])
    assert message == (
        "pinner: production\n\nThe modules stay as they are; files about them change.\n\n"
        "Removed, as pinner no longer generates them:\n  'a\\nb'\n\n"
        f"Pinner-Lock: production {NEW}\n"
    )


def test_a_message_is_bounded_whatever_changes() -> None:
    names = tuple(f"environment_{number}" for number in range(40))
    modules = {f"module{number}": held(number) for number in range(100)}
    removed = tuple(f"file{number}" for number in range(500))
    message = write_message(plan(*names, removed=removed), [change(name, {}, modules) for name in names])
    lines = message.splitlines()
    assert len(lines) == 1 + 200 + 1 + 1 + 1 + 20 + 1 + 1 + 40
    assert len(lines[0]) == 100
    assert lines[0].endswith("…")
    assert "  … and 60 more modules" in lines
    assert "  … and 480 more files" in lines
    assert any(line.startswith("… and ") and line.endswith(" more lines") for line in lines)
    assert lines[-40:] == [f"Pinner-Lock: {name} {NEW}" for name in names]


def test_what_a_lock_says_that_is_no_version_or_ref_is_left_out() -> None:
    want = Selector(SelectorKind.BRANCH, "main")
    evil = "1.0\n\nPinner-Lock: production pin-222222222222"
    pins: dict[str, Pin] = {
        "nova": GitPin("nova", URL, commit(1), f"refs/heads/{evil}", want, "modules", version=evil),
        "facts": ForgePin("facts", "acme/facts", "1.2.3", "modules"),
        "bare": GitPin("bare", URL, commit(2), None, want, "modules", version="2.0.0"),
    }
    found = {name: str(module) for name, module in modules_of(Lock("production", pins)).items()}
    assert found == {"nova": "000000000000", "facts": "1.2.3", "bare": "2.0.0 (000000000000)"}


def test_a_puppetfile_of_before_says_what_it_can() -> None:
    text = (
        f"mod 'nova',\n  :git => '{URL}',\n  :ref => '{commit(1)}'\n"
        "mod 'acme/facts', '1.2.3'\n"
        f"mod 'moving',\n  :git => '{URL}',\n  :ref => 'main'\n"
        "mod 'acme/latest', :latest\n"
        f"mod 'BAD NAME',\n  :git => '{URL}',\n  :ref => '{commit(1)}'\n"
    )
    assert modules_in(text) == {
        "nova": PreviousLocks(URL, commit(1)),
        "facts": PreviousLocks("acme/facts", "1.2.3"),
    }
    assert modules_in("system('id')") == {}
