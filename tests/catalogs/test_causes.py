"""Failures with one cause are one, whatever node they are of, and have the hint that fixes them."""

import pytest

from pinner.catalogs.causes import clean_notice, find_hint, group_failures, module_of
from pinner.model.catalogs import Compiled, Failure, Notice

NESTED = (
    "Evaluation Error: Error while evaluating a Function Call, Evaluation Error: Operator '[]' is not applicable to an "
    "Undef Value. (file: modules/nova/manifests/db.pp, line: 41, column: 9) (file: site/role/manifests/api.pp, line: 2) on node {}"
)


def failed(node: str, message: str, path: str | None = None, line: int | None = None) -> Compiled:
    return Compiled(node, Failure(Notice(message, path, line), "Puppet::Error"))


def test_the_first_place_is_where_the_code_failed() -> None:
    notice = clean_notice(
        Notice(NESTED.format("a1.example.org"), "site/role/manifests/api.pp", 2), "a1.example.org"
    )
    assert notice == Notice(
        "Operator '[]' is not applicable to an Undef Value.", "modules/nova/manifests/db.pp", 41
    )


def test_nodes_that_fail_alike_are_one_cause() -> None:
    results = [failed(name, NESTED.format(name)) for name in ("a2.example.org", "a1.example.org")]
    results.append(failed("b1.example.org", "Unknown function: 'x::y'"))
    first, second = group_failures(results, {"nova"})
    assert (first.nodes, first.module) == (("a1.example.org", "a2.example.org"), "nova")
    assert second.nodes == ("b1.example.org",)
    assert second.hint == "the lock has no module 'x': add it to the manifest's modules"


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("modules/nova/manifests/db/init.pp", "nova"),
        ("site/profile/lib/puppet/functions/x.rb", "profile"),
        ("manifests/site.pp", None),
        ("data/common.yaml", None),
        (None, None),
    ],
)
def test_the_module_is_the_one_with_the_file(path: str | None, module: str | None) -> None:
    assert module_of(path) == module


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        (
            "Could not find class ::ovn::controller",
            "the lock has no module 'ovn': add it to the manifest's modules",
        ),
        (
            "Unknown resource type: 'cron'",
            "the lock has no module 'cron_core': add it to the manifest's modules",
        ),
        ("Unknown resource type: 'vs_bridge'", "no module of the lock defines it"),
        ("Could not find class ::nova::gone", None),
        ("Unknown variable: 'operatingsystem'.", "a value is not set on these nodes: "),
        ("cannot load such file -- toml", "install the Ruby library"),
        ("the process that compiled the catalog did not end within 300 seconds", "raise the limit of a node"),
    ],
)
def test_a_failure_has_a_hint(message: str, hint: str | None) -> None:
    found = find_hint(message, {"nova"})
    assert found == hint if hint is None else (found or "").startswith(hint)
