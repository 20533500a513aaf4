from collections.abc import Mapping

import pytest

from pinner.adopting.puppetfiles import MOST_DECLARED, read_declared
from pinner.model.errors import Location
from pinner.model.manifest import FoundModule, RefKind

SHA = "68edbded93de36c6607b20223ef24bc19955168c"


def modules(text: str, branch: str | None = None) -> Mapping[str, FoundModule]:
    declared = read_declared(text, "Puppetfile", branch=branch)
    assert declared.problems == ()
    return {module.name: module for module in declared.modules}


def problems(text: str) -> list[str]:
    return [str(problem) for problem in read_declared(text, "Puppetfile").problems]


def notes(text: str) -> list[str]:
    return [str(note) for note in read_declared(text, "Puppetfile").notes]


@pytest.mark.parametrize(
    ("options", "kind", "ref"),
    [
        (f":commit => '{SHA}', :git => 'https://h/x'", RefKind.COMMIT, SHA),
        ("git: 'https://h/x', branch: 'main'", RefKind.BRANCH, "main"),
        (":git => 'https://h/x', :tag => '1.0.0'", RefKind.TAG, "1.0.0"),
        (":git => 'https://h/x', :ref => 'v1'", RefKind.ANY, "v1"),
        (":type => 'git', :source => 'https://h/x', :version => 'v1'", RefKind.ANY, "v1"),
        (":git => 'https://h/x'", RefKind.NONE, None),
        (":git => 'https://h/x', :ref => nil", RefKind.NONE, None),
    ],
)
def test_each_option_says_its_kind_of_ref(options: str, kind: RefKind, ref: str | None) -> None:
    found = modules(f"mod 'nova', {options}")["nova"]
    assert (found.git, found.kind, found.ref) == ("https://h/x", kind, ref)
    assert found.place == Location("Puppetfile", 1, 1)


def test_a_heredoc_is_a_text_with_its_line_break() -> None:
    text = "mod 'nova', :git => <<~URL, :install_path => 'site'\n  https://h/x\nURL\n"
    found = modules(text)["nova"]
    assert (found.git, found.install_path) == ("https://h/x\n", "site")


def test_the_control_branch_is_that_of_the_control_repository() -> None:
    text = "mod 'nova', :git => 'https://h/x', :branch => :control_branch, :default_branch => 'main'"
    found = modules(text, branch="production")["nova"]
    assert (found.kind, found.ref) == (RefKind.BRANCH, "production")
    assert problems(text) == [
        "Puppetfile:1:1: module 'nova': it follows the control repository's branch: import the control repository itself with '--kind r10k'\n  hint: omit it with --partial"
    ]


def test_what_a_manifest_has_no_place_for_is_told_once() -> None:
    text = "".join(
        f"mod '{name}', :git => 'https://h/{name}', :ref => 'v1', :exclude_spec => false, :default_branch => 'x'\n"
        for name in ("a", "b")
    )
    assert notes(text) == [
        "Puppetfile:1:47: :exclude_spec is not imported (in 2 modules): r10k's own default is to delete spec/ after a checkout",
        (
            "Puppetfile:1:71: :default_branch is not imported (in 2 modules): pinner never uses a ref other than the"
            " required one"
        ),
    ]


def test_modules_of_the_forge() -> None:
    found = modules("mod 'puppetlabs-stdlib', '9.4.0'\nmod 'acme/facts'\nmod 'acme/x', :latest")
    assert [(module.forge, module.version) for module in found.values()] == [
        ("puppetlabs/stdlib", "9.4.0"),
        ("acme/facts", None),
        ("acme/x", None),
    ]


def test_librarians_own_forms() -> None:
    text = "mod 'puppetlabs/apt', '1.8.0', :github_tarball => 'puppetlabs/puppetlabs-apt'\nmod 'puppetlabs/stdlib', '>= 1.0', :git => 'https://h/s', :ref => 'v1'\n"
    found = modules(text)
    assert (found["apt"].git, found["apt"].version) == (
        "https://github.com/puppetlabs/puppetlabs-apt",
        "1.8.0",
    )
    assert (found["stdlib"].git, found["stdlib"].kind, found["stdlib"].ref) == (
        "https://h/s",
        RefKind.ANY,
        "v1",
    )


def test_librarians_version_is_no_ref() -> None:
    assert modules("mod 'puppetlabs/stdlib', '>= 1.0', :git => 'https://h/s'")["stdlib"].kind is RefKind.NONE


