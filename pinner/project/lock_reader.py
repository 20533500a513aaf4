"""The text of a lock -> values. Whatever later reaches git, a Puppetfile or a report is let in by whitelists here."""

import re

from pinner.project import rules
from pinner.project.lock_json import load_document
from pinner.project.lock_objects import Flaw, JsonObject
from pinner.project.nodes import Mapping, Node, read_nodes
from pinner.project.text import decode
from pinner.puppet import names
from pinner.puppet.git_urls import check_git_url
from pinner.words.manifests import Externals
from pinner.words.pins import ForgePin, GitPin, Lock, Pin, Status
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem
from pinner.words.refs import BRANCH, TAG
from pinner.words.wants import Selector, Want

_BARE_KEY = re.compile(r"[A-Za-z0-9_/-]{1,60}")
_CHECK_BY_SELECTOR = {
    Selector.RELEASE: rules.check_release,
    Selector.BRANCH: rules.check_branch,
    Selector.TAG: rules.check_tag,
    Selector.COMMIT: names.check_commit,
    Selector.VERSION: rules.check_range,
}


def parse_lock(data: bytes, *, environment: str, path: str) -> Lock:
    """Return the lock that the text holds; `path` is what messages call it.

    Raises InputError with everything that is wrong with it, with lines and columns where they can be told.
    """
    text = decode(data, path)
    flaws: list[Flaw] = []
    lock = _lock(JsonObject.of(load_document(text, path), (), flaws), environment)
    if flaws:
        root = read_nodes(data, path).root
        raise InputError(_problem(flaw, root, path) for flaw in flaws)
    return lock


def _lock(found: JsonObject, environment: str) -> Lock:
    moduledir = found.text("moduledir", names.check_moduledir) or "modules"
    modules = found.needed_inner("modules")
    pins = {
        name: _pin(modules.inner(name), name, moduledir) for name in modules.rest(names.check_module_name)
    }
    found.refuse_rest()
    return Lock(environment, pins, moduledir)


def _pin(found: JsonObject, module: str, moduledir: str) -> Pin:
    install_path = found.text("install_path", names.check_install_path) or moduledir
    pin = (
        _forge_pin(found, module, install_path)
        if found.has("forge")
        else _git_pin(found, module, install_path)
    )
    found.refuse_rest()
    return pin


def _forge_pin(found: JsonObject, module: str, install_path: str) -> ForgePin:
    return ForgePin(
        module=module,
        forge=found.needed_text("forge", names.check_forge_name),
        version=found.needed_text("version", names.check_forge_version),
        install_path=install_path,
    )


def _git_pin(found: JsonObject, module: str, install_path: str) -> GitPin:
    flaws_before = len(found.flaws)
    status = found.text("status", _check_status)
    dependencies = found.inner("dependencies")
    pin = GitPin(
        module=module,
        git=found.needed_text("git", check_git_url),
        commit=found.needed_text("commit", names.check_commit),
        ref=found.text("ref", rules.check_whole_ref),
        want=_want(found.inner("want")),
        install_path=install_path,
        status=Status(status) if status in set(Status) else None,
        name=found.text("name", rules.check_fact),
        version=found.text("version", rules.check_fact),
        dependencies={
            name: dependencies.needed_text(name, rules.check_fact)
            for name in dependencies.rest(rules.check_fact)
        },
        is_module=found.truth("module", default=True),
        required_by=found.texts("required_by", names.check_module_name),
        external=found.text("external", _check_external),
        moved_from=found.texts("moved_from", names.check_commit),
    )
    if len(found.flaws) == flaws_before:
        found.flaws += _contradictions(pin, found)
    return pin


def _want(found: JsonObject) -> Want:
    as_of = found.text("as_of", rules.check_day)
    given = [selector for selector in Selector if found.has(selector.value)]
    if len(given) != 1:
        found.flaws.append(Flaw(found.keys, f"exactly one of {', '.join(Selector)} must be here"))
    selector = given[0] if given else Selector.COMMIT
    value = found.text(selector.value, _CHECK_BY_SELECTOR[selector]) or ""
    found.refuse_rest()
    return Want(selector, value, as_of)


def _contradictions(pin: GitPin, found: JsonObject) -> list[Flaw]:
    """Return a flaw where the want names a ref or commit, and the pin holds another: nobody but a hand wrote that."""
    prefix = {Selector.BRANCH: BRANCH, Selector.TAG: TAG}.get(pin.want.selector)
    if prefix and pin.ref != prefix + pin.want.value:
        return [Flaw((*found.keys, "ref"), f"the ref is not the wanted '{prefix}{pin.want.value}'")]
    if pin.want.selector is Selector.COMMIT and pin.commit != pin.want.value:
        return [Flaw((*found.keys, "commit"), "the commit is not the wanted one")]
    return []


def _check_external(text: str) -> str | None:
    mode, blank, release = text.partition(" ")
    if mode == Externals.INTEGRATION and blank:
        return rules.check_release(release)
    if text == Externals.NEWEST:
        return None
    return f"{names.quoted(text)} is no rule for third-party modules: there are 'integration' with a release, and 'newest'"


def _check_status(text: str) -> str | None:
    words = ", ".join(repr(status.value) for status in Status)
    return None if text in set(Status) else f"{names.quoted(text)} is no status: there are {words}"


def _problem(flaw: Flaw, root: Node | None, path: str) -> Problem:
    node, place = root, root.place if root else Place(path)
    for key in flaw.keys:
        if not isinstance(node, Mapping) or key not in node.entries:
            break
        place, node = node.entries[key].key.place, node.entries[key].value
    at = ".".join(key if _BARE_KEY.fullmatch(key) else names.quoted(key) for key in flaw.keys)
    return Problem(f"{at}: {flaw.message}" if at else flaw.message, place, flaw.hint)
