"""What `pinner outdated` prints, as text and as the value of its JSON."""

from collections.abc import Iterable, Iterator
from typing import Any

from pinner.operations.outdated import EnvironmentNews, ModuleNews
from pinner.report.as_json import finding
from pinner.report.counts import count


def as_text(results: Iterable[EnvironmentNews]) -> Iterator[str]:
    """Yield a line for each environment, then one for each module there is news of."""
    for result in results:
        if result.lock is None:
            yield f"{result.name}: no lock yet: run 'pinner lock {result.name}'"
            continue
        unknown = f", {len(result.unknown)} could not be asked" if result.unknown else ""
        news = f"news of {count(len(result.modules), 'module')} of {len(result.lock.pins)}"
        yield f"{result.name}: {news}{unknown}"
        width = max((len(module.name) for module in result.modules), default=0)
        yield from (f"  {module.name:{width}}  {_words(module)}" for module in result.modules)


def _words(module: ModuleNews) -> str:
    return f"{module.pin.version or module.pin.commit[:12]}: {'; '.join(news.what for news in module.news)}"


def as_value(results: Iterable[EnvironmentNews]) -> dict[str, Any]:
    """Return the JSON document's value."""
    return {"environments": [_environment(result) for result in results]}


def _environment(result: EnvironmentNews) -> dict[str, Any]:
    return {
        "name": result.name,
        "lock_id": result.lock.lock_id if result.lock else None,
        "modules": [
            {
                "name": module.name,
                "version": module.pin.version,
                "commit": module.pin.commit,
                "news": [
                    {"kind": news.kind.value, "message": news.what, "to": news.to} for news in module.news
                ],
            }
            for module in result.modules
        ],
        "unknown": [finding(found) for found in result.unknown],
    }
