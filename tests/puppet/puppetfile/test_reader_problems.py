import pytest

from pinner.model.errors import Location, Problem
from pinner.puppet.puppetfile.reader import (
    LONGEST,
    MOST_PROBLEMS,
    ModuleKind,
    Option,
    Puppetfile,
    PuppetfileModule,
    Reading,
    read_puppetfile,
)
from pinner.puppet.ruby.declarations import Literal


def problems(text: str | bytes) -> list[str]:
    return [str(problem) for problem in read_puppetfile(text).problems]


def git(name: str, **options: Literal) -> PuppetfileModule:
    return PuppetfileModule(name, ModuleKind.GIT, tuple(Option(key, value) for key, value in options.items()))


LEFT_OUT = "\n  hint: it is skipped, the rest is read"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "metadata",
            "Puppetfile:1:1: 'metadata' is not a declaration of a Puppetfile\n  hint: r10k accepts mod, moduledir, forge and exclusion",
        ),
        ("mod", f"Puppetfile:1:1: 'mod' takes a module name and either a version or options{LEFT_OUT}"),
        (
            "mod :nova",
            f"Puppetfile:1:1: 'mod' takes a module name and either a version or options{LEFT_OUT}",
        ),
        (
            "mod 'a/b', '1.0.0', :x => 'y'",
            f"Puppetfile:1:1: 'mod' takes a module name and either a version or options{LEFT_OUT}",
        ),
        (
            "mod 'a/b', '1.0.0', '2.0.0'",
            f"Puppetfile:1:1: 'mod' takes a module name and either a version or options{LEFT_OUT}",
        ),
        (
            "mod 'a/b', '1.0.0', :git => 'u'",
            "Puppetfile:1:1: 'mod' takes a module name and either a version or options\n  hint: only librarian-puppet accepts both",
        ),
        (
            "mod 'a/b', :path => './b'",
            "Puppetfile:1:1: module 'a/b': :path is only for librarian-puppet: r10k does not support it",
        ),
        (
            "mod 'a/b', :github_tarball => 'a/puppet-b'",
            "Puppetfile:1:1: module 'a/b': :github_tarball is only for librarian-puppet: r10k does not support it",
        ),
        ("moduledir :x", f"Puppetfile:1:1: 'moduledir' takes one string{LEFT_OUT}"),
        ("forge 'a', 'b'", f"Puppetfile:1:1: 'forge' takes one string{LEFT_OUT}"),
        (
            "mod 'a', :ref => 'x'",
            f"Puppetfile:1:1: module 'a': r10k recognizes no kind of module from these options{LEFT_OUT}",
        ),
        (
            "mod 'a', :git => 'u', 'ref' => 'x'",
            f"Puppetfile:1:23: module 'a': an option's name must be a symbol such as :git{LEFT_OUT}",
        ),
        (
            "mod 'a', :git => 'u', :git => 'v'",
            "Puppetfile:1:23: module 'a': :git is repeated: the last one counts",
        ),
        (
            "mod 'a', :git => 'u', :path => 'v'",
            "Puppetfile:1:23: module 'a': r10k has no option 'path' for a git module",
        ),
        ("mod 'a', :git => 'u', :ref => 1", "Puppetfile:1:23: module 'a': :ref is not text"),
        (
            "mod 'a', :git => nil",
            "Puppetfile:1:1: module 'a': it has no URL\nPuppetfile:1:10: module 'a': :git is not text",
        ),
        (
            "mod 'a', :git => 'u', :tag => 'x', :ref => 'y'",
            "Puppetfile:1:36: module 'a': :tag, :ref are synonyms for r10k: the last one applies",
        ),
        ("mod 'a', '1.0.0'", "Puppetfile:1:1: module 'a': modules of the Forge are named owner/module"),
        (
            "mod 'apt-cacher-ng', :git => 'u'",
            "Puppetfile:1:1: module 'apt-cacher-ng': r10k accepts only names of the form module or owner/module, of letters, digits and _",
        ),
        (
            "mod 'a/b', '1.0'",
            "Puppetfile:1:1: module 'a/b': '1.0' is not an exact version: write three numbers such as 1.2.3, optionally with a suffix such as -rc1",
        ),
        ("mod 'a/b', true", "Puppetfile:1:1: module 'a/b': its version is not text"),
        (
            "mod 'a', :git => 'u', :install_path => '../b'",
            "Puppetfile:1:1: module 'a': its install_path '../b' is outside the environment",
        ),
        (
            "mod 'a', :git => 'u'\nmod 'b/a', '1.0.0'",
            "Puppetfile:2:1: module 'b/a': 'a' is already declared in line 1",
        ),
        (
            "mod 'a', :git => 'u'\nmoduledir 'x'",
            "Puppetfile:2:1: r10k applies 'moduledir' only to the modules after it, pinner to all: write it first",
        ),
    ],
)
def test_the_messages(text: str, expected: str) -> None:
    assert "\n".join(problems(text)) == expected


