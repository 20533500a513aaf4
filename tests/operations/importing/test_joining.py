"""What was found in several places as one: nothing is lost, and nothing is endless."""

from collections.abc import Iterator

import pytest

from pinner.operations.importing.joining import MOST_OF_ONE, joined
from pinner.words.imports import Found, FoundEnvironment, FoundModule
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem


def found(name: str, count: int) -> Found:
    """Return an environment with so many modules, a problem and a note."""
    place = Place(f"{name}.yaml")
    modules = tuple(
        FoundModule(f"m{number}", place, git="https://git.example.org/m") for number in range(count)
    )
    environment = FoundEnvironment(name, "Puppetfile", modules)
    return Found((environment,), (Problem(f"{name} is wrong"),), (Problem(f"{name} is odd"),))


def test_all_environments_problems_and_notes_are_there_in_order() -> None:
    one, other = found("a", 2), found("b", 0)
    both = joined([one, other])
    assert both.environments == (*one.environments, *other.environments)
    assert both.problems == (*one.problems, *other.problems)
    assert both.notes == (*one.notes, *other.notes)
    assert joined([]) == Found(())


def test_an_environment_of_endless_modules_is_refused() -> None:
    assert len(joined([found("a", MOST_OF_ONE)]).environments[0].modules) == MOST_OF_ONE
    with pytest.raises(InputError) as caught:
        joined([found("a", MOST_OF_ONE + 1)])
    assert str(caught.value) == "a.yaml: the environment 'a' has 2001 modules: pinner takes at most 2000"


def test_of_endless_environments_no_more_is_read_than_it_takes_to_know() -> None:
    read = []

    def endless() -> Iterator[Found]:
        for number in range(1_000):
            read.append(number)
            yield found(f"e{number}", 30)

    with pytest.raises(InputError) as caught:
        joined(endless(), most=100)
    assert read == [0, 1, 2, 3]
    assert (
        str(caught.value)
        == "e3.yaml: up to the environment 'e3' there are 120 modules: pinner takes at most 100 at once"
    )
