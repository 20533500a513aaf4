"""Templates that never end, grow or nest too deep: refused with their line, within seconds, whatever the machine."""

import sys
from pathlib import Path

import pytest

from pinner.deploying.template_process import CHARACTERS, MEBIBYTES
from pinner.model.control import TEMPLATE_SECONDS
from tests.support.cloud import Cloud

HEAD = "# {{ header }}\n"
OK = f"{HEAD}mod 'acme/facts', '1.2.3'\n"
MANIFEST = "modules: {facts: {forge: acme/facts, version: 1.2.3}}\n"
TIME = f"this template fails: it takes longer than {TEMPLATE_SECONDS} seconds"
MEMORY = f"this template fails: it takes more than {MEBIBYTES} MiB of memory"
LENGTH = f"this template fails: it makes more than {CHARACTERS} characters"
DEPTH = "this template fails: it is nested too deep, includes itself, or has a macro that calls itself"
LOOPS = "{{% for a in range(99999) %}}{{% for b in range(99999) %}}{}{{% endfor %}}{{% endfor %}}"
OVER = "this power is too large"


@pytest.fixture
def project(tmp_path: Path) -> Cloud:
    """Return a project with a lock of one module of the Forge, and a directory for templates."""
    cloud = Cloud(tmp_path)
    cloud.manifest("production", MANIFEST)
    assert cloud.run("lock").code == 0
    (cloud.project / "Puppetfile.templates").mkdir()
    return cloud


def complaint(project: Cloud, text: str, **others: str) -> str:
    """Return the first line of what pinner reports of a template, which it must refuse."""
    templates = project.project / "Puppetfile.templates"
    for name, content in {"default.j2": HEAD + text, **others}.items():
        (templates / name).write_text(content)
    result = project.run("generate", "--stdout", "production")
    assert (result.code, result.out) == (2, ""), result
    first = result.err.splitlines()[0]
    return first.removeprefix("Puppetfile.templates/")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{% macro m() %}\n{{ m() }}{% endmacro %}\n{{ m() }}", f"default.j2:3: {DEPTH}"),
        ("\n{% include 'default.j2' %}", f"default.j2:3: {DEPTH}"),
        ("{% extends 'default.j2' %}", f"default.j2:2: {DEPTH}"),
        ("{% block a %}{{ self.a() }}{% endblock %}", f"default.j2:2: {DEPTH}"),
        ("{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}", f"default.j2:2: {DEPTH}"),
        ("{{ " + "(" * 2000 + "1" + ")" * 2000 + " }}", f"default.j2: {DEPTH}"),
        ("{{ " + "[" * 5000 + "]" * 5000 + " }}", f"default.j2: {DEPTH}"),
        ("{{ " + "not " * 5000 + "1 }}", f"default.j2: {DEPTH}"),
        ("{{ 1" + "|string" * 5000 + " }}", f"default.j2: {DEPTH}"),
        ("{% if 1 %}" * 2000 + "{% endif %}" * 2000, f"default.j2: {DEPTH}"),
        ("{{ 'x' * 10**12 }}", f"default.j2:2: {MEMORY}"),
        ("\n{{ 'x' * 10**9 }}", f"default.j2:3: {MEMORY}"),
        ("{{ '%999999999d' % 1 }}", f"default.j2:2: {MEMORY}"),
        ("{{ '{:999999999}'.format(1) }}", f"default.j2:2: {MEMORY}"),
        ("{{ 'x'|center(999999999) }}", f"default.j2:2: {MEMORY}"),
        ("{{ range(99999)|join('x' * 10000) }}", f"default.j2:2: {MEMORY}"),
        (
            "{% set n = namespace(x='x') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
            f"default.j2:2: {MEMORY}",
        ),
        ("{{ 'x' * 10**7 }}", f"default.j2:2: {LENGTH}"),
        (LOOPS.format("# x\n"), f"default.j2:2: {LENGTH}"),
        ("\n\n" + LOOPS.format(""), f"default.j2:4: {TIME}"),
        ("{% macro m() %}\n" + LOOPS.format("") + "{% endmacro %}{{ m() }}", f"default.j2:3: {TIME}"),
        ("{{ 10**(10**10) }}", f"default.j2:2: this template fails: {OVER}"),
    ],
    ids=lambda value: value[:40] if "{" in value else "",
)
def test_what_never_ends_or_grows_is_refused_with_its_line(project: Cloud, text: str, expected: str) -> None:
    assert complaint(project, text) == expected