def test_of_two_options_with_one_name_the_last_counts() -> None:
    (module,) = read_puppetfile("mod 'a', :git => 'u', :ref => 'x', :git => 'v'").puppetfile.modules
    assert module == git("a", ref="x", git="v")


def test_where_ruby_breaks_off_nothing_more_is_read() -> None:
    reading = read_puppetfile("mod 'a', :git => 'u'\nmod 'b', :git => \"v\nmod 'c', :git => 'w'\n")
    reason = "module 'b': a string that starts here is not closed"
    problem = Problem(reason, Location("Puppetfile", 2, 18), "the rest of the file is not read")
    assert reading == Reading(Puppetfile((git("a", git="u"),)), (problem,), unread=(problem,))


def test_broken_bytes_are_told_and_the_rest_is_read() -> None:
    reading = read_puppetfile(b"# \xff\nmod 'a', :git => 'u'\n# \xe4")
    assert reading == Reading(
        Puppetfile((git("a", git="u"),)), (Problem("these bytes are not UTF-8", Location("Puppetfile", 1)),)
    )


def test_bytes_are_read_as_utf_8() -> None:
    assert read_puppetfile("# Grüße\nmod 'a', :git => 'ü'".encode()).puppetfile.modules[0].git == "ü"


def test_a_million_lines_are_refused() -> None:
    assert problems("mod 'a', '1'\n" * 1_000_000) == [
        f"Puppetfile: the file is longer than {LONGEST} characters\n  hint: it is not read"
    ]


def test_a_million_empty_lines_are_read() -> None:
    assert read_puppetfile("\n" * LONGEST) == Reading(Puppetfile())


def test_many_problems_are_counted() -> None:
    told = problems("foo\n" * 5000)
    assert len(told) == MOST_PROBLEMS + 1
    assert told[-1] == f"Puppetfile:101:1: there are {5000 - MOST_PROBLEMS} more problems"


HARM = [
    "system('touch /tmp/harm')",
    "`touch /tmp/harm`",
    "mod 'a', :git => \"#{`touch /tmp/harm`}\"",
    "mod 'a', :git => 'x' + exec('id')",
    "mod(*eval('x'))",
    "File.write('x', 'y')",
    "mod 'a', :git => 'u', :ref => open('|id').read",
    "BEGIN { exit }",
    "at_exit { exit }",
    "def mod(*a); end",
    "require 'x'",
    "mod 'a', &b",
    "mod 'a', **b",
    "alias mod forge",
]


@pytest.mark.parametrize("line", HARM)
def test_ruby_that_would_do_harm_is_told_and_nothing_comes_of_it(line: str) -> None:
    reading = read_puppetfile(f"{line}\nmod 'z', :git => 'u'\n")
    assert len(reading.problems) == 1
    assert [module.name for module in reading.puppetfile.modules] == ["z"]