def test_modules_that_lie_in_the_control_repository_are_told_and_not_missed() -> None:
    text = "mod 'site', :local => true\nmod 'acme/y', :path => './y'\n"
    assert modules(text) == {}
    assert notes(text) == [
        "Puppetfile:1:1: module 'site': it is part of the control repository, so there is nothing to pin",
        "Puppetfile:2:1: module 'acme/y': it is part of the control repository, so there is nothing to pin",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "mod 'x', :svn => 'https://h/x'",
            (
                "module 'x': pinner pins git repositories and cannot import from svn"
                "\n  hint: move it to a git repository, or omit it with --partial"
            ),
        ),
        (
            "mod 'x', :type => 'tarball', :source => 'https://h/x.tar'",
            (
                "module 'x': pinner pins git repositories and cannot import from tarball"
                "\n  hint: move it to a git repository, or omit it with --partial"
            ),
        ),
        (
            "mod 'apt-cacher-ng', :git => 'https://h/x', :ref => 'v1'",
            "module 'apt-cacher-ng': 'apt-cacher-ng' is not a valid module name",
        ),
        ("mod 'X', :git => 'https://h/x', :ref => 'v1'", "module 'X': 'X' is not a valid module name"),
        (
            "mod 'x', :type => 'git', :ref => 'v1'",
            "module 'x': it has no URL\n  hint: omit it with --partial",
        ),
        (
            "mod 'x', :git => 'https://h/x', :path => 'sub'",
            "module 'x': it is a directory inside its repository, which neither r10k nor pinner installs",
        ),
        ("mod 'x', :git => 'https://h/x', :ref => 1", "module 'x': :ref is not text"),
        ("mod 'x', :git => 'https://h/x', :branch => :main", "module 'x': :branch is not text"),
        (
            "mod 'a/x', :github_tarball => '../x'",
            "module 'a/x': '../x' is not a GitHub repository\n  hint: omit it with --partial",
        ),
    ],
)
def test_what_cannot_be_pinned_is_a_problem(text: str, told: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith(f"Puppetfile:1:1: {told}")


def test_what_is_no_literal_is_a_problem_and_the_rest_is_read() -> None:
    text = (
        "if ENV['X']\nmod 'a', :git => 'https://h/a', :ref => 'v1'\nend\n"
        "mod 'b', :git => \"#{base}/b\", :ref => 'v1'\n"
        "mod 'c', :git => 'https://h/c', :ref => 'v1'\n"
    )
    declared = read_declared(text, "Puppetfile")
    assert [module.name for module in declared.modules] == ["c"]
    assert [str(problem) for problem in declared.problems] == [
        (
            "Puppetfile:1:4: module 'a': the environment variable 'X' is not known"
            "\n  hint: it is skipped, the rest is read"
        ),
        (
            "Puppetfile:4:21: module 'b': 'base' is not a literal value, and Ruby code is not run"
            "\n  hint: it is skipped, the rest is read"
        ),
    ]


def test_what_r10k_warns_about_is_a_note() -> None:
    assert notes("mod 'x', :git => 'https://h/x', :tag => 'v1', :ref => 'v2', :foo => 'x'") == [
        "Puppetfile:1:47: module 'x': :tag, :ref are synonyms for r10k: the last one applies",
        "Puppetfile:1:61: module 'x': r10k has no option 'foo' for a git module",
    ]


def test_too_many_modules_are_refused() -> None:
    text = "".join(f"mod 'x{number}', '1.0.0'\n" for number in range(MOST_DECLARED + 1))
    assert problems(text) == [
        f"Puppetfile: there are {MOST_DECLARED + 1} modules here: no environment has more than {MOST_DECLARED}"
    ]


def test_a_forge_of_ones_own_and_librarians_exclusions_are_told() -> None:
    text = "forge 'https://jane:secret@forge.example.net/api'\nexclusion 'acme/x'\nmod 'a/b', '1.0.0'\n"
    assert notes(text) == [
        "Puppetfile: the Forge 'https://***@forge.example.net/api' is not imported\n  hint: set it in r10k.yaml as forge.baseurl",
        "Puppetfile: the exclusion of 'acme/x' is not imported: r10k does not support exclusions",
    ]
    assert notes("forge 'https://forge.puppet.com'\nmod 'a/b', '1.0.0'\n") == []


def test_a_moduledir_counts_for_the_modules_after_it() -> None:
    text = (
        "mod 'a/a', '1.0.0'\nmoduledir 'site'\nmod 'a/b', '1.0.0'\nmoduledir 'modules'\nmod 'a/c', '1.0.0'\n"
    )
    paths = {name: module.install_path for name, module in modules(text).items()}
    assert paths == {"a": None, "b": "site", "c": None}
    assert notes(text) == []
