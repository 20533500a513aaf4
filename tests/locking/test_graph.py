from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.locking.checks import dependency_cycles, describe, shortest_chain, unmet_requirements
from pinner.model.lock import Dependency

NAMES = st.sampled_from("abcdefgh")
GRAPHS = st.dictionaries(NAMES, st.lists(NAMES, max_size=3, unique=True).map(tuple))


def test_the_shortest_chain_and_of_equal_ones_the_first() -> None:
    graph = {"nova": ("oslo", "openstacklib"), "oslo": ("rabbitmq",), "openstacklib": ("rabbitmq",)}
    assert shortest_chain(graph, ["nova"], "rabbitmq") == ("nova", "openstacklib", "rabbitmq")
    assert shortest_chain(graph, ["nova", "oslo"], "rabbitmq") == ("oslo", "rabbitmq")


def test_a_start_is_its_own_chain() -> None:
    assert shortest_chain({"a": ("b",)}, ["a", "b"], "b") == ("b",)


def test_what_nothing_leads_to_stands_alone() -> None:
    assert shortest_chain({"a": ("b",)}, ["a"], "z") == ("z",)


def test_a_chain_as_long_as_a_set_can_be() -> None:
    graph = {str(number): (str(number + 1),) for number in range(5000)}
    assert len(shortest_chain(graph, ["0"], "5000")) == 5001
    assert list(dependency_cycles(graph)) == []


def test_a_circle_is_told_once_from_its_first_module() -> None:
    assert list(dependency_cycles({"b": ("c",), "c": ("a",), "a": ("b",), "z": ("a",)})) == [
        ("a", "b", "c", "a")
    ]


def test_a_module_that_wants_itself() -> None:
    assert list(dependency_cycles({"a": ("a", "b"), "b": ()})) == [("a", "a")]


def test_two_circles() -> None:
    graph = {"a": ("b",), "b": ("a", "c"), "c": ("d",), "d": ("c",)}
    assert list(dependency_cycles(graph)) == [("a", "b", "a"), ("c", "d", "c")]


@given(GRAPHS)
def test_each_circle_is_one_and_every_module_on_one_is_covered(graph: dict[str, tuple[str, ...]]) -> None:
    found = list(dependency_cycles(graph))
    for circle in found:
        assert circle[0] == circle[-1]
        assert len(set(circle)) == len(circle) - 1
        assert all(after in graph[before] for before, after in pairwise(circle))
    returns = {
        name for name in graph for there in graph[name] if shortest_chain(graph, [there], name)[0] == there
    }
    assert bool(found) == bool(returns)
    assert {name for circle in found for name in circle} == returns


@given(GRAPHS, st.sets(NAMES), NAMES)
def test_each_step_of_a_chain_is_an_edge(
    graph: dict[str, tuple[str, ...]], starts: set[str], end: str
) -> None:
    chain = shortest_chain(graph, starts, end)
    assert chain[-1] == end
    assert all(after in graph[before] for before, after in pairwise(chain))
    assert chain == (end,) or chain[0] in starts


PUPPET = Dependency("puppet", ">= 7.9.0 < 9.0.0")
OPENVOX = Dependency("openvox", ">= 8.19.0 < 9.0.0")
PE = Dependency("pe", ">= 2021.0.0")


@pytest.mark.parametrize(
    ("requirements", "runtimes", "unmet"),
    [
        ([PUPPET], {"puppet": "8.10.0"}, []),
        ([PUPPET], {"puppet": "9.0.0"}, [("puppet", "puppet")]),
        ([PUPPET], {"openvox": "8.19.0"}, []),  # OpenVox continues Puppet's versions
        ([PUPPET], {"openvox": "9.0.0"}, [("puppet", "openvox")]),
        ([OPENVOX], {"openvox": "8.19.0"}, []),
        ([OPENVOX], {"openvox": "8.11.0"}, [("openvox", "openvox")]),
        ([OPENVOX], {"puppet": "8.10.0"}, [("openvox", "puppet")]),  # support for Puppet was dropped
        ([OPENVOX], {"puppet": "8.19.0"}, [("openvox", "puppet")]),
        ([PUPPET, OPENVOX], {"puppet": "8.10.0"}, []),
        (
            [PUPPET, OPENVOX],
            {"openvox": "8.11.0"},
            [("openvox", "openvox")],
        ),  # its own range is the stricter one
        ([OPENVOX, PUPPET], {"puppet": "8.10.0", "openvox": "8.19.0"}, []),
        ([OPENVOX], {"puppet": "8.10.0", "openvox": "8.19.0"}, [("openvox", "puppet")]),
        ([PE], {"puppet": "8.10.0", "openvox": "8.19.0"}, []),
        ([], {"puppet": "8.10.0"}, []),
        ([PUPPET, OPENVOX], {}, []),
        ([Dependency("puppet", "nonsense")], {"puppet": "8.10.0"}, []),  # unreadable: unknown, not unmet
    ],
)
def test_a_requirement_is_unmet_by_what_the_environment_runs(
    requirements: list[Dependency], runtimes: dict[str, str], unmet: list[tuple[str, str]]
) -> None:
    assert [(row.name, runtime) for row, runtime in unmet_requirements(requirements, runtimes)] == unmet


def test_runtimes_have_their_names_in_messages() -> None:
    assert describe({"puppet": "8.10.0", "openvox": "8.19.0"}) == "Puppet 8.10.0 and OpenVox 8.19.0"
