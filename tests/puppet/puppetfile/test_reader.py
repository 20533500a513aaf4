from posixpath import normpath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pinner.puppet.puppetfile.directories import path_of
from pinner.puppet.puppetfile.reader import LONGEST, MOST_PROBLEMS, Reading, read_puppetfile
from pinner.puppet.puppetfile.values import ModuleKind, Option, Puppetfile, PuppetfileModule
from pinner.puppet.ruby.declarations import Literal, Symbol
from pinner.words.places import Place
from pinner.words.problems import Problem
from tests.support.oracles import RubyOracle

SHA = "68edbded93de36c6607b20223ef24bc19955168c"


def read(text: str) -> Puppetfile:
    reading = read_puppetfile(text)
    assert reading.problems == ()
    return reading.puppetfile


def problems(text: str | bytes) -> list[str]:
    return [str(problem) for problem in read_puppetfile(text).problems]


def git(name: str, **options: Literal) -> PuppetfileModule:
    return PuppetfileModule(name, ModuleKind.GIT, tuple(Option(key, value) for key, value in options.items()))


def forge(name: str, version: Literal) -> PuppetfileModule:
    return PuppetfileModule(name, ModuleKind.FORGE, (Option("version", version),))


def test_the_file_of_puppet_openstack_integration() -> None:
    text = """moduledir '/usr/share/openstack-puppet/modules'

## OpenStack modules
mod 'aodh',
  :git => 'https://opendev.org/openstack/puppet-aodh',
  :ref => 'stable/2025.1'

## Non-OpenStack modules
mod 'sysctl', :git => 'https://github.com/duritong/puppet-sysctl', :ref => 'v0.0.12' # a comment
"""
    assert read(text) == Puppetfile(
        (
            git("aodh", git="https://opendev.org/openstack/puppet-aodh", ref="stable/2025.1"),
            git("sysctl", git="https://github.com/duritong/puppet-sysctl", ref="v0.0.12"),
        ),
        moduledir="/usr/share/openstack-puppet/modules",
    )


def test_commits_before_urls_as_openstack_puppet_modules_has_them() -> None:
    text = (
        f"mod 'cinder',\n  :commit => '{SHA}',\n  :git => 'https://github.com/stackforge/puppet-cinder.git'\n"
    )
    (module,) = read(text).modules
    assert (module.git, module.ref) == ("https://github.com/stackforge/puppet-cinder.git", SHA)


def test_the_styles_of_fifteen_years() -> None:
    text = """#!/usr/bin/env ruby
#^syntax detection
forge "http://forge.puppetlabs.com"
mod("puppetlabs/stdlib", "4.9.0")
mod 'puppetlabs-apt', :latest
mod %q(saz/memcached)
mod 'nova', { :git => "https://h/nova",
              :tag=>"1.0.0", # with a comment in between
            }
mod 'glance',
    git: 'https://h/' \\
         'glance',

    branch: :control_branch, exclude_spec: false
mod 'heat', type: 'git', source: 'https://h/heat', version: 'main'; mod 'own', :local => true
mod 'old', :svn => 'https://h/svn', :rev => '154'
mod 'ball', type: :tarball, source: 'file:///x.tgz'
mod 'here', :git => <<~URL.chomp, :ref => 'x'
  https://h/here
URL
"""
    reading = read_puppetfile(text)
    assert reading.puppetfile == Puppetfile(
        (
            forge("puppetlabs/stdlib", "4.9.0"),
            forge("puppetlabs-apt", Symbol("latest")),
            forge("saz/memcached", None),
            git("nova", git="https://h/nova", tag="1.0.0"),
            git("glance", git="https://h/glance", branch=Symbol("control_branch"), exclude_spec=False),
            git("heat", type="git", source="https://h/heat", version="main"),
            PuppetfileModule("own", ModuleKind.LOCAL, (Option("local", value=True),)),
            PuppetfileModule("old", ModuleKind.SVN, (Option("svn", "https://h/svn"), Option("rev", "154"))),
            PuppetfileModule(
                "ball",
                ModuleKind.TARBALL,
                (Option("type", Symbol("tarball")), Option("source", "file:///x.tgz")),
            ),
        ),
        forge="http://forge.puppetlabs.com",
    )
    assert reading.problems == (
        Problem(
            "module 'here': '.' makes it an expression",
            Place("Puppetfile", 18, 27),
            "it is left out, the rest is read",
        ),
    )


