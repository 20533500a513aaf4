"""Which OpenStack release an environment runs: what most of its modules say."""

from collections import Counter
from collections.abc import Iterator, Sequence

from pinner.openstack.catalogue import ModuleEntry, find_module
from pinner.openstack.presence import find_repository
from pinner.openstack.release_versions import series_of_major
from pinner.openstack.series import Series, find_series
from pinner.operations.importing.placed import Placed
from pinner.puppet.versions import version_of_tag
from pinner.words.imports import FoundEnvironment
from pinner.words.manifests import Settings
from pinner.words.wants import Selector


def recognise(found: FoundEnvironment, modules: Sequence[Placed]) -> Series | None:
    """Return the release: the source's own word, else the one that most branches and tags carry, else most versions."""
    said = find_series(found.release) if found.release else None
    return said or _most(_carried(modules)) or _most(_by_version(modules))


def follows(module: Placed, release: Series | None, settings: Settings) -> bool:
    """Tell whether the module is just what the release has: then a name in the list says all of it."""
    if release is None or module.series != release or module.install_path or not module.is_module:
        return False
    return module.name not in settings.modules and carries(module, release, settings)


def carries(module: Placed, series: Series, settings: Settings) -> bool:
    """Tell whether the module is one that follows releases, so that `release:` selects its ref."""
    entry = find_module(module.name, series)
    is_following = isinstance(entry, ModuleEntry) and entry.follows_releases
    return is_following and is_at_home(module, series, settings)


def is_at_home(module: Placed, release: Series | None, settings: Settings) -> bool:
    """Tell whether the module's name alone leads to its repository, so that a manifest need not name that."""
    if module.name in settings.modules:
        return settings.modules[module.name] == module.git
    entry = find_module(module.name, release)
    return entry is not None and entry.git == module.git


def is_openstacks(module: Placed) -> bool:
    """Tell whether it is a module of OpenStack's own, or a fork of one."""
    is_named = isinstance(find_module(module.name, None), ModuleEntry)
    return is_named or (module.git is not None and find_repository(module.git) is not None)


def _carried(modules: Sequence[Placed]) -> Iterator[Series]:
    yield from (module.series for module in modules if module.series and is_openstacks(module))


def _by_version(modules: Sequence[Placed]) -> Iterator[Series]:
    """Yield the releases that have the major versions of the tags."""
    for module in modules:
        if module.selector is Selector.TAG and is_openstacks(module):
            version = version_of_tag(module.value)
            yield from series_of_major(module.name, version.release[0]) if version else ()


def _most(votes: Iterator[Series]) -> Series | None:
    count = Counter(votes)
    return max(count, key=lambda series: (count[series], series.position)) if count else None
