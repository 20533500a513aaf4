"""Write results: which function of `pinner.report` writes which result in which format.

A report's module is imported when it is written, so that no command loads the formats that it does not print.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from importlib import import_module
from typing import Any, Final

from pinner.cli.output import NO_LINKS, print_data
from pinner.report.json.encoding import dump


class Format(StrEnum):
    """The formats of results."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    JUNIT = "junit"
    SARIF = "sarif"


_TEXT, _JSON = "pinner.report.text", "pinner.report.json"

WRITERS: Final[Mapping[str, Mapping[Format, str]]] = {
    "api": {Format.TEXT: f"{_TEXT}.contents:api_text", Format.JSON: f"{_TEXT}.contents:api_json"},
    "audit": {
        Format.TEXT: f"{_TEXT}.contents:audit_text",
        Format.JSON: f"{_TEXT}.contents:audit_json",
        Format.JUNIT: "pinner.report.ci.findings:audit_junit",
        Format.SARIF: "pinner.report.ci.findings:audit_sarif",
    },
    "bisection": {
        Format.TEXT: f"{_TEXT}.search:bisection_lines",
        Format.JSON: f"{_TEXT}.search:bisection_json",
    },
    "catalogue": {
        Format.TEXT: f"{_TEXT}.contents:summary_text",
        Format.JSON: f"{_TEXT}.contents:summary_json",
    },
    "catalogue update": {
        Format.TEXT: f"{_TEXT}.contents:update_text",
        Format.JSON: f"{_TEXT}.contents:update_json",
    },
    "comparison": {
        Format.TEXT: f"{_TEXT}.comparison:comparison_text",
        Format.JSON: f"{_JSON}.document:comparison_json",
        Format.MARKDOWN: "pinner.report.ci.markdown:comparison_markdown",
        Format.HTML: "pinner.report.html.pages:comparison_page",
    },
    "contents": {
        Format.TEXT: f"{_TEXT}.contents:contents_text",
        Format.JSON: f"{_TEXT}.contents:contents_json",
    },
    "diagnosis": {
        Format.TEXT: f"{_TEXT}.contents:diagnosis_text",
        Format.JSON: f"{_TEXT}.contents:diagnosis_json",
    },
    "environments": {
        Format.TEXT: f"{_TEXT}.contents:environments_text",
        Format.JSON: f"{_TEXT}.contents:environments_json",
    },
    "files": {
        Format.TEXT: f"{_TEXT}.deployment:files_text",
        Format.JSON: f"{_TEXT}.deployment:files_json",
    },
    "bundle": {
        Format.TEXT: f"{_TEXT}.deployment:bundle_text",
        Format.JSON: f"{_TEXT}.deployment:bundle_json",
    },
    "cleaning": {
        Format.TEXT: f"{_TEXT}.deployment:cleaning_text",
        Format.JSON: f"{_TEXT}.deployment:cleaning_json",
    },
    "versions": {
        Format.TEXT: f"{_TEXT}.deployment:version_list_text",
        Format.JSON: f"{_TEXT}.deployment:version_list_json",
    },
    "servers": {
        Format.TEXT: f"{_TEXT}.deployment:server_comparison_text",
        Format.JSON: f"{_TEXT}.deployment:server_comparison_json",
    },
    "deployment": {
        Format.TEXT: f"{_TEXT}.deployment:deployment_text",
        Format.JSON: f"{_TEXT}.deployment:deployment_json",
    },
    "compilation": {
        Format.TEXT: f"{_TEXT}.compilation:compilation_text",
        Format.JSON: f"{_JSON}.compilation:compilation_json",
        Format.JUNIT: "pinner.report.ci.findings:compilation_junit",
        Format.SARIF: "pinner.report.ci.findings:compilation_sarif",
    },
    "dashboard": {Format.HTML: "pinner.report.html.dashboard:dashboard_page"},
    "findings": {
        Format.TEXT: f"{_TEXT}.findings:result_lines",
        Format.JSON: f"{_JSON}.document:results_json",
        Format.JUNIT: "pinner.report.ci.findings:junit",
        Format.SARIF: "pinner.report.ci.findings:sarif",
    },
    "identification": {
        Format.TEXT: f"{_TEXT}.identify:identification_text",
        Format.JSON: f"{_JSON}.document:identification_json",
    },
    "lock ids": {
        Format.TEXT: f"{_TEXT}.identify:lock_ids_text",
        Format.JSON: f"{_JSON}.encoding:lock_ids_json",
    },
    "missing fixes": {
        Format.TEXT: f"{_TEXT}.search:missing_text",
        Format.JSON: f"{_TEXT}.search:missing_json",
    },
    "origins": {Format.TEXT: f"{_TEXT}.identify:origins_text", Format.JSON: f"{_JSON}.encoding:origins_json"},
    "plan": {
        Format.TEXT: f"{_TEXT}.comparison:plan_text",
        Format.JSON: f"{_JSON}.document:plan_json",
        Format.MARKDOWN: "pinner.report.ci.markdown:plan_markdown",
        Format.HTML: "pinner.report.html.pages:upgrade_page",
    },
    "proposals": {
        Format.TEXT: f"{_TEXT}.comparison:proposals_text",
        Format.JSON: f"{_TEXT}.comparison:proposals_json",
    },
    "preview": {
        Format.TEXT: f"{_TEXT}.preview:preview_text",
        Format.JSON: f"{_JSON}.preview:preview_json",
        Format.MARKDOWN: "pinner.report.ci.preview:preview_markdown",
        Format.HTML: "pinner.report.html.preview:preview_page",
        Format.JUNIT: "pinner.report.ci.findings:preview_junit",
        Format.SARIF: "pinner.report.ci.findings:preview_sarif",
    },
    "publication": {
        Format.TEXT: f"{_TEXT}.deployment:publication_text",
        Format.JSON: f"{_TEXT}.deployment:publication_json",
    },
    "reason": {Format.TEXT: f"{_TEXT}.comparison:reason_text", Format.JSON: f"{_JSON}.document:reason_json"},
    "search": {Format.TEXT: f"{_TEXT}.search:search_text", Format.JSON: f"{_TEXT}.search:search_json"},
    "search plan": {
        Format.TEXT: f"{_TEXT}.search:search_plan_lines",
        Format.JSON: f"{_TEXT}.search:search_plan_json",
    },
    "settings": {
        Format.TEXT: f"{_TEXT}.contents:settings_text",
        Format.JSON: f"{_TEXT}.contents:settings_json",
    },
    "statuses": {
        Format.TEXT: f"{_TEXT}.status:align_columns",
        Format.JSON: f"{_JSON}.document:statuses_json",
    },
    "tree": {Format.TEXT: f"{_TEXT}.contents:tree_text", Format.JSON: f"{_TEXT}.contents:tree_json"},
    "updates": {
        Format.TEXT: f"{_TEXT}.status:updates_text",
        Format.JSON: f"{_TEXT}.status:updates_json",
        Format.MARKDOWN: "pinner.report.ci.markdown:updates_markdown",
    },
}
"""Result -> format -> `module:function`; a test checks that each of them exists."""


def render(result: str, value: object, output: Format, **options: Any) -> Iterable[str]:
    """Return the lines of a result's report; `options` are those of the text report, and change no other."""
    module, _, function = WRITERS[result][output].partition(":")
    write = getattr(import_module(module), function)
    report = write(value, **options) if output is Format.TEXT else write(value)
    if output is Format.JSON:
        return (dump(report),)
    return (report,) if isinstance(report, str) else report


def print_report(
    result: str, value: object, output: Format, *, links: Mapping[str, str] = NO_LINKS, **options: Any
) -> None:
    """Print a result's report, or keep it for the file of -o; `links` are words that lead somewhere on a terminal."""
    print_data(render(result, value, output, **options), is_report=output is Format.TEXT, links=links)
