from pinner.project.foreign.environments import Remarks, read_environments, read_sources
from pinner.project.yaml.nodes import MappingNode, read_nodes
from pinner.puppet.puppetfile.reader import Environment, ModuleKind, Naming, PuppetfileModule, Source

Told = tuple[list[str], list[str]]


def root_of(text: str) -> MappingNode:
    read = read_nodes(text.encode(), "x.yaml")
    assert isinstance(read.root, MappingNode)
    return read.root


def environments(text: str) -> tuple[list[Environment], Told]:
    remarks = Remarks()
    found = read_environments(root_of(text), remarks)
    return list(found), told(remarks)


def sources(text: str) -> tuple[list[Source], Told]:
    remarks = Remarks()
    found = read_sources(root_of(text), remarks)
    return list(found), told(remarks)


def told(remarks: Remarks) -> Told:
    return [str(each).partition("\n")[0] for each in remarks.problems], [str(each) for each in remarks.notes]


def modules(text: str) -> tuple[dict[str, PuppetfileModule], Told]:
    (environment,), remarks = environments(f"production:\n  type: plain\n  modules:\n{text}")
    return {module.name: module for module in environment.modules}, remarks


def test_an_environment_of_a_control_repository() -> None:
    (found,), remarks = environments(
        "production:\n  source: https://git.example.net/control\n  version: v1.3\n"
        "  moduledir: site\n  puppetfile_name: Puppetfile.production\n"
    )
    assert remarks == ([], [])
    assert (found.name, found.kind, found.moduledir, found.puppetfile) == (
        "production",
        "git",
        "site",
        "Puppetfile.production",
    )
    assert (str(found.remote), str(found.ref)) == ("https://git.example.net/control", "v1.3")


def test_older_words_for_the_same() -> None:
    (found, bare), _ = environments("a: {remote: /srv/control, ref: main}\nb: {type: bare}\n")
    assert (str(found.remote), str(found.ref), bare.kind) == ("/srv/control", "main", "plain")


def test_modules_of_every_kind() -> None:
    found, remarks = modules(
        "    puppetlabs/stdlib: 9.7.0\n    puppetlabs/apt:\n    puppetlabs/ntp: latest\n"
        "    nova: {git: /srv/nova, tag: 26.0.0}\n    glance: {type: git, source: /srv/glance, version: main}\n"
        "    acme/facts: {type: forge, version: 1.2.3}\n    role: {local: true}\n    old: {svn: /srv/old}\n"
        "    tar: {type: tarball, source: https://example.org/x.tgz, version: abc}\n"
    )
    assert remarks == ([], [])
    assert {name: module.kind for name, module in found.items()} == {
        "puppetlabs/stdlib": ModuleKind.FORGE,
        "puppetlabs/apt": ModuleKind.FORGE,
        "puppetlabs/ntp": ModuleKind.FORGE,
        "nova": ModuleKind.GIT,
        "glance": ModuleKind.GIT,
        "acme/facts": ModuleKind.FORGE,
        "role": ModuleKind.LOCAL,
        "old": ModuleKind.SVN,
        "tar": ModuleKind.TARBALL,
    }
    assert [
        found[name].version
        for name in ("puppetlabs/stdlib", "puppetlabs/apt", "puppetlabs/ntp", "acme/facts")
    ] == [
        "9.7.0",
        None,
        None,
        "1.2.3",
    ]
    assert (found["glance"].git, found["glance"].ref) == ("/srv/glance", "main")


def test_what_ruby_misreads_is_taken_as_written_and_told() -> None:
    found, remarks = modules(
        "    nova: {git: /srv/nova, commit: 0120715}\n    puppetlabs/stdlib: 9.10\n    glance: {git: /x, ref: '9.10'}\n"
    )
    assert (found["nova"].ref, found["puppetlabs/stdlib"].version) == ("0120715", "9.10")
    assert remarks[1] == [
        (
            "x.yaml:4:36: module 'nova': r10k reads 0120715 as 41421; pinner uses the text as written\n"
            "  hint: put it in quotes"
        ),
        (
            "x.yaml:5:24: module 'puppetlabs/stdlib': r10k reads 9.10 as 9.1; pinner uses the text as written\n"
            "  hint: put it in quotes"
        ),
    ]


def test_what_makes_no_sense_is_a_problem_each() -> None:
    found, (problems, _) = modules(
        "    a: [b]\n    c: {x: y}\n    d: {git: [e]}\n    f: {git: {g: h}, ref: i}\n    puppetlabs/stdlib: 9.7.0\n"
    )
    assert list(found) == ["puppetlabs/stdlib"]
    assert problems == [
        "x.yaml:4:5: module 'a' is a list",
        "x.yaml:5:5: module 'c': r10k recognizes no kind of module from these options",
        "x.yaml:6:14: module 'd': 'git' is not text",
        "x.yaml:6:5: module 'd': r10k recognizes no kind of module from these options",
        "x.yaml:7:14: module 'f': 'git' is not text",
        "x.yaml:7:5: module 'f': r10k recognizes no kind of module from these options",
    ]


def test_environments_and_modules_of_another_shape() -> None:
    found, (problems, _) = environments("a: text\nb: [c]\nd: {modules: [nova]}\n")
    assert [each.name for each in found] == ["d"]
    assert problems == [
        "x.yaml:1:1: the environment 'a' is not a map",
        "x.yaml:2:1: the environment 'b' is not a map",
        "x.yaml:3:14: 'modules' is a list, not a map of names",
    ]


def test_sources_with_rubys_symbols_for_keys() -> None:
    found, remarks = sources(
        ":cachedir: /var/cache/r10k\n:sources:\n  :cloud:\n    remote: /srv/control\n    prefix: true\n"
        "    ignore_branch_prefixes: [wip, test]\n    invalid_branches: error\n"
    )
    assert remarks == ([], [])
    assert [
        (each.name, each.kind, str(each.remote), each.naming, each.ignored_prefixes) for each in found
    ] == [("cloud", "git", "/srv/control", Naming("cloud", None, "error"), ("wip", "test"))]


def test_what_pinner_does_not_do_of_a_source_is_told() -> None:
    found, (problems, notes) = sources(
        "sources:\n  a: {remote: /x, filter_command: 'rm -rf /', strip_component: '/(a+)+$/'}\n  b: /x\n"
    )
    assert [each.naming for each in found] == [Naming()]
    assert problems == ["x.yaml:3:6: the source 'b' is not a map"]
    assert ["'filter_command' is not run" in notes[0], "'/(a+)+$/'" in notes[1]] == [True, True]


def test_no_sources() -> None:
    assert sources("cachedir: /x\n") == ([], ([], []))
    assert sources("sources: [a]\n") == ([], ([], []))
