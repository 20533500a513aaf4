import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.errors import InputError
from pinner.puppet.puppetfile.reader import (
    ModuleKind,
    Option,
    Puppetfile,
    PuppetfileModule,
    forge_module,
    git_module,
    path_of,
    read_puppetfile,
)
from pinner.puppet.puppetfile.writer import (
    HEADER_MARK,
    check_puppetfile,
    check_writable,
    is_written_by_pinner,
    render_header,
    render_puppetfile,
)
from tests.support.oracles import RubyOracle, find_tool

SHA = "0123456789abcdef0123456789abcdef01234567"
SMALL = Puppetfile((git_module("nova", "https://h/puppet-nova", SHA),))


def flaws(*modules: PuppetfileModule, moduledir: str = "modules") -> list[str]:
    return [str(problem) for problem in check_writable(Puppetfile(modules, moduledir))]


def test_the_text() -> None:
    puppetfile = Puppetfile(
        (
            git_module("nova", "https://opendev.org/openstack/puppet-nova", SHA, comment="stable/2025.1"),
            git_module("hieradata", "ssh://git@h/hieradata", SHA, install_path="hiera"),
            forge_module("acme/facts", "1.2.3"),
        ),
        moduledir="site/modules",
    )
    assert render_puppetfile(puppetfile, environment="production", lock_id="pin-0123456789ab") == (
        "# Written by pinner for environment production (pin-0123456789ab): the next 'pinner generate' overwrites changes.\n"
        "\n"
        "moduledir 'site/modules'\n"
        "\n"
        "mod 'acme/facts', '1.2.3'\n"
        "\n"
        "mod 'hieradata',\n"
        "  :git => 'ssh://git@h/hieradata',\n"
        "  :install_path => 'hiera',\n"
        f"  :ref => '{SHA}'\n"
        "\n"
        "# stable/2025.1\n"
        "mod 'nova',\n"
        "  :git => 'https://opendev.org/openstack/puppet-nova',\n"
        f"  :ref => '{SHA}'\n"
    )


def test_no_modules_and_the_default_moduledir() -> None:
    assert render_puppetfile(Puppetfile()) == (
        "# Written by pinner: the next 'pinner generate' overwrites changes.\n"
    )


def test_own_files_are_known_by_their_first_line() -> None:
    assert is_written_by_pinner(render_puppetfile(SMALL))
    assert not is_written_by_pinner("mod 'nova'\n# Written by pinner\n")
    assert not is_written_by_pinner("")


@pytest.mark.parametrize(
    ("environment", "lock_id"), [("a\nb", None), ("2025.1", None), ("a", "pin-x"), (None, "x\n")]
)
def test_a_header_takes_names_and_lock_ids_only(environment: str | None, lock_id: str | None) -> None:
    with pytest.raises(InputError):
        render_header(environment, lock_id)


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
URLS = st.sampled_from(["https://h/x", "ssh://git@h:22/~/x", "git@h:x/y.git", "file:///srv/x", "/srv/x"])
COMMITS = st.text(alphabet="0123456789abcdef", min_size=40, max_size=40)
COMMENTS = st.sampled_from([None, "stable/2025.1", "v1.0.0", "feature/a+b", "coding=latin-1"])
PATHS = st.sampled_from([None, ".", "hiera", "a/b-c/d.e"])
GIT_MODULES = st.builds(
    lambda name, git, commit, path, comment: git_module(
        name, git, commit, install_path=path, comment=comment
    ),
    NAMES,
    URLS,
    COMMITS,
    PATHS,
    COMMENTS,
)
VERSIONS = st.sampled_from(["1.2.3", "0.0.1-rc1", "1.0.0+b"])
FORGE_MODULES = st.builds(forge_module, NAMES.map("acme/{}".format), VERSIONS)
PUPPETFILES = st.builds(
    lambda modules, moduledir: Puppetfile(
        tuple(sorted(modules, key=lambda module: module.directory)), moduledir
    ),
    st.lists(st.one_of(GIT_MODULES, FORGE_MODULES), max_size=6, unique_by=lambda module: module.directory),
    st.sampled_from(["modules", "site", "x/y"]),
)


@given(PUPPETFILES)
def test_what_is_written_is_read_back_the_same(puppetfile: Puppetfile) -> None:
    if not list(check_writable(puppetfile)):
        text = render_puppetfile(puppetfile)
        assert read_puppetfile(text).puppetfile == puppetfile
        assert check_puppetfile(text, puppetfile) == ()
        assert read_puppetfile(text.encode()).problems == ()


@given(PUPPETFILES)
def test_r10k_reads_what_is_written(r10k: RubyOracle, puppetfile: Puppetfile) -> None:
    if not list(check_writable(puppetfile)):
        assert r10k.ask(render_puppetfile(puppetfile)) == [
            {
                "name": module.directory,
                "kind": str(module.kind),
                "path": path_of(module, puppetfile.moduledir),
                "wanted": (
                    {"remote": module.git, "desired_ref": module.ref}
                    if module.kind is ModuleKind.GIT
                    else {"expected_version": module.version}
                ),
            }
            for module in puppetfile.modules
        ]