def test_what_a_module_answers() -> None:
    heat, facts = read(
        "mod 'heat', type: 'git', source: 'u', version: 'v'\nmod 'acme-facts', '1.2.3'\nexclusion 'x'"
    ).modules
    assert (heat.directory, heat.git, heat.ref, heat.version, heat.install_path) == (
        "heat",
        "u",
        "v",
        None,
        None,
    )
    assert (facts.directory, facts.git, facts.ref, facts.version) == ("facts", None, None, "1.2.3")


def test_places_are_those_of_the_file() -> None:
    (module,) = read("\n  mod 'nova',\n    :git => 'u'\n").modules
    assert module.place == Place("Puppetfile", 2, 3)
    assert module.options[0].place == Place("Puppetfile", 3, 5)


def test_the_builder_of_2014_is_a_program_and_its_literal_part_is_read() -> None:
    text = """openstack_version=ENV['openstack_version'] || 'icehouse'
if openstack_version == 'icehouse'
  release = 'stable/icehouse'
else
  abort('no such release')
end
base_url = "https://github.com"
%w(nova glance).each do |module_name|
  mod "stackforge/#{module_name}", :git => "#{prefix}#{module_name}", :ref => release
end
mod 'puppetlabs/postgresql', :git => "#{base_url}/puppetlabs/puppetlabs-postgresql", :ref => '2.5.0'
mod 'puppetlabs/ntp', :git => 'https://github.com/puppetlabs/puppetlabs-ntp', :ref => '3.0.0' if ENV['ntp']
mod 'sysctl', :git => 'https://github.com/duritong/puppet-sysctl', :ref => 'master'
"""
    reading = read_puppetfile(text, path="builder/Puppetfile")
    assert [module.name for module in reading.puppetfile.modules] == ["sysctl"]
    assert [str(problem) for problem in reading.problems] == [
        "builder/Puppetfile:1:18: 'openstack_version': '=' makes it an expression\n  hint: it is left out, the rest is read",
        (
            "builder/Puppetfile:2:1: what stands between 'if' and its 'end' depends on something\n"
            "  hint: everything up to line 6 is left out, the rest is read"
        ),
        "builder/Puppetfile:7:10: 'base_url': '=' makes it an expression\n  hint: it is left out, the rest is read",
        (
            "builder/Puppetfile:8:1: no declaration begins like this\n"
            "  hint: everything up to line 10 is left out, the rest is read"
        ),
        (
            "builder/Puppetfile:11:38: module 'puppetlabs/postgresql': a text with code in it is no literal\n"
            "  hint: it is left out, the rest is read"
        ),
        (
            "builder/Puppetfile:12:95: module 'puppetlabs/ntp': 'if' makes it depend on something\n"
            "  hint: it is left out, the rest is read"
        ),
    ]


