"""Which repository holds which module in which series."""

from pinner.openstack.homes import canonical_url
from pinner.openstack.packaged import Carried, Repository, facts
from pinner.openstack.series import Series, newest_released


def find_repository(repository: str) -> Repository | None:
    """Return the repository with that name (`puppet-nova`) or URL, also an URL it had earlier."""
    url = canonical_url(repository)
    return next(
        (known for known in facts().repositories if repository == known.name or url == known.git), None
    )


def carried_in(repository: Repository, series: Series) -> Carried | None:
    """Return what a repository carries in a series, or None if it has no module then.

    A series younger than the facts has what the newest released one has, less what has ended since: whether its refs
    are there is for the remote to say.
    """
    if series > newest_released():
        last = repository.carried[-1] if repository.carried and repository.ended is None else None
        return Carried(series.id, last.forge_name, ref=None, version=None) if last else None
    return next((carried for carried in repository.carried if carried.series == series.id), None)
