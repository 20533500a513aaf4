"""Which refs may carry a release, in which order, and what each says about the release's life. Asks no remote."""

from dataclasses import dataclass

from pinner.openstack.presence import find_repository
from pinner.openstack.series import Series, SeriesStatus
from pinner.words.pins import Status
from pinner.words.refs import BRANCH, TAG

_OF_SERIES = {
    SeriesStatus.UNMAINTAINED: Status.UNMAINTAINED,
    SeriesStatus.END_OF_LIFE: Status.END_OF_LIFE,
}


@dataclass(frozen=True, slots=True)
class RefCandidate:
    """A whole ref name that may carry a release, and the status of a pin that was found there."""

    ref: str
    status: Status


def ref_candidates(repository: str, series: Series) -> tuple[RefCandidate, ...]:
    """Return the refs of a repository (its name in the catalogue, or any URL) that may carry a series, best first.

    The branch `stable/R` means maintained and `unmaintained/R` unmaintained. The tag `R-eol` was set when the branch
    was deleted; `R-em` and `R-eom` mark the days on which extended maintenance began and maintenance ended, so that a
    repository with nothing but those is unmaintained. A repository the catalogue does not know has the plain order;
    where the catalogue has seen a series at another ref, that comes last, with the status of the series; a repository
    that carries no OpenStack release has no candidates.
    """
    known = find_repository(repository)
    if known is None:
        return _plain_order(series)
    if not known.carried:
        return ()
    plain = _plain_order(series)
    seen = next((carried.ref for carried in known.carried if carried.series == series.id), None)
    if seen is None or seen in {candidate.ref for candidate in plain}:
        return plain
    return (*plain, RefCandidate(seen, _OF_SERIES.get(series.status, Status.MAINTAINED)))


def _plain_order(series: Series) -> tuple[RefCandidate, ...]:
    name = series.branch_name
    return (
        RefCandidate(f"{BRANCH}stable/{name}", Status.MAINTAINED),
        RefCandidate(f"{BRANCH}unmaintained/{name}", Status.UNMAINTAINED),
        RefCandidate(f"{TAG}{name}-eol", Status.END_OF_LIFE),
        RefCandidate(f"{TAG}{name}-eom", Status.UNMAINTAINED),
        RefCandidate(f"{TAG}{name}-em", Status.UNMAINTAINED),
    )
