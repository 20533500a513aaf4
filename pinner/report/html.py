"""Results as one self-contained HTML page each: it loads nothing, and what strangers wrote in it is text only.

The page shows the values of the JSON document. Every value goes through Jinja2's autoescape, and a content security
policy lets run exactly the style and the script that pinner brings, by their hashes: even markup that slipped through
could load and do nothing.
"""

import base64
import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from pinner import __version__
from pinner.operations.compare import Comparison
from pinner.operations.status import EnvironmentStatus
from pinner.operations.upgrade.upgrade import Upgrade
from pinner.report import as_json, plan
from pinner.report.html_matrix import grid_of
from pinner.report.html_page import page_of
from pinner.report.html_plan import legs_of
from pinner.report.visible import visible

if TYPE_CHECKING:
    from jinja2 import Environment

LONGEST = 600
"""Characters of a default or a type that a page shows; the JSON has all of them."""


def comparison(result: Comparison) -> str:
    """Return the page of `diff`."""
    return _render("comparison.html", page=page_of(as_json.comparison(result)))


def upgrade(result: Upgrade) -> str:
    """Return the page of `upgrade`: the plan before the changes."""
    document = plan.as_json(result)
    return _render("upgrade.html", page=page_of(document), legs=legs_of(document))


def statuses(results: Iterable[EnvironmentStatus]) -> str:
    """Return the page of `status`: environments by modules."""
    return _render("statuses.html", grid=grid_of(as_json.statuses(results)))


def clip(text: str) -> str:
    """Return at most LONGEST characters of a text, and then how many there are."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


def _render(template: str, **values: Any) -> str:
    return _templates().get_template(template).render(**values)


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415 - only a page needs it
    from markupsafe import Markup  # noqa: PLC0415

    environment = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(shown=visible, clipped=clip)
    style, script = _asset("style.css"), _asset("script.js")
    environment.globals.update(
        version=__version__,
        policy=_policy(style, script),
        style=Markup(style),  # noqa: S704 - these two are ours, not data
        script=Markup(script),  # noqa: S704
    )
    return environment


def _asset(name: str) -> str:
    return files("pinner.report").joinpath("assets", name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    """Return how a policy names the inline text that it lets through (Content Security Policy Level 3, 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
