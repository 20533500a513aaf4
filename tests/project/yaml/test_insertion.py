"""A value put into YAML text at a path of keys, wherever its author left room for it."""

import pytest

from pinner.model.errors import InputError
from pinner.project.yaml.edit import put_value

KEYS = ("dependencies", "override", "rsync", "stdlib")
ROW = 'rsync: {stdlib: ">= 1"}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: b   # c\n", f"a: b   # c\ndependencies:\n  override:\n    {ROW}\n"),
        ("a: b", f"a: b\ndependencies:\n  override:\n    {ROW}\n"),
        ("a: b\r\nc: d\r\n", f"a: b\r\nc: d\r\ndependencies:\r\n  override:\r\n    {ROW}\r\n"),
        ("{}", '{dependencies: {override: {rsync: {stdlib: ">= 1"}}}}'),
        (
            "dependencies:\n    externals: x  # y\n\na: b\n",
            f"dependencies:\n    externals: x  # y\n    override:\n      {ROW}\n\na: b\n",
        ),
        (
            "dependencies: {externals: x}   # y\n",
            f"dependencies: {{externals: x, override: {{{ROW}}}}}   # y\n",
        ),
        (
            "dependencies: {override: {a: {b: c}}, ignore: [d]}\n",
            f"dependencies: {{override: {{a: {{b: c}}, {ROW}}}, ignore: [d]}}\n",
        ),
        (
            "dependencies:\n  override:\n    rsync:\n      concat: '1'  # z\n    a: {b: c}\n",
            "dependencies:\n  override:\n    rsync:\n      concat: '1'  # z\n      stdlib: \">= 1\"\n    a: {b: c}\n",
        ),
        (
            "dependencies:\n  override:\n    rsync: {stdlib: 4.x} # z\n",
            'dependencies:\n  override:\n    rsync: {stdlib: ">= 1"} # z\n',
        ),
        (
            "dependencies:\n  ignore:\n  - a\n",
            f"dependencies:\n  override:\n    {ROW}\n  ignore:\n  - a\n",
        ),
        (
            "dependencies: {a: b,}\n",
            f"dependencies: {{override: {{{ROW}}}, a: b,}}\n",
        ),
    ],
)
def test_it_is_put_where_there_is_room(before: str, after: str) -> None:
    assert put_value(before.encode(), KEYS, ">= 1", "m.yaml").decode() == after


def test_a_byte_order_mark_stays() -> None:
    assert put_value(b"\xef\xbb\xbfa: b\n", ("c",), "d", "m.yaml") == b'\xef\xbb\xbfa: b\nc: "d"\n'


@pytest.mark.parametrize(
    "text", ["", "dependencies:\n", "dependencies: {override: {rsync: {stdlib: [a]}}}\n", "- a\n", "a: {\n"]
)
def test_where_there_is_none_it_is_left_to_a_person(text: str) -> None:
    with pytest.raises(InputError) as caught:
        put_value(text.encode(), KEYS, ">= 1", "m.yaml")
    (problem,) = caught.value.problems
    assert (
        problem.message
        == "cannot add 'dependencies: override: rsync: stdlib' to this file without rewriting it"
    )
    assert problem.hint == 'add it by hand: dependencies: {override: {rsync: {stdlib: ">= 1"}}}'
