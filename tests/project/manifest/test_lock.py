import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.errors import InputError, UnknownError
from pinner.model.lock import ForgePin, GitPin, Lock, Pin, Selector, SelectorKind, Status
from pinner.project.files import Project
from pinner.project.manifest.lock import dump_lock, parse_lock, read_lock, read_lock_file, write_lock
from tests.support.locks import one_of_each_kind
from tests.support.projects import Writer

GOLDEN = Path(__file__).parent / "golden" / "one_of_each_kind.lock"
PATH = "environments/production.lock"

MODULES = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
DIRECTORIES = st.sampled_from(["modules", "site", "hiera", "vendor/modules", "."])
URLS = st.sampled_from(
    [
        "https://opendev.org/openstack/puppet-nova",
        "git@git.example.net:x.git",
        "file:///srv/git/nova",
        "/srv/git/nova",
    ]
)
COMMITS = st.text("0123456789abcdef", min_size=40, max_size=40)
FACTS = st.text(st.characters(exclude_categories=("C", "Z")), max_size=20)
DAYS = st.none() | st.dates().map(str)
NAMES = st.sampled_from(["stable/2025.1", "1.10", "main", "on", "0123456", "v9.7.0-rc1", "a@b"])


@st.composite
def git_pins(draw: st.DrawFn, module: str, moduledir: str) -> GitPin:
    commit = draw(COMMITS)
    name = draw(NAMES)
    want, ref = draw(
        st.sampled_from(
            [
                (Selector(SelectorKind.RELEASE, "2025.1", draw(DAYS)), "refs/heads/stable/2025.1"),
                (Selector(SelectorKind.BRANCH, name, draw(DAYS)), f"refs/heads/{name}"),
                (Selector(SelectorKind.TAG, name), f"refs/tags/{name}"),
                (Selector(SelectorKind.COMMIT, commit), None),
                (Selector(SelectorKind.VERSION, ">= 1.2.0 < 2.0.0", draw(DAYS)), "refs/tags/v1.2.0"),
            ]
        )
    )
    return GitPin(
        module=module,
        git=draw(URLS),
        commit=commit,
        ref=ref,
        want=want,
        install_path=draw(DIRECTORIES | st.just(moduledir)),
        status=draw(st.none() | st.sampled_from(Status)),
        name=draw(st.none() | FACTS),
        version=draw(st.none() | FACTS),
        dependencies=draw(st.dictionaries(FACTS, FACTS, max_size=3)),
        is_module=draw(st.booleans()),
        required_by=tuple(sorted(draw(st.sets(MODULES, max_size=2)))),
        external=draw(st.sampled_from([None, "newest", "integration 2025.1"])),
        moved_from=tuple(sorted(draw(st.sets(COMMITS, max_size=2)))),
    )


@st.composite
def locks(draw: st.DrawFn) -> Lock:
    moduledir = draw(st.sampled_from(["modules", "site"]))
    pins: dict[str, Pin] = {}
    for module in draw(st.lists(MODULES, max_size=4)):
        if draw(st.booleans()):
            pins[module] = draw(git_pins(module, moduledir))
        else:
            pins[module] = ForgePin(module, f"acme/{module}", "1.2.3-rc1", draw(DIRECTORIES))
    return Lock("production", pins, moduledir)


@given(locks())
def test_a_dumped_lock_reads_back_as_it_was(lock: Lock) -> None:
    assert parse_lock(dump_lock(lock).encode(), environment="production", path=PATH) == lock


@given(locks())
def test_the_text_does_not_depend_on_the_order_of_pins(lock: Lock) -> None:
    backwards = Lock(lock.environment, dict(reversed(list(lock.pins.items()))), lock.moduledir)
    assert dump_lock(backwards) == dump_lock(lock)


@given(locks())
def test_the_text_is_sorted_json_with_one_field_a_line(lock: Lock) -> None:
    text = dump_lock(lock)
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_each_kind_of_pin_is_written_as_the_golden_file_has_it() -> None:
    assert dump_lock(one_of_each_kind()) == GOLDEN.read_text(encoding="utf-8")


