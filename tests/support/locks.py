"""Locks with one pin of each kind, for tests that need a whole one."""

from pinner.model.lock import ForgePin, GitPin, Lock, Selector, SelectorKind, Status

OPENDEV = "https://opendev.org/openstack/puppet-"


def one_of_each_kind() -> Lock:
    pins = (
        GitPin(
            module="keystone",
            git=f"{OPENDEV}keystone",
            commit="1" * 40,
            ref="refs/heads/stable/2025.1",
            want=Selector(SelectorKind.RELEASE, "2025.1"),
            install_path="modules",
            status=Status.MAINTAINED,
            name="openstack-keystone",
            version="26.0.0",
            dependencies={"openstack/openstacklib": ">=26.0.0 <27.0.0", "puppetlabs/stdlib": ""},
        ),
        GitPin(
            module="swift",
            git=f"{OPENDEV}swift",
            commit="2" * 40,
            ref="refs/tags/icehouse-eol",
            want=Selector(SelectorKind.RELEASE, "icehouse", "2014-10-16"),
            install_path="modules",
            status=Status.END_OF_LIFE,
            name="puppetlabs-swift",
            version="4.2.0",
        ),
        GitPin(
            module="horizon",
            git="ssh://git@git.example.net/puppet-horizon",
            commit="3" * 40,
            ref="refs/heads/acme/2025.1",
            want=Selector(SelectorKind.BRANCH, "acme/2025.1"),
            install_path="modules",
            name="openstack-horizon",
            version="26.0.0-ärger",
        ),
        GitPin(
            module="stdlib",
            git="https://github.com/puppetlabs/puppetlabs-stdlib",
            commit="4" * 40,
            ref="refs/tags/v9.7.0",
            want=Selector(SelectorKind.VERSION, ">= 9.0.0 < 10.0.0"),
            install_path="modules",
            name="puppetlabs-stdlib",
            version="9.7.0",
            required_by=("keystone", "swift"),
        ),
        GitPin(
            module="nova",
            git=f"{OPENDEV}nova",
            commit="5" * 40,
            ref="refs/tags/31.0.0",
            want=Selector(SelectorKind.TAG, "31.0.0"),
            install_path="site",
        ),
        GitPin(
            module="hieradata",
            git="git@git.example.net:cloud/hieradata.git",
            commit="6" * 40,
            ref=None,
            want=Selector(SelectorKind.COMMIT, "6" * 40),
            install_path="hiera",
            is_module=False,
        ),
        ForgePin("facts", "acme/facts", "1.2.3", "modules"),
    )
    return Lock("production", {pin.module: pin for pin in pins})
