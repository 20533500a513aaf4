"""The proof that a text is the Puppetfile it should be: read back by our own reader, compared value by value."""

from collections.abc import Iterator, Mapping

from pinner.puppet.names import quoted
from pinner.puppet.puppetfile.reader import read_puppetfile
from pinner.puppet.puppetfile.values import Puppetfile, PuppetfileModule
from pinner.puppet.puppetfile.writer import HEADER_MARK, is_written_by_pinner
from pinner.words.places import Place
from pinner.words.problems import Problem


def check_puppetfile(text: str, expected: Puppetfile, *, path: str = "Puppetfile") -> tuple[Problem, ...]:
    """Return every difference between what the text says and what is expected; none means that r10k reads just that.

    Modules may come in any order, and so may their options. `path` is only named in the problems.
    """
    reading = read_puppetfile(text, path=path)
    unmarked = Problem(
        f"the first line does not say {quoted(HEADER_MARK)}", Place(path, 1), "begin with a comment that does"
    )
    return (
        *([] if is_written_by_pinner(text) else [unmarked]),
        *reading.problems,
        *_compare_settings(reading.puppetfile, expected, Place(path)),
        *_compare_modules(reading.puppetfile, expected, Place(path)),
    )


def _compare_settings(found: Puppetfile, expected: Puppetfile, place: Place) -> Iterator[Problem]:
    if found.moduledir != expected.moduledir:
        message = f"the moduledir is {quoted(found.moduledir)}, not {quoted(expected.moduledir)}"
        yield Problem(message, place)
    if found.forge != expected.forge:
        yield Problem("it sets 'forge'" if found.forge else "it does not set 'forge'", place)
    if found.exclusions != expected.exclusions:
        yield Problem("it holds an 'exclusion' too many or too few", place)


def _compare_modules(found: Puppetfile, expected: Puppetfile, place: Place) -> Iterator[Problem]:
    found_by_name = _by_name(found)
    expected_by_name = _by_name(expected)
    for name, module in expected_by_name.items():
        if name not in found_by_name:
            yield Problem(f"module {quoted(name)} is missing", place)
        else:
            yield from _compare(found_by_name[name], module)
    for name, module in found_by_name.items():
        if name not in expected_by_name:
            yield Problem(f"module {quoted(name)} is one too many", module.place)


def _by_name(puppetfile: Puppetfile) -> Mapping[str, PuppetfileModule]:
    return {module.name: module for module in puppetfile.modules}


def _compare(found: PuppetfileModule, expected: PuppetfileModule) -> Iterator[Problem]:
    found_values = {option.name: option.value for option in found.options}
    expected_values = {option.name: option.value for option in expected.options}
    for name, value in expected_values.items():
        if name not in found_values:
            yield Problem(f"module {quoted(found.name)}: :{name} is missing", found.place)
        elif found_values[name] != value or not isinstance(found_values[name], type(value)):
            yield Problem(f"module {quoted(found.name)}: :{name} is not {quoted(str(value))}", found.place)
    for name in found_values:
        if name not in expected_values:
            yield Problem(f"module {quoted(found.name)}: {quoted(name)} is one option too many", found.place)
    if found.kind is not expected.kind:
        yield Problem(
            f"module {quoted(found.name)}: it is taken from {found.kind}, not {expected.kind}", found.place
        )
