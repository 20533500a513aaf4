"""Failures of `compile` and `preview` as JUnit XML and SARIF, for CI systems: one finding for each cause."""

from collections.abc import Iterable, Iterator

from pinner.model.catalogs import Cause, Compilation
from pinner.model.errors import Location
from pinner.model.findings import EnvironmentResult, Finding
from pinner.model.preview import Preview
from pinner.model.rules.table import RULES
from pinner.report.ci.junit import junit
from pinner.report.ci.sarif import sarif
from pinner.report.text.compilation import fold_names
from pinner.report.words import count


def compilation_junit(results: Iterable[Compilation]) -> str:
    """Return the JUnit XML of `compile`: one suite for each environment."""
    return junit(map(_of_compilation, results))


def compilation_sarif(results: Iterable[Compilation]) -> str:
    """Return the SARIF log of `compile`."""
    return sarif(map(_of_compilation, results))


def preview_junit(result: Preview) -> str:
    """Return the JUnit XML of `preview`: a node that already fails with the old lock is a failure, too."""
    return junit([_of_preview(result)])


def preview_sarif(result: Preview) -> str:
    """Return the SARIF log of `preview`."""
    return sarif([_of_preview(result)])


def _of_compilation(result: Compilation) -> EnvironmentResult:
    return EnvironmentResult(result.environment, None, None, tuple(_findings(result.causes)))


def _of_preview(result: Preview) -> EnvironmentResult:
    causes = (one.cause for one in result.failures if one.side != "before")
    return EnvironmentResult(result.after.label, None, None, tuple(_findings(causes)))


def _findings(causes: Iterable[Cause]) -> Iterator[Finding]:
    for cause in causes:
        nodes = f"{count(len(cause.nodes), 'node')} ({fold_names(cause.nodes)})"
        path = cause.notice.path
        place = Location(path, cause.notice.line) if path else None
        message = f"{cause.notice.message}: {nodes}"
        yield RULES["catalog-fails"].finding(cause.module, message, hint=cause.hint, place=place)
