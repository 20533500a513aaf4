"""A file of facts that a project commits is untrusted: every value is checked, and the flaw is reported with its place."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from pinner.openstack.facts import FactsError, facts, facts_text, read_facts

TEXT = facts_text(facts())


def test_a_file_reads_back_as_the_same_facts() -> None:
    assert read_facts(TEXT.encode()) == facts()


def changed(change: Callable[[Any], object]) -> bytes:
    raw = json.loads(TEXT)
    change(raw)
    return json.dumps(raw).encode()


def set_at(*keys: str | int, to: object) -> Callable[[Any], object]:
    def change(raw: Any) -> None:
        for key in keys[:-1]:
            raw = raw[key]
        raw[keys[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_at("pinner_catalogue", to=2), "'pinner_catalogue' must be 1; it was written by a newer pinner"),
        (set_at("pinner_catalogue", to=True), "'pinner_catalogue' must be 1"),
        (set_at("collected", to="yesterday"), "collected: 'yesterday' is not a valid date"),
        (lambda raw: raw.pop("misfits"), "the file: the key 'misfits' is missing"),
        (set_at("series", to={}), "series: a list is required"),
        (set_at("series", 3, to=["diablo"]), "series[3]: a list of 8 values is required"),
        (set_at("series", 3, 2, to="fine"), "series[3]: 'fine' is not a valid status"),
        (set_at("series", 3, 5, to="yes"), "series[3]: true or false is required"),
        (set_at("series", 3, 0, to="essex"), "series: 'essex' is missing, or a name is repeated"),
        (
            set_at("repositories", 0, "git", to="https://user:secret@git.example.net/x"),
            "repositories[0].git: 'https://***@git.example.net/x'",
        ),
        (set_at("repositories", 0, "git", to="ext::sh -c true"), "repositories[0].git: 'ext::sh -c true'"),
        (set_at("repositories", 0, "forge", to=[]), "repositories[0].forge: at least one name is required"),
        (
            set_at("repositories", 0, "carried", 0, 2, to="refs/heads/../x"),
            "repositories[0].carried[0]: 'refs/heads/../x' is not a valid full ref name",
        ),
        (
            set_at("repositories", 0, "carried", 0, 0, to="never"),
            "repositories: the series of puppet-aodh are unknown",
        ),
        (
            set_at("integration", "2025.1", 0, 0, to="-x"),
            "integration.2025.1[0]: '-x' is not a valid module name",
        ),
        (
            set_at("integration", "2025.1", 0, 2, to="--upload"),
            "integration.2025.1[0]: '--upload' is not a valid tag",
        ),
        (set_at("misfits", "never", to=[]), "misfits: 'never' is not a series of this file"),
        (set_at("gate_refs", "2025.1", to=7), "gate_refs.2025.1: a text is required"),
    ],
)
def test_a_bad_value_is_reported_with_its_place(change: Callable[[Any], object], message: str) -> None:
    with pytest.raises(FactsError) as caught:
        read_facts(changed(change))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b"[]", b"null"])
def test_what_is_not_a_map_of_json_is_refused(content: bytes) -> None:
    with pytest.raises(FactsError):
        read_facts(content)
