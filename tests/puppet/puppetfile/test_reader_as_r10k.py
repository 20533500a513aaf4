from posixpath import normpath

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pinner.puppet.puppetfile.reader import (
    REFS,
    ModuleKind,
    Puppetfile,
    PuppetfileModule,
    path_of,
    read_puppetfile,
)
from pinner.puppet.ruby.declarations import Literal, Symbol
from tests.support.oracles import RubyOracle
from tests.support.properties import examples

SHA = "68edbded93de36c6607b20223ef24bc19955168c"


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
            ref = last(module, *REFS)
            return {
                "remote": module.git,
                "desired_ref": {"symbol": ref.name} if isinstance(ref, Symbol) else ref or "master",
            }
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


@settings(max_examples=examples(200))
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
