"""Puppetfile templates: Jinja2 in a sandbox, fed with whitelisted values only, the output read back before use.

A Puppetfile is Ruby that r10k runs, often as root. So a template gets values that can't end a Ruby string, and
whatever it makes of them must still be, to our own reader, exactly the modules of the lock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from traceback import extract_tb

from pinner.operations.workspace import Workspace
from pinner.project.layout import flaw_of_way
from pinner.puppet.puppetfile import (
    Puppetfile,
    as_puppetfile,
    check_puppetfile,
    render_puppetfile,
)
from pinner.puppet.puppetfile.writer import render_header
from pinner.puppet.versions import parse_version
from pinner.words.pins import ForgePin, Lock, Pin
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem
from pinner.words.refs import short_name

BUILT_IN = "default"


@dataclass(frozen=True, slots=True)
class TemplateModule:
    """What a template sees of one module; the keys that do not apply are empty strings.

    `name` is the directory, `git` the URL, `commit` 40 hex digits, `ref` the short name of the branch or tag it was
    found at, `install_path` set only where it is not the moduledir, `forge` is `owner/module`.
    """

    name: str
    git: str = ""
    commit: str = ""
    ref: str = ""
    version: str = ""
    install_path: str = ""
    forge: str = ""


def render(lock: Lock, template: str, workspace: Workspace) -> str:
    """Return the Puppetfile of `lock`; raises InputError where the template is missing, fails, or says other things."""
    expected = as_puppetfile(lock)
    built_in = render_puppetfile(expected, environment=lock.environment, lock_id=lock.lock_id)
    path = workspace.project.template(template)
    place = Place(workspace.project.shown(path))
    if not path.exists():
        if template == BUILT_IN:
            return _proved(built_in, expected, f"environment '{lock.environment}'")
        hint = f"write it, or leave 'template' out of environment '{lock.environment}'"
        raise InputError(Problem(f"there is no template {template!r}", place, hint))
    if flaw := flaw_of_way(workspace.project, path):
        raise InputError(Problem(flaw, place))
    return _proved(_fill(path, lock, place), expected, f"{place} for '{lock.environment}'")


def _proved(text: str, expected: Puppetfile, name: str) -> str:
    """Return the text if our own reader finds in it exactly what the lock says."""
    problems = check_puppetfile(text, expected, path=f"the Puppetfile of {name}")
    if problems:
        raise InputError(problems)
    return text


def _fill(path: Path, lock: Lock, place: Place) -> str:
    import jinja2  # noqa: PLC0415 - only needed where a project has a template of its own
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415 - the same

    sandbox = ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader(path.parent),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # Ruby, not HTML: values are whitelisted and the output is read back
    )
    try:
        text = sandbox.get_template(path.name).render(_context(lock))
        text.encode()  # a lone surrogate, as "\ud800" makes one, could not be written
    except jinja2.TemplateSyntaxError as error:
        wrong = Place(place.path, error.lineno)
        raise InputError(Problem(f"this is no Jinja2 template: {error.message}", wrong)) from error
    except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError, OSError) as error:
        hint = _values() if isinstance(error, jinja2.UndefinedError) else None
        message = str(error).replace(f"'{__name__}.{TemplateModule.__name__} object'", "a module")
        wrong = Place(place.path, _line_in(path, error))
        raise InputError(Problem(f"this template fails: {message}", wrong, hint)) from error
    return text


def _line_in(path: Path, error: BaseException) -> int | None:
    """Return the line of the template that was being filled in, None where none was: Jinja2 puts it into the traceback."""
    lines = [frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename == str(path)]
    return lines[-1] if lines else None


def _values() -> str:
    names = ", ".join(field.name for field in fields(TemplateModule))
    return (
        f"a template has header, environment, lock_id, moduledir and modules, and each of modules has {names}"
    )


def _context(lock: Lock) -> Mapping[str, object]:
    return {
        "header": render_header(lock.environment, lock.lock_id).removeprefix("# ").rstrip(),
        "environment": lock.environment,
        "lock_id": lock.lock_id,
        "moduledir": lock.moduledir,
        "modules": [_seen(pin, lock.moduledir) for pin in lock.pins.values()],
    }


def _seen(pin: Pin, moduledir: str) -> TemplateModule:
    install_path = "" if pin.install_path == moduledir else pin.install_path
    if isinstance(pin, ForgePin):
        return TemplateModule(pin.module, version=pin.version, install_path=install_path, forge=pin.forge)
    return TemplateModule(
        name=pin.module,
        git=pin.git,
        commit=pin.commit,
        ref=short_name(pin.ref) if pin.ref else "",
        version=_safe_version(pin.version),
        install_path=install_path,
    )


def _safe_version(version: str | None) -> str:
    """Return a version that holds nothing but a version: it comes from the module's own metadata."""
    return version if version and parse_version(version) else ""