LEFT_OUT = "\n  hint: it is left out, the rest is read"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "metadata",
            "Puppetfile:1:1: 'metadata' is no declaration of a Puppetfile\n  hint: r10k knows mod, moduledir, forge and exclusion",
        ),
        ("mod", f"Puppetfile:1:1: 'mod' takes a module's name, and its version or its options{LEFT_OUT}"),
        (
            "mod :nova",
            f"Puppetfile:1:1: 'mod' takes a module's name, and its version or its options{LEFT_OUT}",
        ),
        (
            "mod 'a/b', '1.0.0', :x => 'y'",
            f"Puppetfile:1:1: 'mod' takes a module's name, and its version or its options{LEFT_OUT}",
        ),
        (
            "mod 'a/b', '1.0.0', '2.0.0'",
            f"Puppetfile:1:1: 'mod' takes a module's name, and its version or its options{LEFT_OUT}",
        ),
        ("moduledir :x", f"Puppetfile:1:1: 'moduledir' takes one text{LEFT_OUT}"),
        ("forge 'a', 'b'", f"Puppetfile:1:1: 'forge' takes one text{LEFT_OUT}"),
        (
            "mod 'a', :ref => 'x'",
            f"Puppetfile:1:1: module 'a': r10k knows no kind of module by these options{LEFT_OUT}",
        ),
        (
            "mod 'a', :git => 'u', 'ref' => 'x'",
            f"Puppetfile:1:23: module 'a': an option's name is a symbol, as :git is{LEFT_OUT}",
        ),
        (
            "mod 'a', :git => 'u', :git => 'v'",
            "Puppetfile:1:23: module 'a': :git stands twice: the last one counts",
        ),
        (
            "mod 'a', :git => 'u', :path => 'v'",
            "Puppetfile:1:23: module 'a': r10k knows no option 'path' of a git module",
        ),
        ("mod 'a', :git => 'u', :ref => 1", "Puppetfile:1:23: module 'a': :ref is no text"),
        (
            "mod 'a', :git => nil",
            "Puppetfile:1:1: module 'a': it has no URL\nPuppetfile:1:10: module 'a': :git is no text",
        ),
        (
            "mod 'a', :git => 'u', :tag => 'x', :ref => 'y'",
            "Puppetfile:1:36: module 'a': :tag, :ref all mean one thing to r10k: the last one counts",
        ),
        ("mod 'a', '1.0.0'", "Puppetfile:1:1: module 'a': the Forge's modules are named owner/module"),
        (
            "mod 'apt-cacher-ng', :git => 'u'",
            "Puppetfile:1:1: module 'apt-cacher-ng': r10k takes names of the form module or owner/module, of letters, digits and _",
        ),
        (
            "mod 'a/b', '1.0'",
            "Puppetfile:1:1: module 'a/b': '1.0' is no exact version: write three numbers like 1.2.3, with -rc1 or the like after them if need be",
        ),
        ("mod 'a/b', true", "Puppetfile:1:1: module 'a/b': its version is no text"),
        (
            "mod 'a', :git => 'u', :install_path => '../b'",
            "Puppetfile:1:1: module 'a': its install_path '../b' leads out of the environment",
        ),
        (
            "mod 'a', :git => 'u'\nmod 'b/a', '1.0.0'",
            "Puppetfile:2:1: module 'b/a': 'a' is declared in line 1 already",
        ),
        (
            "mod 'a', :git => 'u'\nmoduledir 'x'",
            "Puppetfile:2:1: 'moduledir' counts only for the modules after it, here for all: write it first",
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
    reason = "module 'b': a text is opened here and never closed"
    problem = Problem(reason, Place("Puppetfile", 2, 18), "nothing after this is read")
    assert reading == Reading(Puppetfile((git("a", git="u"),)), (problem,))


def test_broken_bytes_are_told_and_the_rest_is_read() -> None:
    reading = read_puppetfile(b"# \xff\nmod 'a', :git => 'u'\n# \xe4")
    assert reading == Reading(
        Puppetfile((git("a", git="u"),)), (Problem("these bytes are not UTF-8", Place("Puppetfile", 1)),)
    )


def test_bytes_are_read_as_utf_8() -> None:
    assert read_puppetfile("# Grüße\nmod 'a', :git => 'ü'".encode()).puppetfile.modules[0].git == "ü"


def test_a_million_lines_are_refused() -> None:
    assert problems("mod 'a', '1'\n" * 1_000_000) == [
        f"Puppetfile: this is longer than {LONGEST} characters: no Puppetfile is\n  hint: nothing of it is read"
    ]


def test_a_million_empty_lines_are_read() -> None:
    assert read("\n" * (LONGEST - 3) + "foo"[:0]) == Puppetfile()


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


NAMES = st.sampled_from(["nova", "acme/facts", "acme-heat", "a-b-c", "x.y", "_a", "N0va", "nova"])
KEYS = st.sampled_from(
    [
        "git",
        "git",
        "git",
        "ref",
        "tag",
        "branch",
        "commit",
        "version",
        "source",
        "type",
        "install_path",
        "exclude_spec",
        "default_branch",
        "svn",
        "rev",
        "local",
        "checksum",
        "username",
        "path",
    ]
)
TEXTS = st.sampled_from(
    ["git", "forge", "svn", "tarball", "https://h/x", "main", "1.2.3", "v1", "hiera", "../x", "..x", ".", SHA]
)
VALUES = st.one_of(
    TEXTS.map("'{}'".format),
    TEXTS.map('"{}"'.format),
    st.sampled_from([":latest", "true", "nil", "1", ":git"]),
)
OPTIONS = st.one_of(
    st.builds(":{} => {}".format, KEYS, VALUES),
    st.builds("{}: {}".format, KEYS, VALUES),
    st.builds(":{}=>{}".format, KEYS, VALUES),
)
LAYOUTS = st.sampled_from(
    ["mod '{}', {}", "mod('{}', {})", 'mod "{}",\n  {}', "mod '{}', {{ {} }}", "mod '{}', {} # x"]
)
GIT_MODULES = st.builds(
    "mod '{}', :git => 'https://h/x', :{} => '{}', {}".format,
    NAMES,
    st.sampled_from(["ref", "tag"]),
    TEXTS,
    OPTIONS,
)
MODULES = st.one_of(
    GIT_MODULES,
    st.builds(
        lambda layout, name, options: layout.format(name, ", ".join(options)),
        LAYOUTS,
        NAMES,
        st.lists(OPTIONS, min_size=1, max_size=4),
    ),
    st.builds("mod '{}', {}".format, NAMES, VALUES),
    st.builds("mod '{}'".format, NAMES),
)
DIRECTORIES = st.sampled_from(["modules", "site", "a/./b", "/opt/x", "."])
SETTINGS = st.one_of(DIRECTORIES.map("moduledir '{}'".format), TEXTS.map("forge '{}'".format))


def described(puppetfile: Puppetfile) -> list[object]:
    """Return the modules as r10k_puppetfile.rb describes them."""
    return [
        {
            "name": module.directory,
            "kind": str(module.kind),
            "path": normpath(path_of(module, puppetfile.moduledir)),
            "wanted": wanted(module),
        }
        for module in puppetfile.modules
    ]


def wanted(module: PuppetfileModule) -> dict[str, object]:
    named = {option.name: option.value for option in module.options}
    match module.kind:
        case ModuleKind.GIT:
            return {"remote": module.git, "desired_ref": module.ref or "master"}
        case ModuleKind.FORGE:
            return {"expected_version": module.version or {"symbol": "latest"}}
        case ModuleKind.SVN:
            found = {
                "url": last(module, "svn", "source"),
                "expected_revision": last(module, "rev", "revision", "version"),
            }
        case ModuleKind.TARBALL:
            found = {"source": named.get("source"), "checksum": last(module, "checksum", "version")}
        case ModuleKind.LOCAL:
            found = {}
    return {name: value for name, value in found.items() if value is not None}


def last(module: PuppetfileModule, *names: str) -> Literal:
    values = [option.value for option in module.options if option.name in names]
    return values[-1] if values else None


@settings(max_examples=200)
@given(st.lists(SETTINGS, max_size=1), st.lists(MODULES, min_size=1, max_size=3))
@example(["moduledir 'site'"], ["mod 'nova', :git => 'u', :install_path => '.'"])
@example([], ["mod 'hieradata', :git => 'u', :install_path => 'hiera', :ref => 'x'"])
def test_a_file_without_problems_is_read_as_r10k_reads_it(
    r10k: RubyOracle, settings_: list[str], modules: list[str]
) -> None:
    text = "\n".join([*settings_, *modules])
    reading = read_puppetfile(text)
    if not reading.problems:
        assert described(reading.puppetfile) == r10k.ask(text)


def test_install_path_holds_the_directory_of_the_module(r10k: RubyOracle) -> None:
    text = "mod 'hieradata', :git => 'https://h/x', :ref => 'main', :install_path => 'hiera'"
    assert [module["path"] for module in r10k.ask(text)] == ["hiera/hieradata"]
