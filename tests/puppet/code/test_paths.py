import pytest

from pinner.puppet.code.read import Role, role_of


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("manifests/init.pp", Role.MANIFEST),
        ("manifests/compute/libvirt.pp", Role.MANIFEST),
        ("functions/x.pp", Role.MANIFEST),
        ("types/ip/address.pp", Role.MANIFEST),
        ("plans/upgrade.pp", Role.MANIFEST),
        ("lib/puppet/type/nova_config.rb", Role.TYPE),
        ("lib/puppet/provider/nova_config/ini_setting.rb", Role.PROVIDER),
        ("lib/puppet/functions/nova/x.rb", Role.FUNCTION),
        ("lib/puppet/parser/functions/x.rb", Role.FUNCTION),
        ("lib/facter/x.rb", Role.FACT),
        ("facts.d/x.txt", Role.EXTERNAL_FACT),
        ("tasks/restart.sh", Role.TASK),
        ("data/common.yaml", Role.DATA),
        ("hiera.yaml", Role.DATA),
    ],
)
def test_a_file_of_the_api_has_a_role(path: str, role: Role) -> None:
    assert role_of(path) is role


@pytest.mark.parametrize(
    "path",
    [
        *(
            "tests/init.pp",
            "examples/nova.pp",
            "spec/fixtures/manifests/site.pp",
            "manifests/README.md",
            "init.pp",
        ),
        *(
            "lib/puppet/provider/nova.rb",
            "lib/puppet/util/x.rb",
            "lib/facter/util/x.rb",
            "metadata.json",
            "README.md",
        ),
        *(
            "lib/puppet/type/nova/x.rb",
            "tasks/restart.json",
            "tasks/README.md",
            "data/x.txt",
            "templates/nova.epp",
        ),
        *("manifests/releasenotes/notes/x.yaml", "Manifests/init.pp", "spec/hiera.yaml", ""),
    ],
)
def test_other_files_have_none(path: str) -> None:
    assert role_of(path) is None
