"""Why a release has no module of some name, told with what to write instead."""

from difflib import get_close_matches

from pinner.openstack.homes import third_party
from pinner.openstack.packaged import Repository, facts
from pinner.openstack.presence import carried_in
from pinner.openstack.series import Series, find_series

_LONGEST_NAME = 60  # of a name that near ones are looked for

Explanation = tuple[str, str | None]


def explain_missing(name: str, series: Series | None) -> Explanation:
    """Return why there is no OpenStack module of that name in a series (None: in any), and a hint how to mend it."""
    holders = [known for known in facts().repositories if name in _names(known)]
    if holders and series:
        return _absent(name, max(holders, key=_last_position), series)
    if third_party(name):
        return (
            f"module '{name}' is a third-party module and follows no OpenStack release",
            "list it under 'modules' with a version, tag, branch or commit",
        )
    return _unknown(name, series)


def _last_position(repository: Repository) -> int:
    last = find_series(repository.carried[-1].series) if repository.carried else None
    return last.position if last else 0


def _absent(name: str, repository: Repository, series: Series) -> Explanation:
    carried = carried_in(repository, series)
    if carried:
        return f"module '{name}' is called '{carried.name}' in {series}", f"write '{carried.name}'"
    spans = [find_series(row.series) for row in repository.carried]
    known = [span for span in spans if span]
    if not known:
        return (
            f"module '{name}' does not follow OpenStack's releases",
            "list it under 'modules' with a tag, branch or commit",
        )
    before = [span for span in known if span < series]
    after = [span for span in known if series < span]
    if not before:
        return f"module '{name}' exists from {after[0]} on, not in {series}", _from_another(name, after[0])
    if not after:
        return f"module '{name}' ended with {before[-1]}, it is not in {series}", _from_another(
            name, before[-1]
        )
    message = f"module '{name}' has no {series}; it exists in {before[-1]} and {after[0]}"
    return message, _from_another(name, before[-1])


def _from_another(name: str, series: Series) -> str:
    return f"leave it out, or take it from another release under 'modules': {name}: {{release: {series}}}"


def _unknown(name: str, series: Series | None) -> Explanation:
    short = name.lower().replace("/", "-").rsplit("-", 1)[-1]
    known = sorted({each for repository in facts().repositories for each in _names_in(repository, series)})
    if short != name and short in known:
        return f"no module '{name}' in the catalogue", f"write '{short}', the name of its directory"
    near = get_close_matches(short, known) if len(name) <= _LONGEST_NAME else []
    hint = ", ".join(f"'{each}'" for each in near)
    message = f"no module '{name}' in the catalogue"
    return (
        message,
        f"near it: {hint}" if near else "give its URL: 'git' under 'modules', or 'modules' in pinner.yaml",
    )


def _names_in(repository: Repository, series: Series | None) -> set[str]:
    if series is None or not repository.carried:
        return _names(repository)
    carried = carried_in(repository, series)
    return {carried.name} if carried else set()


def _names(repository: Repository) -> set[str]:
    """Return the names its module has had in series, or ever where it carries none."""
    return {row.name for row in repository.carried} or {
        name.partition("/")[2] for name in repository.forge_names
    }
