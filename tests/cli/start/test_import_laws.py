"""Whatever environments share, differ in or leave out: each manifest asks for just what its Puppetfile names.

`import` reads its manifests back and compares before it writes; a difference would end with code 4.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.cloud import Cloud
from tests.support.properties import examples

SHA = "68edbded93de36c6607b20223ef24bc19955168c"
HOMES = (
    "https://github.com/openstack/puppet-{}",
    "git://github.com/stackforge/puppet-{}.git",
    "https://git.example.net/puppet-{}.git",
    "https://github.com/puppetlabs/puppetlabs-{}",
)
REFS = (
    "stable/2025.1",
    "stable/2024.1",
    "stable/icehouse",
    "master",
    "26.0.0",
    "v9.6.0",
    "kilo-eol",
    SHA,
    "1.0",
)
NAMES = ("nova", "keystone", "neutron", "quantum", "ceph", "stdlib", "apache", "sunfire")
GIT = st.builds(
    "mod '{}', :git => '{}', :ref => '{}'{}\n".format,
    st.sampled_from(NAMES),
    st.sampled_from(HOMES),
    st.sampled_from(REFS),
    st.sampled_from(["", "", "", ", :install_path => 'site'"]),
)
FORGE = st.builds("mod 'acme/{}', '{}'\n".format, st.sampled_from(NAMES), st.sampled_from(["1.0.0", "2.0.0"]))
MODULES = st.lists(
    st.one_of(GIT, GIT, FORGE),
    min_size=1,
    max_size=6,
    unique_by=lambda line: line.split("'")[1].rpartition("/")[2],
)
FILES = st.lists(st.tuples(st.sampled_from(["", "moduledir 'site'\n"]), MODULES), min_size=1, max_size=4)


THIRD_PARTY = (
    "mod 'stdlib', :git => 'https://github.com/puppetlabs/puppetlabs-stdlib', :ref => 'stable/2025.1'\n"
)


@settings(max_examples=examples(40))
@given(FILES)
@example([("", [THIRD_PARTY])])
def test_every_manifest_asks_for_what_its_puppetfile_names(files: list[tuple[str, list[str]]]) -> None:
    with TemporaryDirectory() as directory:
        cloud = Cloud(Path(directory))
        for number, (moduledir, modules) in enumerate(files):
            path = cloud.root / f"source/Puppetfile.e{number}"
            path.parent.mkdir(exist_ok=True)
            path.write_text(moduledir + "".join(_with_home(line) for line in modules))
        done = cloud.run("import", str(cloud.root / "source"), "--offline")
        assert done.code == 0, done.err
        checked = cloud.run("lock", "--check")
        assert "lock-missing" in checked.out, checked.err


def _with_home(line: str) -> str:
    return line.replace("{}", line.split("'")[1])
