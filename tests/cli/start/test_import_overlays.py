"""Several sources as one environment: a base, and what takes precedence over it."""

from tests.support.cloud import Cloud
from tests.support.importing import BOTH, NOVA, manifest, puppetfile


def joined(cloud: Cloud, *texts: str, **options: str) -> tuple[int, str]:
    paths = [puppetfile(cloud, text, f"source/{number}.Puppetfile") for number, text in enumerate(texts)]
    done = cloud.run("import", *paths, "--as", options.get("name", "x"))
    return done.code, done.err


def test_the_pins_of_the_last_source_win_and_each_is_reported(cloud: Cloud) -> None:
    glance = "mod 'glance', :git => 'https://github.com/openstack/puppet-glance', :ref => '26.0.0'\n"
    cloud.upstream("glance").commit("stable/2025.1", version="26.0.0")
    cloud.upstream("glance").tag("26.0.0", "stable/2025.1")
    code, err = joined(cloud, BOTH, "# only here\n" + glance + NOVA.format(ref="26.0.0"))
    source = cloud.root / "source"
    assert code == 0
    assert (
        f"{source}/1.Puppetfile:3:1: module 'nova': this takes precedence over {source}/0.Puppetfile:1:1"
        in err
    )
    assert manifest(cloud) == (
        "release: 2025.1\n\nopenstack:\n  - keystone\n\nmodules:\n  glance: {tag: 26.0.0}\n  nova: {tag: 26.0.0}\n"
    )
    assert cloud.run("lock").code == 0


def test_three_layers(cloud: Cloud) -> None:
    code, err = joined(cloud, BOTH, NOVA.format(ref="stable/2024.1"), NOVA.format(ref="26.0.0"))
    assert (code, err.count("takes precedence over")) == (0, 2)
    assert "nova: {tag: 26.0.0}" in manifest(cloud)


def test_a_layer_with_a_moduledir_of_its_own_keeps_it(cloud: Cloud) -> None:
    own = "moduledir 'site'\nmod 'horizon', :git => 'https://git.example.net/puppet-horizon.git', :branch => 'acme'\n"
    cloud.upstream("horizon", owner="private").commit("acme", version="26.0.0")
    assert joined(cloud, BOTH, own)[0] == 0
    assert (
        'horizon: {git: "https://git.example.net/puppet-horizon.git", branch: acme, install_path: site}'
        in manifest(cloud)
    )


def test_constants_are_those_of_their_own_file(cloud: Cloud) -> None:
    base = "base = 'https://github.com/openstack/'\nmod 'nova', :git => base + 'puppet-nova', :ref => 'stable/2025.1'\n"
    code, err = joined(cloud, base, base.replace("base =", "other ="))
    assert code == 2
    assert "module 'nova': 'base' is not a literal value, and Ruby code is not run" in err


def test_without_a_name_each_source_is_an_environment(cloud: Cloud) -> None:
    paths = [puppetfile(cloud, BOTH, f"source/{name}.Puppetfile") for name in ("one", "two")]
    assert cloud.run("import", *paths).code == 0
    assert {"one.yaml", "two.yaml"} <= {path.name for path in (cloud.project / "environments").iterdir()}


def test_a_source_of_several_environments_cannot_be_joined(cloud: Cloud) -> None:
    for name in ("one", "two"):
        puppetfile(cloud, BOTH, f"several/{name}/Puppetfile")
    done = cloud.run("import", puppetfile(cloud, BOTH), str(cloud.root / "several"), "--as", "x")
    assert done.code == 2
    assert "only sources with one environment can be joined, and one has 2" in done.err