HOSTILE = st.text(alphabet="a0'\"\\#{}$` \n\r,;:/@.-_=\u00e4\x00", max_size=30)
VALUES = st.one_of(HOSTILE, HOSTILE.map("https://h/{}".format), HOSTILE.map("a{}".format))


@given(VALUES, st.integers(0, 5))
def test_whatever_the_values_are_no_quote_stays_open(value: str, place: int) -> None:
    values = ["nova", "https://h/x", "hiera", "main", "site", SHA]
    values[place] = value
    module = git_module(values[0], values[1], values[5], install_path=values[2], comment=values[3])
    puppetfile = Puppetfile((module,), values[4])
    try:
        text = render_puppetfile(puppetfile)
    except InputError:
        return
    body = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(line.count("'") % 2 == 0 and '"' not in line and "\\" not in line for line in body)
    assert check_puppetfile(text, puppetfile) == ()


def test_everything_that_is_wrong_is_told_at_once() -> None:
    modules = (
        git_module("no-va", "ext::sh", "abc", install_path="../x", comment="a\nb"),
        forge_module("facts", "latest"),
        PuppetfileModule("ball", ModuleKind.TARBALL, (Option("source", "file:///x"),)),
    )
    with pytest.raises(InputError) as caught:
        render_puppetfile(Puppetfile(modules, "/opt", forge="https://h", exclusions=("x",)))
    assert [problem.message for problem in caught.value.problems] == [
        "'/opt' is not a valid path: write it relative to the environment's directory",
        "'forge' and 'exclusion' cannot be written",
        "module 'no-va': 'no-va' is not a valid module name: use lower-case letters, digits and underscores, starting with a letter",
        "module 'no-va': 'ext::sh' is not a valid git URL: transports that run commands are refused; write https://, http://, ssh://, git:// or file:///, an absolute path, or git@host:path",
        "module 'no-va': '../x' is not a valid path: write directory names of letters, digits and _ . - separated by slashes, without '..'",
        "module 'no-va': 'abc' is not a full commit id: write all 40 hex digits in lower case",
        "module 'no-va': 'a\\nb' is not a valid ref name: use only letters, digits and . _ / + @ = % -",
        "module 'facts': 'facts' is not a valid Forge name: write owner/module, with letters and digits before the slash and a module name after it",
        "module 'facts': 'latest' is not an exact version: write three numbers such as 1.2.3, optionally with a suffix such as -rc1",
        "module 'ball': modules of the kind tarball cannot be written",
    ]


@pytest.mark.parametrize(
    ("module", "flaw"),
    [
        (
            PuppetfileModule("nova", ModuleKind.GIT, (Option("git", "u"), Option("branch", "main"))),
            "module 'nova': only :git, :install_path and :ref can be written, in that order",
        ),
        (
            forge_module("acme/facts", "1.2.3", install_path="x"),
            "module 'acme/facts': only the version of a Forge module can be written, because not all tools read other options",
        ),
    ],
)
def test_options_that_not_all_tools_read_are_refused(module: PuppetfileModule, flaw: str) -> None:
    assert flaws(module) == [flaw]


def test_two_modules_with_one_directory_are_refused() -> None:
    facts = git_module("facts", "https://h/x", SHA, install_path="other")
    assert flaws(facts, forge_module("acme/facts", "1.2.3")) == ["two modules have the directory 'facts'"]


def test_a_module_within_another_is_refused() -> None:
    outer = git_module("hiera", "https://h/x", SHA, install_path=".")
    inner = git_module("hieradata", "https://h/x", SHA, install_path="hiera/deep")
    assert flaws(outer, inner) == [
        "module 'hieradata': its directory 'hiera/deep/hieradata' is inside that of another module, 'hiera'"
    ]


def test_a_module_that_would_replace_the_moduledir_is_refused() -> None:
    site = git_module("site", "https://h/x", SHA, install_path=".")
    assert flaws(site, moduledir="site") == [
        "module 'site': its directory 'site' is or contains the moduledir"
    ]
    assert flaws(site, moduledir="site/modules") == [
        "module 'site': its directory 'site' is or contains the moduledir"
    ]
    assert flaws(site, moduledir="sites") == []


def test_r10k_itself_accepts_the_file(tmp_path: Path) -> None:
    program = find_tool("r10k", "r10k")
    modules = [git_module(f"m{number}", "https://h/x", SHA, comment="main") for number in range(60)]
    puppetfile = Puppetfile((*modules, forge_module("acme/facts", "1.2.3")), "site")
    (tmp_path / "Puppetfile").write_text(render_puppetfile(puppetfile), encoding="utf-8")
    checked = subprocess.run(
        [program, "puppetfile", "check"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr.strip().splitlines()[-1]) == (0, "Syntax OK")


def test_the_header_has_the_mark() -> None:
    assert render_header().startswith(f"# {HEADER_MARK}")
