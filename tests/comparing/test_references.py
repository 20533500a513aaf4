"""Which values of the data look up a key that is renamed."""

from pathlib import Path

from pinner.comparing.steps import reference_steps
from pinner.model.comparison import Edit, Stage, Step
from pinner.workspace.operator_data import read_operator_data

DATA = """\
---
a: "%{lookup('nova::old')}"
b: ["%{hiera(\\"nova::old\\")}", "%{lookup('nova::older')}"]
c: {d: {e: "x%{alias('nova::old')}y %{ lookup( 'nova::old' ) }"}}
f: "%{facts.os.family} nova::old"
g: "%{lookup('nova::other')}"
"""


def step(stage: Stage, old: str, new: str | None) -> Step:
    return Step(stage, "data-ignored", "", edit=Edit(old, new))


def test_every_lookup_of_a_renamed_key_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "common.yaml").write_text(DATA)
    plan = [
        step(Stage.BEFORE, "nova::old", "nova::new"),
        step(Stage.AFTER, "nova::other", "nova::another"),
        step(Stage.BEFORE, "nova::older", None),
    ]
    found = list(reference_steps(read_operator_data([tmp_path], []), plan))
    assert [one.place.line for one in found if one.place] == [2, 3, 4, 4]
    assert {(one.stage, one.kind, one.module, one.text) for one in found} == {
        (
            Stage.LOOK,
            "data-lookup",
            "nova",
            "this value looks up 'nova::old', which is renamed to 'nova::new'",
        )
    }


def test_without_renames_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "common.yaml").write_text(DATA)
    assert not list(reference_steps(read_operator_data([tmp_path], []), []))
