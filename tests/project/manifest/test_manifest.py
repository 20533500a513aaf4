from textwrap import dedent

import pytest

from pinner.model.errors import Location
from pinner.model.lock import Externals, SelectorKind
from pinner.model.manifest import Ignored, Manifest, Override, Text
from pinner.project.manifest.read import ManifestsRead, read_manifests
from tests.support.projects import Writer

PRODUCTION = "environments/production.yaml"
CREDENTIALS = (
    "a git URL must not contain a user or password (only ssh may have a user): use git's credential helper"
)
FORMS = (
    "transports that run commands are refused; write https://, http://, ssh://, git:// or file:///, "
    "an absolute path, or git@host:path"
)
REPEAT = "repeat the value where it is needed, or put it into a base and name it with 'extends:'"
NO_RELEASE = "is not an OpenStack release: write its id (2025.1) or its code name in lower case (epoxy)"


def place(line: int, column: int) -> Location:
    return Location(PRODUCTION, line, column)


def told(read: ManifestsRead) -> str:
    return "\n".join(str(problem) for problem in read.problems)


def test_a_full_manifest_is_read_with_the_place_of_every_value(write: Writer) -> None:
    text = """\
        description: Public cloud, region one
        owners: [cloud@example.org]
        release: 2025.1
        platforms: {Ubuntu: ["24.04"], Debian: []}
        puppet: 8.10.0
        openstack: [keystone, nova]
        modules:
          swift:   {release: icehouse}
          ceph:    false
          horizon: {git: "https://git.example.net/puppet-horizon", branch: acme/2025.1, reason: "login page", until: 2026-12-31}
          heat:    {as_of: 2026-05-01}
          facts:   {forge: acme/facts, version: 1.2.3}
          hieradata: {git: "https://git.example.net/data", branch: main, install_path: hiera, module: false}
        dependencies:
          externals: integration
          ignore: [apt]
          override: {openstacklib: {rabbitmq: ">= 8.4.0"}}
        findings: {ignore: [end-of-life, "dependency-missing:horizon"]}
        moduledir: site
        template: sites
        """
    read = read_manifests(write({PRODUCTION: dedent(text)}))

    assert told(read) == ""
    (manifest,) = read.manifests
    assert manifest.environment == "production"
    assert manifest.path == PRODUCTION
    assert manifest.bases == ()
    assert manifest.description == "Public cloud, region one"
    assert manifest.owners == ("cloud@example.org",)
    assert manifest.release == Text("2025.1", place(3, 10))
    assert manifest.platforms == {"Ubuntu": ("24.04",), "Debian": ()}
    assert manifest.puppet == Text("8.10.0", place(5, 9))
    assert manifest.openstack == (Text("keystone", place(6, 13)), Text("nova", place(6, 23)))
    assert manifest.openstack_all is None
    assert manifest.externals is Externals.INTEGRATION
    assert manifest.ignored_dependencies == (Text("apt", place(16, 12)),)
    assert manifest.overridden_dependencies == {"openstacklib": {"rabbitmq": Text(">= 8.4.0", place(17, 39))}}
    assert manifest.ignored_findings == (
        Ignored("end-of-life", None, place(18, 21)),
        Ignored("dependency-missing", "horizon", place(18, 34)),
    )
    assert (manifest.moduledir, manifest.template) == ("site", "sites")
    assert manifest.modules == {
        "swift": Override(
            "swift", place(8, 3), selector=SelectorKind.RELEASE, value=Text("icehouse", place(8, 22))
        ),
        "ceph": Override("ceph", place(9, 3), is_left_out=True),
        "horizon": Override(
            "horizon",
            place(10, 3),
            git=Text("https://git.example.net/puppet-horizon", place(10, 18)),
            selector=SelectorKind.BRANCH,
            value=Text("acme/2025.1", place(10, 68)),
            reason=Text("login page", place(10, 89)),
            until=Text("2026-12-31", place(10, 110)),
        ),
        "heat": Override("heat", place(11, 3), as_of=Text("2026-05-01", place(11, 20))),
        "facts": Override(
            "facts",
            place(12, 3),
            forge=Text("acme/facts", place(12, 20)),
            forge_version=Text("1.2.3", place(12, 41)),
        ),
        "hieradata": Override(
            "hieradata",
            place(13, 3),
            git=Text("https://git.example.net/data", place(13, 20)),
            selector=SelectorKind.BRANCH,
            value=Text("main", place(13, 60)),
            install_path=Text("hiera", place(13, 80)),
            is_module=False,
        ),
    }


