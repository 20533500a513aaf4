"""Render HTML pages with Jinja2 from values of model/.

Every value goes through Jinja2's autoescape. A content security policy allows only the style and the script
that pinner brings, by their hashes: even markup that slipped through could not load or run anything.
"""

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from pinner import __version__
from pinner.model.comparison import Comparison, Upgrade
from pinner.model.module_api import Severity
from pinner.model.results import Readiness
from pinner.model.text import visible
from pinner.report import changes
from pinner.report.html import views
from pinner.report.words import brief_pin, count, release_words, severity_count

LONGEST: Final = 600
"""Maximum characters of a default or a type on a page; the JSON document has all of them."""


def comparison_page(result: Comparison) -> str:
    """Return the review page of `diff`."""
    return _review(
        result,
        readiness=result.readiness,
        title=f"{result.before.label} → {result.after.label}",
        target=result.after.label,
        agendas=[views.agenda_of_effects(result.effects)],
        when=changes.NO_MILESTONES,
        is_sound=True,
    )


def upgrade_page(result: Upgrade) -> str:
    """Return the review page of `upgrade`."""
    whole = result.whole
    return _review(
        whole.comparison,
        readiness=whole.readiness,
        title=f"{result.environment}: {whole.start} → {whole.target}",
        target=str(whole.target),
        agendas=[views.agenda_of_leg(leg) for leg in result.shown],
        when=whole.when,
        is_sound=all(leg.is_sound for leg in result.shown),
    )


def _review(result: Comparison, *, readiness: Readiness | None, target: str, **values: Any) -> str:
    listed = changes.listed_modules(result.modules)
    return render(
        "review.html",
        "review.js",
        result=result,
        modules=views.most_affected(listed),
        same=[change.name for change in result.modules if change not in listed],
        readiness=readiness,
        verdict=changes.verdict_words(readiness, target, is_same=result.is_same),
        **values,
    )


def clip(text: str) -> str:
    """Return at most LONGEST characters of a text, followed by its length if it was cut."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


def _breakable(text: str) -> Markup:
    """Return a name that a browser may wrap between its parts."""
    return Markup(str(escape(visible(text))).replace("::", "::<wbr>"))  # noqa: S704 - escaped, and one tag of ours


_LITERAL: Final = re.compile(r"``((?:[^`]|`(?!`))+)``")


def _prose(text: str) -> Markup:
    """Return text of a release note, with reST's literals (``nova::api``) as code."""
    parts = _LITERAL.split(visible(text))  # a literal is every second part
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(part) if number % 2 else part for number, part in enumerate(parts))


def render(template: str, script: str, **values: Any) -> str:
    """Return the page that a template makes of the values, with a script of the assets after the shared one."""
    style, code = _asset("style.css"), _asset("search.js") + _asset(script)
    sources = f"style-src {_source(style)}; script-src {_source(code)}; img-src data:"
    return (
        _templates()
        .get_template(template)
        .render(
            policy=f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'",
            style=Markup(style),  # noqa: S704 - these two are ours, not data
            script=Markup(code),  # noqa: S704 - the same
            **values,
        )
    )


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        shown=lambda value: visible(str(value)),
        clipped=clip,
        breakable=lambda value: _breakable(str(value)),
        prose=_prose,
    )
    environment.globals.update(
        version=__version__,
        changes=changes,
        views=views,
        count=count,
        brief_pin=brief_pin,
        release_words=release_words,
        severities=tuple(Severity),
        severity_count=severity_count,
    )
    return environment


def _asset(name: str) -> str:
    return files("pinner.report").joinpath("assets", name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    """Return how a policy names an inline text that it allows (Content Security Policy Level 3, 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
