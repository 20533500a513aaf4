"""Third-party modules as upstreams of a cloud: one tag `vVERSION` a release, with what that release needs."""

from tests.support.cloud import Cloud, Upstream

# repository and Forge owner of each module, as the catalogue knows them
HOMES = {
    "apache": ("puppetlabs/puppetlabs-apache", "puppetlabs"),
    "concat": ("puppetlabs/puppetlabs-concat", "puppetlabs"),
    "memcached": ("saz/puppet-memcached", "saz"),
    "mysql": ("puppetlabs/puppetlabs-mysql", "puppetlabs"),
    "rsync": ("puppetlabs/puppetlabs-rsync", "puppetlabs"),
    "stdlib": ("puppetlabs/puppetlabs-stdlib", "puppetlabs"),
}


def upstream(cloud: Cloud, name: str) -> Upstream:
    """Return the upstream of a third-party module."""
    owner, _, repository = HOMES[name][0].partition("/")
    return cloud.upstream(name, owner=owner, repository=repository)


def release(cloud: Cloud, name: str, version: str, *, puppet: str | None = None, **needs: str) -> str:
    """Release a module: a commit on `main` with what it needs (module to range), and a tag on it; return the commit."""
    rows = {f"{HOMES[other][1]}/{other}": wanted for other, wanted in needs.items()}
    metadata = {"requirements": [{"name": "puppet", "version_requirement": puppet}] if puppet else []}
    made = upstream(cloud, name)
    made.commit("main", version=version, name=f"{HOMES[name][1]}-{name}", needs=rows, metadata=metadata)
    return made.tag(f"v{version}", "refs/heads/main")


def gate(cloud: Cloud, branch: str = "stable/2025.1", *, more: str = "", **refs: str) -> None:
    """Let upstream's gate run `refs`, module to tag, for a release."""
    rows = "".join(
        f"mod '{name}',\n  :git => 'https://github.com/{HOMES[name][0]}',\n  :ref => '{ref}'\n\n"
        for name, ref in refs.items()
    )
    own = f"mod 'keystone',\n  :git => 'https://opendev.org/openstack/puppet-keystone',\n  :ref => '{branch}'\n\n"
    cloud.upstream("openstack-integration").commit(branch, files={"Puppetfile": own + rows + more})
