from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pinner.operations.checks.chains import circles, shortest_chain

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
    assert list(circles(graph)) == []


def test_a_circle_is_told_once_from_its_first_module() -> None:
    assert list(circles({"b": ("c",), "c": ("a",), "a": ("b",), "z": ("a",)})) == [("a", "b", "c", "a")]


def test_a_module_that_wants_itself() -> None:
    assert list(circles({"a": ("a", "b"), "b": ()})) == [("a", "a")]


def test_two_circles() -> None:
    graph = {"a": ("b",), "b": ("a", "c"), "c": ("d",), "d": ("c",)}
    assert list(circles(graph)) == [("a", "b", "a"), ("c", "d", "c")]


@given(GRAPHS)
def test_each_circle_is_one_and_every_module_on_one_is_covered(graph: dict[str, tuple[str, ...]]) -> None:
    found = list(circles(graph))
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
