"""What commit messages say of bugs, reviews and security, in the forms that people have used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.comparison import Trailers
from pinner.openstack.notes import read_trailers

CHANGE = "I" + "0123456789" * 4


@pytest.mark.parametrize(
    ("line", "bugs"),
    [
        ("Closes-Bug: #1234567", ("1234567",)),
        ("closes-bug: 1234567", ("1234567",)),
        ("Closes-bug #1234567", ("1234567",)),
        ("  Fixes: bug #1234567", ("1234567",)),
        ("Fix Bug# 1234567", ("1234567",)),
        ("Fixes-Bug #1234567", ("1234567",)),
        ("Resolves-Bug: 1234567", ("1234567",)),
        ("Closes-Bug: rhbz#1234567", ("rhbz#1234567",)),
        ("Closes-Bug: lp#1234567", ("1234567",)),
        ("Closes-Bug: #1234567, #7654321 and 1111111", ("1234567", "7654321", "1111111")),
        ("Related-Bug: #1234567", ()),
        ("Partial-Bug: #1234567", ()),
        ("This closes bug #1234567 as a side effect", ()),
        ("Closes-Bug: in 2014", ()),
        ("Fixes a bug where 1234567", ()),
    ],
)
def test_bugs_closed(line: str, bugs: tuple[str, ...]) -> None:
    assert read_trailers(f"A subject\n\n{line}\n").bugs == bugs


def test_the_last_change_id_counts() -> None:
    other = "I" + "f" * 40
    message = f"Merge\n\nChange-Id: {other}\n(cherry picked from commit 0123)\nChange-Id: {CHANGE}\n"
    assert read_trailers(message).change_id == CHANGE
    assert read_trailers("Change-Id: I123\n").change_id is None


def test_security() -> None:
    assert read_trailers("Fix a hole\n\nSecurityImpact\n").is_security
    assert read_trailers("Work around CVE-2015-0259 and OSSA-2015-005, CVE-2015-0259\n") == Trailers(
        is_security=True, vulnerabilities=("CVE-2015-0259", "OSSA-2015-005")
    )
    assert read_trailers("An ordinary change\n") == Trailers()


@given(st.text(alphabet="Closes-Bug:#1234567, and\nfixrhbz", max_size=60))
def test_any_message_is_read(message: str) -> None:
    assert all(bug.removeprefix("rhbz#").isdigit() for bug in read_trailers(message).bugs)


def test_a_long_message_takes_no_time() -> None:
    assert read_trailers("Closes-Bug: " + "#1234567, " * 50_000).bugs == ("1234567",)