def test_the_golden_file_reads_as_each_kind_of_pin() -> None:
    assert parse_lock(GOLDEN.read_bytes(), environment="production", path=PATH) == one_of_each_kind()


def test_a_module_beside_another_moduledir_tells_its_place_and_the_others_do_not() -> None:
    pins: dict[str, Pin] = {
        "a": ForgePin("a", "acme/a", "1.0.0", "site"),
        "b": ForgePin("b", "acme/b", "1.0.0", "modules"),
    }
    document = json.loads(dump_lock(Lock("production", pins, "site")))
    assert document == {
        "moduledir": "site",
        "modules": {
            "a": {"forge": "acme/a", "version": "1.0.0"},
            "b": {"forge": "acme/b", "version": "1.0.0", "install_path": "modules"},
        },
        "pinner_lock": 1,
    }


@pytest.mark.parametrize("rule", ["", "latest", "integration", "integration  2025.1", "newest "])
def test_a_rule_that_brings_nothing_in_is_refused(rule: str) -> None:
    lock = dump_lock(one_of_each_kind()).replace('"git":', f'"external": "{rule}",\n      "git":', 1)
    with pytest.raises(InputError, match="external: ") as caught:
        parse_lock(lock.encode(), environment="production", path=PATH)
    assert len(caught.value.problems) == 1


def test_a_lock_that_is_not_there_is_none(write: Writer) -> None:
    assert read_lock(write({"environments/production.yaml": ""}), "production") is None


def test_a_lock_file_that_must_be_there_is_told_when_missing(tmp_path: Path) -> None:
    with pytest.raises(UnknownError) as caught:
        read_lock_file(
            Project(tmp_path / "project"), tmp_path / "x.lock", environment="x", shown="old/x.lock"
        )
    assert str(caught.value) == "old/x.lock: the file cannot be read: No such file or directory"


def test_a_written_lock_is_read_back_and_not_written_twice(write: Writer) -> None:
    project = write({"environments/production.yaml": ""})
    lock = one_of_each_kind()

    assert write_lock(project, lock) is True
    assert read_lock(project, "production") == lock
    assert write_lock(project, lock) is False
    assert [path.name for path in project.environments.iterdir() if path.name.startswith(".")] == []


def test_a_lock_with_a_value_that_could_not_be_read_back_is_not_written(write: Writer) -> None:
    project = write({"environments/production.yaml": ""})
    hostile = ForgePin("facts", "acme/facts", "1.2.3'\nsystem('x')", "modules")

    with pytest.raises(InputError, match="is not an exact version"):
        write_lock(project, Lock("production", {"facts": hostile}))

    assert not project.lock("production").exists()


def test_a_lock_with_half_a_surrogate_is_not_written(write: Writer) -> None:
    project = write({"environments/production.yaml": ""})
    pin = one_of_each_kind().pins["nova"]
    assert isinstance(pin, GitPin)
    broken = GitPin("nova", pin.git, pin.commit, pin.ref, pin.want, "modules", version="\udc80")

    with pytest.raises(InputError, match="is not valid UTF-8"):
        write_lock(project, Lock("production", {"nova": broken}))


def test_a_lock_that_links_out_of_the_project_is_neither_read_nor_written(tmp_path: Path) -> None:
    project = Writer(tmp_path.resolve() / "project")({"environments/production.yaml": ""})
    outside = tmp_path / "outside"
    outside.write_text("keep me", encoding="utf-8")
    project.lock("production").symlink_to(outside)
    expected = (
        "environments/production.lock: this is a link that leads out of the project\n"
        "  hint: put a file or directory here, or a link that stays inside the project"
    )

    with pytest.raises(InputError) as reading:
        read_lock(project, "production")
    with pytest.raises(InputError) as writing:
        write_lock(project, one_of_each_kind())

    assert (str(reading.value), str(writing.value)) == (expected, expected)
    assert outside.read_text(encoding="utf-8") == "keep me"
