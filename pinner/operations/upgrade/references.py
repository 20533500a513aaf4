"""Where data look up other data by key: an interpolation goes on naming the old key when the key is renamed."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from pinner.operations.material import Material
from pinner.operations.upgrade.steps import Stage, Step
from pinner.words.data import Array, Closed, Hash, Value
from pinner.words.places import Place

# hiera 5's interpolation functions: %{lookup('a::b')}, and the names it had before
_CALL: Final = re.compile(r"%\{\s*(?:lookup|hiera|alias|literal)\(\s*[\"']([\w:.-]+)[\"']\s*\)\s*\}")


def reference_steps(material: Material, steps: Iterable[Step]) -> Iterator[Step]:
    """Yield a step for each place that looks up a key which the plan renames, and for code that does so by itself."""
    new_by_old = {
        step.edit.old: step.edit.new
        for step in steps
        if step.stage is Stage.BEFORE and step.edit and step.edit.old and step.edit.new
    }
    for place, key in _references(material) if new_by_old else ():
        if key in new_by_old:
            text = f"this value looks up '{key}', which is '{new_by_old[key]}' then"
            yield Step(Stage.LOOK, "data-lookup", text, key.partition("::")[0], place, key)
    for key in sorted(new_by_old.keys() & material.lookups):
        text = f"site code looks up '{key}' by itself, which is '{new_by_old[key]}' then"
        yield Step(Stage.LOOK, "code-lookup", text, key.partition("::")[0], key=key)


def _references(material: Material) -> Iterator[tuple[Place, str]]:
    for file in material.files:
        for datum in file.data:
            for closed in _closed(datum.value):
                for found in _CALL.finditer(closed.text):
                    yield Place(file.path, closed.line), found[1]


def _closed(value: Value) -> Iterator[Closed]:
    if isinstance(value, Closed):
        yield value
    elif isinstance(value, Array):
        for item in value.items:
            yield from _closed(item)
    elif isinstance(value, Hash):
        for _, held in value.entries:
            yield from _closed(held)