def test_the_place_is_the_file_that_is_included(project: Cloud) -> None:
    assert complaint(project, "{% include 'part' %}", part="\n{{ part.nothing }}") == (
        "part:2: this template fails: 'part' is undefined"
    )
    assert complaint(project, "{% include 'part' %}", part="\n\n{% for %}").startswith(
        "part:3: this is not a Jinja2 template: "
    )
    assert complaint(project, "{% include 'a' %}", a="{% include 'b' %}", b="\n{% include 'a' %}").endswith(
        DEPTH
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ 1|nothing }}", "default.j2:2: this is not a Jinja2 template: No filter named 'nothing'."),
        ("{{ 1 is nothing }}", "default.j2:2: this is not a Jinja2 template: No test named 'nothing'."),
        ("{{ nothing.of.it }}", "default.j2:2: this template fails: 'nothing' is undefined"),
        ("{{ 1() }}", "default.j2:2: this template fails: 'int' object is not callable"),
        ("{{ 1 / 0 }}", "default.j2:2: this template fails: division by zero"),
        ("{{ 1.0 * 10**400 }}", "default.j2:2: this template fails: int too large to convert to float"),
        (
            "{% for a, b in [1] %}{% endfor %}",
            "default.j2:2: this template fails: cannot unpack non-iterable int",
        ),
        (
            "{% include 'gone' %}",
            "default.j2:2: this template fails: there is no 'gone' in Puppetfile.templates",
        ),
        ("{% include 5 %}", "default.j2:2: this template fails: 'int' object is not iterable"),
        (
            "{% block a %}{{ super() }}{% endblock %}",
            "default.j2:2: this template fails: there is no parent block",
        ),
        ("{{ range(10**9) }}", "default.j2:2: this template fails: Range too big."),
        ("{{ 2**99999 }}", "default.j2:2: this template fails: Exceeds the limit (4300 digits)"),
        ("{{ ''.__class__ }}", "default.j2:2: this template fails: access to attribute '__class__'"),
        (
            "{{ '{0.__class__}'.format(1) }}",
            "default.j2:2: this template fails: access to attribute '__class__'",
        ),
    ],
)
def test_whatever_jinja_raises_is_reported_with_its_line(project: Cloud, text: str, expected: str) -> None:
    assert complaint(project, text).startswith(expected)


def test_a_file_that_is_not_utf_8_is_reported_with_its_place(project: Cloud) -> None:
    (project.project / "Puppetfile.templates/default.j2").write_bytes(b"# {{ header }}\n#\xff\n")
    result = project.run("generate", "--stdout", "production")
    assert (result.code, result.err.splitlines()[0]) == (
        2,
        "Puppetfile.templates/default.j2:2: byte 0xff is not valid UTF-8",
    )


def test_a_library_called_like_ours_beside_the_project_is_not_imported(project: Cloud) -> None:
    for name in ("jinja2", "pinner", "json", "signal", "sitecustomize", "usercustomize"):
        (project.project / f"{name}.py").write_text("open('marker', 'w').close()\nraise SystemExit(3)\n")
    (project.project / "Puppetfile.templates/default.j2").write_text(OK)
    assert project.run("generate").code == 0
    assert not (project.project / "marker").exists()


def test_one_template_that_fails_is_not_the_end_of_the_others(project: Cloud) -> None:
    for name in ("first", "second", "third"):
        project.manifest(name, f"{MANIFEST}template: {name}\n")
        project.lock_path(name).write_bytes(project.lock_path("production").read_bytes())
        (project.project / f"Puppetfile.templates/{name}.j2").write_text(
            OK if name == "second" else f"{HEAD}{{{{ {name} }}}}"
        )
    result = project.run("generate")
    assert result.code == 2
    assert [line for line in result.err.splitlines() if "hint" not in line] == [
        "Puppetfile.templates/first.j2:2: this template fails: 'first' is undefined",
        "Puppetfile.templates/third.j2:2: this template fails: 'third' is undefined",
    ]
    assert not (project.project / "puppetfiles").exists()


def test_the_process_ends_where_python_cannot_be_interrupted(project: Cloud) -> None:
    """A multiplication of huge numbers is one instruction, at whose end signals are looked at."""
    grow = (
        "{% set n = namespace(x=10**2000000) %}{% for i in range(9) %}{% set n.x = n.x * n.x %}{% endfor %}"
    )
    assert complaint(project, grow) in {
        f"default.j2:2: {TIME}",
        f"default.j2: {TIME}",
        f"default.j2:2: {MEMORY}",
    }


def test_a_process_that_cannot_start_is_no_fault_of_the_template(
    project: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.project / "Puppetfile.templates/default.j2").write_text(OK)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    result = project.run("generate")
    assert (result.code, "the process that fills in templates failed" in result.err) == (3, True), result
    monkeypatch.setattr(sys, "executable", "/bin/false")
    result = project.run("generate")
    assert (result.code, "the process that fills in templates could not be started" in result.err) == (
        3,
        True,
    )
