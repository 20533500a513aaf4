"""Whole messages of commits, whatever stands in them."""

from pinner.git.messages import read_messages
from tests.git.conftest import MakeMirrors
from tests.support.repositories import Repository


def test_messages_between_two_commits(nova: Repository, make_mirrors: MakeMirrors) -> None:
    first = nova.find("refs/heads/main") or ""
    odd = "Subject\n\ncommit 0123456789\n\nChange-Id: I1\n"
    second = nova.commit({"a": "1"}, message=odd)
    third = nova.commit({"a": "2"}, message="Only a subject")
    found = make_mirrors().sync([nova.url])[nova.url]
    mirror = found if hasattr(found, "path") else None
    assert mirror is not None
    assert read_messages(mirror, first, third) == {third: "Only a subject", second: odd.rstrip("\n")}  # type: ignore[arg-type]
