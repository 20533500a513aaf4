"""What tests of `pinner import` share: Puppetfiles of a few modules, and the manifests that come of them."""

from tests.support.cloud import Cloud, Result

NOVA = "mod 'nova', :git => 'https://github.com/openstack/puppet-nova', :ref => '{ref}'\n"
KEYSTONE = "mod 'keystone', :git => 'https://github.com/openstack/puppet-keystone', :ref => '{ref}'\n"
FORK = "mod 'horizon', :git => 'https://git.example.net/puppet-horizon.git', :branch => 'acme/2025.1'\n"
BOTH = NOVA.format(ref="stable/2025.1") + KEYSTONE.format(ref="stable/2025.1")


def puppetfile(cloud: Cloud, text: str, name: str = "source/Puppetfile") -> str:
    """Write a Puppetfile beside the project and return its path."""
    path = cloud.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def imported(cloud: Cloud, text: str, *options: str) -> Result:
    """Import the text as the environment `x`."""
    return cloud.run("import", puppetfile(cloud, text), "--as", "x", *options)


def manifest(cloud: Cloud, name: str = "x") -> str:
    """Return an environment's manifest without the comment on top."""
    text = (cloud.project / "environments" / f"{name}.yaml").read_text()
    head, _, body = text.partition("\n")
    assert head.startswith(("# Imported from ", "# What "))
    return body.lstrip("\n")
