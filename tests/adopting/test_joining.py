"""What was found in several places as one: nothing is lost, and nothing is endless."""

from collections.abc import Iterator

import pytest

from pinner.adopting.puppetfiles import MOST_OF_ONE, join_environments
from pinner.model.errors import InputError, Location, Problem
from pinner.model.manifest import FoundEnvironment, FoundModule, FoundSources


def found(name: str, count: int) -> FoundSources:
    """Return an environment with so many modules, a problem and a note."""
    place = Location(f"{name}.yaml")
    modules = tuple(
        FoundModule(f"m{number}", place, git="https://git.example.org/m") for number in range(count)
    )
    environment = FoundEnvironment(name, "Puppetfile", modules)
    return FoundSources((environment,), (Problem(f"{name} is wrong"),), (Problem(f"{name} is odd"),))


def test_all_environments_problems_and_notes_are_there_in_order() -> None:
    one, other = found("a", 2), found("b", 0)
    both = join_environments([one, other])
    assert both.environments == (*one.environments, *other.environments)
    assert both.problems == (*one.problems, *other.problems)
    assert both.notes == (*one.notes, *other.notes)
    assert join_environments([]) == FoundSources(())


def test_an_environment_of_endless_modules_is_refused() -> None:
    assert len(join_environments([found("a", MOST_OF_ONE)]).environments[0].modules) == MOST_OF_ONE
    with pytest.raises(InputError) as caught:
        join_environments([found("a", MOST_OF_ONE + 1)])
    assert str(caught.value) == "a.yaml: the environment 'a' has 2001 modules: the limit is 2000"


def test_of_endless_environments_no_more_is_read_than_it_takes_to_know() -> None:
    read = []

    def endless() -> Iterator[FoundSources]:
        for number in range(1_000):
            read.append(number)
            yield found(f"e{number}", 30)

    with pytest.raises(InputError) as caught:
        join_environments(endless(), most=100)
    assert read == [0, 1, 2, 3]
    assert (
        str(caught.value)
        == "e3.yaml: up to the environment 'e3' there are 120 modules: the limit is 100 at once"
    )
