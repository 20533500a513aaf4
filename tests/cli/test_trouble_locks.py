"""Locks that were cut, merged, edited by hand or written by a newer pinner: every command says so and leaves them."""

import json
from typing import Any

import pytest

from tests.support.cloud import Cloud
from tests.support.prepared import Prepared
from tests.support.unharmed import lock_basic, unharmed

COMMANDS = (
    ("lock",),
    ("lock", "--check"),
    ("update", "-m", "nova"),
    ("verify",),
    ("status",),
    ("id",),
    ("why", "production", "nova"),
    ("diff", "production", "production"),
    ("generate",),
)
MEND = "\n  hint: restore the file from git; or delete it, and 'pinner lock' makes a new one\n"
BY_HAND = "\n  hint: was the lock edited by hand? restore the file from git\n"


@pytest.fixture
def locked(cloud: Cloud, prepared: Prepared) -> Cloud:
    return prepared(cloud, lock_basic)


def complaint(cloud: Cloud, lock: bytes, commands: tuple[tuple[str, ...], ...] = (("lock",),)) -> str:
    """Return what all of `commands` say of that lock, having changed nothing."""
    cloud.lock_path("production").write_bytes(lock)
    with unharmed(cloud.project):
        results = [cloud.run(*command) for command in commands]
    assert {(result.code, result.out, result.err) for result in results} == {(2, "", results[0].err)}
    return results[0].err


def edited(cloud: Cloud, module: str, **fields: Any) -> bytes:
    document = cloud.lock("production")
    document["modules"][module].update(fields)
    return json.dumps(document, indent=2, sort_keys=True).encode()


def test_a_lock_cut_in_half_stops_every_command(locked: Cloud) -> None:
    whole = locked.lock_path("production").read_bytes()
    assert complaint(locked, whole[: len(whole) // 2], COMMANDS) == (
        f"environments/production.lock:15:17: the lock is truncated{MEND}"
    )


def test_a_lock_cut_anywhere_is_never_taken_for_a_whole_one(locked: Cloud) -> None:
    whole = locked.lock_path("production").read_bytes().rstrip()
    for length in range(0, len(whole), 23):
        assert complaint(locked, whole[:length]).endswith(MEND)


def test_a_lock_of_a_newer_format_stops_every_command(locked: Cloud) -> None:
    newer = locked.lock_path("production").read_bytes().replace(b'"pinner_lock": 1', b'"pinner_lock": 2')
    told = complaint(locked, newer, COMMANDS)
    assert told.endswith(
        ": the lock has format 2; this pinner reads format 1\n  hint: it was written by a newer pinner: update this one\n"
    )


def test_marks_of_a_merge_conflict_are_called_so(locked: Cloud) -> None:
    lines = locked.lock_path("production").read_text().splitlines(keepends=True)
    torn = [*lines[:3], "<<<<<<< HEAD\n", lines[3], "=======\n", lines[3], ">>>>>>> topic\n", *lines[4:]]
    assert complaint(locked, "".join(torn).encode(), COMMANDS) == (
        "environments/production.lock:4:1: the lock has merge conflict markers\n"
        "  hint: take either side (git checkout --ours or --theirs), then run 'pinner lock'\n"
    )


@pytest.mark.parametrize(
    ("lock", "told"),
    [
        (b"", f": the lock is empty{MEND}"),
        (b"[]", f": this is not a lock of pinner: 'pinner_lock' is missing{MEND}"),
        (b"[" * 1_000_000, f": values are nested too deep{MEND}"),
        (b'{"pinner_lock": ' + b"9" * 5000 + b"}", f": a number of 5000 digits is too long{MEND}"),
        (b'{"a\xff"', ":1:4: byte 0xff is not valid UTF-8\n  hint: save the file as UTF-8\n"),
        (b" " * 20_000_000, ": the file is longer than 8388608 bytes\n"),
    ],
    ids=["empty", "list", "nested", "digits", "bytes", "big"],
)
def test_what_is_no_lock_at_all(locked: Cloud, lock: bytes, told: str) -> None:
    assert complaint(locked, lock) == f"environments/production.lock{told}"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("commit", "abc123", "'abc123' is not a full commit id: "),
        ("commit", "--output=owned", "'--output=owned' is not a full commit id: "),
        (
            "git",
            "https://h/x'; system('touch owned')",
            "\"https://h/x'; system('touch owned')\" is not a valid git URL",
        ),
        (
            "git",
            "ext::sh -c touch% owned",
            "'ext::sh -c touch% owned' is not a valid git URL: transports that run",
        ),
        ("git", "https://me:geheim@h/x", "a git URL must not contain a user or password"),
        ("install_path", "../../etc", "'../../etc' is not a valid path: "),
        (
            "ref",
            "refs/heads/x\nsystem('touch owned')",
            "\"refs/heads/x\\nsystem('touch owned')\" is not a valid ref name",
        ),
        ("ref", "--upload-pack=touch owned", "'--upload-pack=touch owned' is not a full ref name: "),
        ("version", "1.0\x1b[2J", "'1.0\\x1b[2J' contains unprintable characters"),
        ("owned", "1", "this key is unknown"),
    ],
)
def test_a_value_that_no_pinner_wrote_reaches_neither_git_nor_a_puppetfile(
    locked: Cloud, field: str, value: str, told: str
) -> None:
    said = complaint(
        locked, edited(locked, "nova", **{field: value}), (("lock",), ("generate",), ("status",))
    )
    assert f": modules.nova.{field}: {told}" in said
    assert "was the lock edited by hand" in said
    assert "geheim" not in said
    assert not list(locked.root.rglob("owned"))


def test_a_module_name_that_is_a_path_is_refused(locked: Cloud) -> None:
    document = locked.lock("production")
    document["modules"]["../../evil"] = document["modules"].pop("nova")
    told = complaint(locked, json.dumps(document, indent=2).encode())
    assert ": modules.../../evil: '../../evil' is not a valid module name" not in told
    assert ": modules.'../../evil': '../../evil' is not a valid module name: " in told


def test_a_commit_that_somebody_typed_is_found_out_against_the_remote(locked: Cloud) -> None:
    locked.lock_path("production").write_bytes(edited(locked, "nova", commit="0123456789" * 4))
    result = locked.run("verify")
    assert (result.code, "[commit-unreachable]" in result.out) == (1, True)


def test_one_broken_lock_stops_no_other_environment_that_is_named(locked: Cloud) -> None:
    locked.manifest("other", "release: 2024.1\nopenstack: [keystone]\n")
    locked.lock_path("production").write_bytes(b"{")
    assert locked.run("lock", "other").code == 0
    assert locked.lock_path("production").read_bytes() == b"{"