def problems_of(write: Writer, text: str) -> list[str]:
    """Return the lines that a user sees for this manifest, without its path."""
    return told(read_manifests(write({PRODUCTION: dedent(text)}))).replace(f"{PRODUCTION}:", "").splitlines()


def only_manifest(write: Writer, text: str) -> Manifest:
    read = read_manifests(write({PRODUCTION: dedent(text)}))
    assert told(read) == ""
    (manifest,) = read.manifests
    return manifest


def test_all_is_told_apart_from_a_list(write: Writer) -> None:
    manifest = only_manifest(write, "release: epoxy\nopenstack: all\n")
    assert manifest.openstack_all == Text("all", place(2, 12))
    assert manifest.openstack == ()


def test_defaults(write: Writer) -> None:
    manifest = only_manifest(write, "modules: {nova: {}}\n")
    assert manifest == Manifest("production", PRODUCTION, modules={"nova": Override("nova", place(1, 11))})
    assert (manifest.externals, manifest.moduledir, manifest.template) == (
        Externals.DECLARED,
        "modules",
        "default",
    )


@pytest.mark.parametrize("selector", list(SelectorKind))
def test_each_selector_is_read_with_its_raw_text(write: Writer, selector: SelectorKind) -> None:
    value = "0123456789" * 4 if selector is SelectorKind.COMMIT else "2025.1"
    manifest = only_manifest(write, f"modules: {{nova: {{{selector}: {value}}}}}\n")
    nova = manifest.modules["nova"]
    assert (nova.selector, str(nova.value)) == (selector, value)


@pytest.mark.parametrize("selector", ["release: 2025.1", "branch: main", "version: 1.x"])
def test_a_day_goes_with_what_moves(write: Writer, selector: str) -> None:
    manifest = only_manifest(write, f"modules: {{nova: {{{selector}, as_of: 2024-02-29}}}}\n")
    assert str(manifest.modules["nova"].as_of) == "2024-02-29"


