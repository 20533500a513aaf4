from textwrap import dedent

from pinner.project.manifest import ManifestsRead, read_manifests
from pinner.words.manifests import Externals, Ignored, Override, Text
from pinner.words.places import Place
from pinner.words.wants import Selector
from tests.support.projects import Writer

PRODUCTION = "environments/production.yaml"


def place(line: int, column: int) -> Place:
    return Place(PRODUCTION, line, column)


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
            "swift", place(8, 3), selector=Selector.RELEASE, value=Text("icehouse", place(8, 22))
        ),
        "ceph": Override("ceph", place(9, 3), is_left_out=True),
        "horizon": Override(
            "horizon",
            place(10, 3),
            git=Text("https://git.example.net/puppet-horizon", place(10, 18)),
            selector=Selector.BRANCH,
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
            selector=Selector.BRANCH,
            value=Text("main", place(13, 60)),
            install_path=Text("hiera", place(13, 80)),
            is_module=False,
        ),
    }
