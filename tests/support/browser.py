"""Debian's Chromium, driven by Playwright: a page is opened from disk, and whatever it does beside showing is noted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.oracles import find_tool, give_up

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

# As root in a container; and none of the connections that a browser makes by itself.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Opened:
    """A page that was opened; `noise` is what it said on its console, asked of a network, or popped up."""

    page: "Page"
    noise: list[str] = field(default_factory=list)

    def dismiss(self, dialog: "Dialog") -> None:
        """Note a dialog, and close it."""
        self.noise.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def visible_rows(self) -> list[dict[str, Any]]:
        """Return data attributes and text of the rows that the filter shows."""
        return list(
            self.page.evaluate(
                "() => [...document.querySelectorAll('.row')].filter((row) => !row.closest('[hidden]'))"
                ".map((row) => ({...row.dataset, isApi: !!row.closest('.changes'), text: row.textContent}))"
            )
        )

    def settle(self) -> None:
        """Wait until the filter has done what was asked."""
        self.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )


def accessibility_flaws(page: "Page") -> list[str]:
    """Return what axe-core finds: rule, number of elements, one of them. The page must be open with `bypass_csp`."""
    try:
        script = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    except ModuleNotFoundError:
        give_up("axe-playwright-python is not installed (pip install '.[e2e]')")
        raise
    page.evaluate(script)
    found = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then((result) => result.violations)"
    )
    return [f"{one['id']}: {len(one['nodes'])}, {one['nodes'][0]['html'][:200]}" for one in found]


@contextmanager
def run_browser() -> Iterator["Browser"]:
    """Start Chromium; a missing one, or a missing Playwright, fails in CI."""
    path = find_tool("chromium", "chromium")
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only `make e2e` has it
    except ImportError:
        give_up("needs playwright (pip install '.[e2e]')")
        raise
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(browser: "Browser", path: Path, *, fragment: str = "", **options: Any) -> Iterator[Opened]:
    """Open an HTML file, at a fragment (`#…`) of it, in a context of its own that has no network."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "offline": True, **options})
    opened = Opened(context.new_page())
    address = path.as_uri()
    opened.page.on("console", lambda message: opened.noise.append(f"console: {message.text}"))
    opened.page.on("pageerror", lambda error: opened.noise.append(f"error: {error}"))
    opened.page.on("dialog", opened.dismiss)
    opened.page.on(
        "request",
        lambda request: None if request.url == address else opened.noise.append(f"request: {request.url}"),
    )
    opened.page.goto(address + fragment)
    try:
        yield opened
    finally:
        context.close()