def test_every_problem_is_told_in_the_order_of_the_text(write: Writer) -> None:
    text = """\
        release: [2025.1]
        realese: 1
        extends: _bse
        openstack: nova
        modules:
          nova: {tag: 1, branch: x, tga: 1, tag: 2}
          Nova: {tag: "--upload-pack=x"}
          ceph: no
          x: {git: "ext::sh -c x"}
          y: {git: "https://u:secret@git.example.net/x"}
          z: {commit: ABC}
          heat:
          q: {as_of: 2025-02-30, until: tomorrow, install_path: ../x, version: foo}
          w: {forge: a/b}
          v: &a {forge: a/b, tag: x}
          u: *a
          "evil\\e[31m\\nkey": {}
        """
    assert problems_of(write, text) == [
        "1:10: release: must be a release, not a list",
        "2:1: unknown key 'realese'",
        "  hint: did you mean 'release'?",
        "3:10: extends: environment or base '_bse' does not exist",
        "  hint: a base is a file 'environments/_base.yaml'",
        "4:12: openstack: must be 'all' or a list of modules, not 'nova'",
        "6:18: modules.nova: 'branch' cannot be combined with 'tag'",
        "  hint: 'tag' is at line 6, column 10; delete one of them",
        "6:29: modules.nova: unknown key 'tga'",
        "  hint: did you mean 'tag'?",
        "6:37: the key 'tag' was given before, at line 6, column 10",
        "  hint: delete one of them",
        "7:3: modules: 'Nova' is not a valid module name: use lower-case letters, digits and underscores, starting with a letter",
        "7:15: modules.Nova.tag: '--upload-pack=x' is not a valid ref name: it starts with '-'",
        "8:9: modules.ceph: must be false or a map, not 'no'",
        "  hint: write false, without quotes",
        f"9:12: modules.x.git: 'ext::sh -c x' is not a valid git URL: {FORMS}",
        f"10:12: modules.y.git: {CREDENTIALS}",
        "11:15: modules.z.commit: 'ABC' is not a full commit id: write all 40 hex digits in lower case",
        "12:8: modules.heat: has no value",
        "  hint: write 'heat: {}' to take it as the release has it, or 'heat: false' to leave it out",
        "13:14: modules.q.as_of: the date '2025-02-30' does not exist",
        "13:33: modules.q.until: 'tomorrow' is not a valid date: write it as YYYY-MM-DD",
        (
            "13:57: modules.q.install_path: '../x' is not a valid path: write directory names of "
            "letters, digits and _ . - separated by slashes, without '..'"
        ),
        "13:72: modules.q.version: 'foo' is not a valid version range: it is not in Puppet's range syntax",
        "14:14: modules.w: 'forge' needs a 'version'",
        "  hint: add the exact one, such as 'version: 1.2.3'",
        "15:6: anchors ('&a') are not allowed",
        f"  hint: {REPEAT}",
        "15:22: modules.v: 'tag' cannot be combined with 'forge'",
        "  hint: 'forge' is at line 15, column 10; delete one of them",
        "16:6: aliases ('*a') are not allowed",
        f"  hint: {REPEAT}",
        "17:3: modules: 'evil\\x1b[31m\\nkey' is not a valid module name: use lower-case letters, digits and underscores, starting with a letter",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- nova", "1:1: must be a map, not a list"),
        ("nova", "1:1: must be a map, not 'nova'"),
        ("~", "1:1: has no value"),
        ("release:", "1:9: release: has no value"),
        ("release: true", "1:10: release: must be a release, not 'true'"),
        ("release: Havana", f"1:10: release: 'Havana' {NO_RELEASE}"),
        ("release: 2025.10", f"1:10: release: '2025.10' {NO_RELEASE}"),
        ('release: "2025.1\\n"', f"1:10: release: '2025.1\\n' {NO_RELEASE}"),
        ("owners: cloud@example.org", "1:9: owners: must be a list of owners, not 'cloud@example.org'"),
        ("owners: [a, [b]]", "1:13: owners: must be a line of text, not a list"),
        ('owners: [""]', "1:10: owners: the text is empty"),
        ('owners: ["a\\nb"]', "1:10: owners: the text must be one line"),
        ('description: "a\\e[31m"', "1:14: description: the character U+001B is not allowed in a text"),
        ('description: "a\\u202eb"', "1:14: description: the character U+202E is not allowed in a text"),
        ("extends: [_base]", "1:10: extends: must be the name of a base, not a list"),
        (
            "extends: ../x",
            "1:10: extends: '../x' is not a valid name of an environment or base: use lower-case letters, digits and underscores",
        ),
        ("extends: _base.yaml", "1:10: extends: '_base.yaml' is a file's name: write the name only, '_base'"),
        (
            "extends: environments/x.yaml",
            "1:10: extends: 'environments/x.yaml' is a file's name: write the name only, 'x'",
        ),
        ("platforms: [Ubuntu]", "1:12: platforms: must be a map of operating systems, not a list"),
        ("platforms: {Ubuntu: 24.04}", "1:21: platforms.Ubuntu: must be a list of releases, not '24.04'"),
        (
            "platforms: {<b>: []}",
            "1:13: platforms: '<b>' is not a valid platform: use only letters, digits, spaces and . _ -",
        ),
        (
            "puppet: 8",
            "1:9: puppet: '8' is not a version of Puppet or OpenVox: write all three numbers, such as 8.10.0",
        ),
        ("openstack: {nova: }", "1:12: openstack: must be a list of modules, not a map"),
        ("openstack: al", "1:12: openstack: must be 'all' or a list of modules, not 'al'"),
        ("openstack: [nova, keystone, nova]", "1:29: openstack: 'nova' is repeated in the list"),
        ("modules: [nova]", "1:10: modules: must be a map of modules, not a list"),
        ("modules: {nova: stable/2025.1}", "1:17: modules.nova: must be false or a map, not 'stable/2025.1'"),
        ("modules: {nova: true}", "1:17: modules.nova: must be false or a map, not 'true'"),
        ('modules: {nova: "false"}', "1:17: modules.nova: must be false or a map, not 'false'"),
        ("modules: {nova: [false]}", "1:17: modules.nova: must be a map, not a list"),
        ("modules: {nova: {module: off}}", "1:26: modules.nova.module: must be false or true, not 'off'"),
        (
            "modules: {nova: {branch: refs/heads/x}}",
            "1:26: modules.nova.branch: 'refs/heads/x' is a full ref name: omit 'refs/heads/'",
        ),
        (
            "modules: {nova: {tag: a..b}}",
            "1:23: modules.nova.tag: 'a..b' is not a valid ref name: it contains '..' or ends with '.'",
        ),
        (
            "modules: {nova: {commit: 0123abc}}",
            "1:26: modules.nova.commit: '0123abc' is not a full commit id: write all 40 hex digits in lower case",
        ),
        (
            "modules: {nova: {tag: 1, as_of: 2025-01-01}}",
            "1:26: modules.nova: 'as_of' cannot be combined with 'tag'",
        ),
        (
            "modules: {nova: {as_of: 2025-01-01, commit: a}}",
            "1:37: modules.nova: 'commit' cannot be combined with 'as_of'",
        ),
        (
            "modules: {nova: {as_of: 20250101}}",
            "1:25: modules.nova.as_of: '20250101' is not a valid date: write it as YYYY-MM-DD",
        ),
        (
            "modules: {x: {forge: a-b, version: 1.0.0}}",
            "1:22: modules.x.forge: 'a-b' is not a valid Forge name",
        ),
        (
            "modules: {x: {forge: a/b, version: 1.x}}",
            "1:36: modules.x.version: '1.x' is not an exact version",
        ),
        ("modules: {x: {git: /srv/x, forge: a/b}}", "1:28: modules.x: 'forge' cannot be combined with 'git'"),
        (
            "modules: {x: {version: '>= 2.0.0 < 1.0.0'}}",
            "1:24: modules.x.version: '>= 2.0.0 < 1.0.0' is not a valid version range: no version can match it",
        ),
        (
            "modules: {x: {version: \"'); system('x\"}}",
            "is not a valid version range: write one such as '>= 1.2.0 < 2.0.0'",
        ),
        ("modules: {x: {git: ssh://u:secret@git.example.net/x}}", f"1:20: modules.x.git: {CREDENTIALS}"),
        (
            "modules: {x: {branch: https://u:secret@git.example.net/x}}",
            "1:23: modules.x.branch: 'https://***@git.example.net/x' is not a valid ref name",
        ),
        (
            "dependencies: {externals: all}",
            "1:27: dependencies.externals: must be 'declared', 'integration' or 'newest', not 'all'",
        ),
        ("dependencies: {ignore: apt}", "1:24: dependencies.ignore: must be a list of modules, not 'apt'"),
        (
            "dependencies: {ignore: [a b]}",
            "1:25: dependencies.ignore: 'a b' is not a module name: write it as 'stdlib' or 'puppetlabs/stdlib'",
        ),
        (
            "dependencies: {override: {x: {y: ''}}}",
            "1:34: dependencies.override.x.y: '' is not a valid version range",
        ),
        ("findings: [end-of-life]", "1:11: findings: must be a map, not a list"),
        (
            "findings: {ignore: [E1:nova]}",
            "1:21: findings.ignore: 'E1:nova' is not a finding: write its code, or code:module, such as 'end-of-life:nova'",
        ),
        ("moduledir: ../modules", "1:12: moduledir: '../modules' is not a valid path"),
        (
            "moduledir: /etc/puppet",
            "1:12: moduledir: '/etc/puppet' is not a valid path: write it relative to the environment's directory",
        ),
        ("moduledir: .", "1:12: moduledir: '.' is not a valid moduledir"),
        (
            "template: ../x",
            "1:11: template: '../x' is not a template name: write the name of a file in Puppetfile.templates, without '.j2'",
        ),
        ("template: x.j2", "1:11: template: 'x.j2' is not a template name: omit '.j2'"),
        ("'a\tb c': 1", "1:1: unknown key 'a\\tb c'"),
        (f"{'k' * 300}: 1", f"1:1: unknown key '{'k' * 59}…'"),
    ],
)
def test_a_value_of_the_wrong_shape_is_told(write: Writer, text: str, expected: str) -> None:
    good = "" if text[0] in "-n~" or text.startswith("modules") else "\nmodules: {good: {}}\n"
    assert expected in "\n".join(problems_of(write, text + good))
