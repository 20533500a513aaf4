"""The r10k.yaml of each layout: exactly its text, refused where the r10k at hand cannot do it, and read by YAML's rules."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from pinner.deploying.r10k_config import Server, render_r10k_yaml
from pinner.model.control import Layout
from pinner.model.errors import InputError
from pinner.model.manifest import Settings
from pinner.project.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode, read_nodes

DEBIAN = Server(
    environmentpath=Path("/etc/puppet/code/environments"),
    puppet=Path("/usr/bin/puppet"),
    puppet_conf=Path("/etc/puppet/puppet.conf"),
    r10k=(3, 15, 4),
)
NOTHING = Server(Path("/etc/puppetlabs/code/environments"), puppet=None, puppet_conf=None, r10k=None)
REPOSITORY = "ssh://git@git.example.net/puppet/control"
SETTINGS = Settings(cache="", control_repo=REPOSITORY)
PROGRAM = Path("/srv/cloud/control/r10k-environments")
DEPLOY = """\
deploy:
  # without generated types, the first environment's version of a native type serves all others
  generate_types: true
  puppet_path: '/usr/bin/puppet'
  puppet_conf: '/etc/puppet/puppet.conf'
  # the modules are then the locked commits whole
  exclude_spec: false
  purge_levels:
    - 'deployment'
    - 'puppetfile'
  # both are needed as soon as 'environment' is among the levels: else the generated types are purged
  purge_allowlist:
    - '.resource_types'
    - '.resource_types/**/*'
"""


def text(layout: Layout, server: Server = DEBIAN, **more: Path) -> str:
    return render_r10k_yaml(replace(SETTINGS, layout=layout), server, command=PROGRAM, **more).text


def test_branches() -> None:
    assert text(Layout.BRANCHES) == (
        "---\n# Written by pinner for the layout 'branches'. Its usual place: /etc/puppetlabs/r10k/r10k.yaml\n"
        "cachedir: '/var/cache/r10k'\nsources:\n  pinner:\n    type: 'git'\n"
        f"    remote: '{REPOSITORY}'\n    basedir: '/etc/puppet/code/environments'\n{DEPLOY}"
    )


def test_one_branch() -> None:
    assert text(Layout.ONE_BRANCH) == (
        "---\n# Written by pinner for the layout 'one-branch'. Its usual place: /etc/puppetlabs/r10k/r10k.yaml\n"
        "# r10k reads its list of environments from a clone, which must be brought up to date before a deploy:\n"
        f"#   git clone --branch production {REPOSITORY} /etc/puppetlabs/r10k/control\n"
        "#   git -C /etc/puppetlabs/r10k/control pull --ff-only && r10k deploy environment --modules\n"
        "cachedir: '/var/cache/r10k'\nsources:\n  pinner:\n    type: 'yamldir'\n"
        "    config: '/etc/puppetlabs/r10k/control/environments.d'\n"
        f"    basedir: '/etc/puppet/code/environments'\n{DEPLOY}"
    )


def test_exec() -> None:
    assert text(Layout.EXEC) == (
        "---\n# Written by pinner for the layout 'exec'. Its usual place: /etc/puppetlabs/r10k/r10k.yaml\n"
        "cachedir: '/var/cache/r10k'\nsources:\n  pinner:\n    type: 'exec'\n"
        "    # one program without arguments: r10k takes nothing else\n"
        f"    command: '{PROGRAM}'\n    basedir: '/etc/puppet/code/environments'\n{DEPLOY}"
    )


def test_folders_are_not_deployed_by_r10k() -> None:
    assert text(Layout.PUPPETFILES) == (
        "---\n# Written by pinner for the layout 'puppetfiles'. Its usual place: /etc/puppetlabs/r10k/r10k.yaml\n"
        "# r10k deploys no environment here; in the directory of each one run\n"
        "#   r10k puppetfile install && puppet generate types --environment NAME\n"
        "cachedir: '/var/cache/r10k'\n"
    )


def values(node: Node | None) -> list[ScalarNode]:
    """Return every scalar that is no key."""
    if isinstance(node, MappingNode):
        return [value for entry in node.entries.values() for value in values(entry.value)]
    if isinstance(node, SequenceNode):
        return [value for item in node.items for value in values(item)]
    assert isinstance(node, ScalarNode)
    return [node]


@pytest.mark.parametrize("layout", Layout)
def test_every_text_is_quoted_and_only_truth_values_are_not(layout: Layout) -> None:
    read = read_nodes(text(layout).encode(), "r10k.yaml")
    assert not read.problems
    assert {value.text for value in values(read.root) if value.is_plain} <= {"true", "false"}


@pytest.mark.parametrize(
    "directory", ["/srv/it's/envs", "/srv/0120715", "/srv/a: b", "/srv/#x", "/srv/\u00e9"]
)
def test_any_path_comes_out_as_it_was(directory: str) -> None:
    loaded = yaml.safe_load(text(Layout.BRANCHES, environmentpath=Path(directory)))
    assert loaded["sources"]["pinner"]["basedir"] == directory


@pytest.mark.parametrize("directory", ["/srv/a\nb", "/srv/\x1b"])
def test_a_path_that_no_line_holds_is_refused(directory: str) -> None:
    with pytest.raises(InputError):
        text(Layout.BRANCHES, environmentpath=Path(directory))


@pytest.mark.parametrize(
    ("version", "layout", "message"),
    [
        (
            (3, 3, 3),
            Layout.ONE_BRANCH,
            (
                "layout 'one-branch': r10k 3.3.3 is installed here, and the yamldir source came with r10k 3.4.0\n"
                "  hint: install a newer r10k, or use --layout puppetfiles or branches"
            ),
        ),
        (
            (3, 4, 1),
            Layout.EXEC,
            (
                "layout 'exec': r10k 3.4.1 is installed here, and the exec source came with r10k 3.5.0\n"
                "  hint: install a newer r10k, or use --layout puppetfiles, branches or one-branch"
            ),
        ),
        (
            (2, 6, 8),
            Layout.BRANCHES,
            (
                "layout 'branches': r10k 2.6.8 is installed here, and deploy.generate_types came with r10k 3.2.0\n"
                "  hint: install a newer r10k, or use --layout puppetfiles"
            ),
        ),
    ],
)
def test_what_the_r10k_here_cannot_do_is_told(version: tuple[int, ...], layout: Layout, message: str) -> None:
    with pytest.raises(InputError) as caught:
        text(layout, replace(DEBIAN, r10k=version))
    assert str(caught.value) == message


def test_a_machine_without_r10k_and_puppet_gets_the_text_with_what_to_look_at() -> None:
    made = render_r10k_yaml(replace(SETTINGS, layout=Layout.EXEC), NOTHING, command=PROGRAM)
    assert made.notes == (
        "r10k is not installed, so its version is unknown: the layout 'exec' needs r10k 3.5.0 or newer",
        "no puppet here: look at puppet_path, /opt/puppetlabs/bin/puppet is a guess and must be there where r10k runs",
    )
    deploy = yaml.safe_load(made.text)["deploy"]
    assert (deploy["puppet_path"], "puppet_conf" in deploy) == ("/opt/puppetlabs/bin/puppet", False)


@pytest.mark.parametrize("layout", [Layout.BRANCHES, Layout.ONE_BRANCH])
def test_what_r10k_is_to_clone_must_be_known(layout: Layout) -> None:
    with pytest.raises(InputError, match="r10k needs the URL of the control repository, and none is set"):
        render_r10k_yaml(Settings(cache="", layout=layout), DEBIAN, command=PROGRAM)
