"""The operator's data as they are after one leg of a plan was worked through: what the next leg starts from."""

from collections.abc import Iterable
from dataclasses import replace

from pinner.operations.material import Material
from pinner.operations.upgrade.steps import Stage, Step
from pinner.words.data import DataFile, Datum


def after_steps(material: Material, steps: Iterable[Step]) -> Material:
    """Return the data with the keys renamed that a plan says must be, before the new modules run."""
    new_by_place = {
        (step.place.path, step.place.line, step.edit.old): step.edit.new
        for step in steps
        if step.stage is Stage.BEFORE and step.place and step.edit and step.edit.new
    }
    return replace(material, files=tuple(_renamed(file, new_by_place) for file in material.files))


def _renamed(file: DataFile, new_by_place: dict[tuple[str, int | None, str | None], str]) -> DataFile:
    data = (replace(datum, key=_key(datum, new_by_place)) for datum in file.data)
    return replace(file, data=tuple(data))


def _key(datum: Datum, new_by_place: dict[tuple[str, int | None, str | None], str]) -> str:
    return new_by_place.get((datum.place.path, datum.place.line, datum.key), datum.key)
