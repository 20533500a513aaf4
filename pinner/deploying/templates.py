"""Render Puppetfiles from templates: Jinja2 in a sandbox, with whitelisted values and a check of the output.

A Puppetfile is Ruby that r10k runs, often as root. Therefore a template gets only values that cannot end a
Ruby string, and its output is read back and must mean exactly the modules of the lock to every tool that
reads Puppetfiles. A process with limits, `template_process`, renders it.
"""

import json
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinner.catalogs.programs import Ended, run_program
from pinner.model.control import TEMPLATE_SECONDS, TemplateFailure, TemplateModule
from pinner.model.errors import InputError, Location, Problem, UnknownError
from pinner.model.lock import ForgePin, Lock, Pin, short_name
from pinner.project.files import Project
from pinner.puppet.puppetfile.writer import as_puppetfile, check_puppetfile, render_header, render_puppetfile
from pinner.puppet.versions import parse_version
from pinner.workspace.workspace import Workspace

if TYPE_CHECKING:
    from pinner.puppet.puppetfile.reader import Puppetfile

BUILT_IN = "default"
_TIMEOUT = 60
"""Seconds for each Puppetfile, after which the process is killed, for example if it waits for the disk."""
_LARGEST = 16 * 1024 * 1024
"""Bytes of what the process may write for each Puppetfile."""


def render(wanted: Iterable[tuple[Lock, str]], workspace: Workspace) -> tuple[str, ...]:
    """Return the Puppetfile of each lock, rendered from the template with the given name.

    Raises InputError if a template is missing or fails, or if its output is not exactly the modules of the
    lock, and UnknownError if the process that renders templates could not run.
    """
    project = workspace.project
    pairs = tuple(wanted)
    templates = [_find_template(name, lock.environment, project) for lock, name in pairs]
    own = [_Job(path, lock) for path, (lock, _) in zip(templates, pairs, strict=True) if path]
    answers = _answers(own, project) if own else ()
    texts = iter([answer["text"] for answer in answers])
    puppetfiles: list[str] = []
    problems: list[Problem] = []
    bodies: dict[Puppetfile, str] = {}
    for path, (lock, _) in zip(templates, pairs, strict=True):
        expected = as_puppetfile(lock)
        # of many environments with equal pins, the built-in template's text differs in its first line alone: read it once
        if path is None and expected in bodies:
            puppetfiles.append(render_header(lock.environment, lock.lock_id) + bodies[expected])
            continue
        text = (
            next(texts)
            if path
            else render_puppetfile(expected, environment=lock.environment, lock_id=lock.lock_id)
        )
        puppetfiles.append(text)
        if flaws := check_puppetfile(text, expected, path=f"the Puppetfile of '{lock.environment}'"):
            problems += _at_template(flaws, _Job(path, lock, text), project) if path else flaws
        elif path is None:
            bodies[expected] = text.partition("\n")[2]
    if problems:
        raise InputError(problems)
    return tuple(puppetfiles)


@dataclass(frozen=True, slots=True)
class _Job:
    """A template to render for a lock; with `output`, its earlier output, the lines are mapped instead."""

    template: Path
    lock: Lock
    output: str | None = None


def _find_template(name: str, environment: str, project: Project) -> Path | None:
    """Return the path of the template, or None for the built-in one; raises InputError if it is missing."""
    path = project.template(name)
    if project.files.exists(path, shown=project.shown(path)):
        return path
    if name == BUILT_IN:
        return None
    hint = f"write it, or leave 'template' out of environment '{environment}'"
    raise InputError(Problem(f"there is no template {name!r}", Location(project.shown(path)), hint))


def _at_template(flaws: Iterable[Problem], job: _Job, project: Project) -> Iterator[Problem]:
    """Yield the problems, each placed at the line of the template that wrote the text in question."""
    try:
        lines = _answers([job], project)[0].get("lines", {})
    except InputError:  # a limit was reached because of the marks
        lines = {}
    for problem in flaws:
        line = problem.place.line if problem.place else None
        where = f"line {line} of the Puppetfile" if line else "the Puppetfile"
        place = Location(project.shown(job.template), lines.get(str(line)))
        yield Problem(f"in {where} of '{job.lock.environment}': {problem.message}", place, problem.hint)


def _answers(jobs: Sequence[_Job], project: Project) -> list[dict[str, Any]]:
    """Return the answer of the process to each job.

    Raises InputError if a template fails, and UnknownError if the process fails.
    """
    rows = [
        {
            "template": job.template.name,
            "values": {
                "header": render_header(job.lock.environment, job.lock.lock_id).removeprefix("# ").rstrip(),
                "environment": job.lock.environment,
                "lock_id": job.lock.lock_id,
                "moduledir": job.lock.moduledir,
                "modules": [asdict(_seen(pin, job.lock.moduledir)) for pin in job.lock.pins.values()],
            },
            "output": job.output,
        }
        for job in jobs
    ]
    request = {"root": str(project.root), "prefix": project.prefix, "puppetfiles": rows}
    done = _run(json.dumps(request), jobs=len(rows))
    ready, *answers = [json.loads(line) for line in done.out.splitlines()] or [None]
    if ready is None:
        reason = (done.err.strip().splitlines() or ["it printed nothing"])[-1]
        raise UnknownError(Problem(f"the process that fills in templates could not be started: {reason}"))
    if failures := [TemplateFailure(**answer) for answer in answers if "message" in answer]:
        raise InputError(
            dict.fromkeys(Problem(one.message, Location(one.path, one.line), one.hint) for one in failures)
        )
    if len(answers) < len(jobs):
        raise _ended(done.code, Location(project.shown(jobs[len(answers)].template)))
    return answers


def _run(request: str, *, jobs: int) -> Ended:
    # -P: strangers may be able to write to the current directory, so nothing must be imported from it.
    command = [sys.executable, "-P", "-m", "pinner.deploying.template_process"]
    search = os.pathsep.join(path for path in sys.path if path)
    try:
        return run_program(
            command,
            environment={**os.environ, "PYTHONPATH": search},
            seconds=_TIMEOUT * jobs,
            largest=_LARGEST * jobs,
            stdin=request.encode(),
        )
    except UnknownError as error:
        raise UnknownError(Problem(f"the process that fills in templates failed: {error}")) from error


def _ended(status: int, place: Location) -> InputError | UnknownError:
    """Return the error for a process that ended before it had rendered the template at `place`."""
    if -status in {signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT}:
        message = f"the process that fills in this template was ended by signal {-status}"
        return UnknownError(Problem(message, place))
    if -status == signal.SIGXCPU:
        return InputError(
            Problem(f"this template fails: it takes longer than {TEMPLATE_SECONDS} seconds", place)
        )
    return InputError(Problem("this template fails: it takes all memory, or is nested too deep", place))


def _seen(pin: Pin, moduledir: str) -> TemplateModule:
    install_path = "" if pin.install_path == moduledir else pin.install_path
    if isinstance(pin, ForgePin):
        return TemplateModule(pin.module, version=pin.version, install_path=install_path, forge=pin.forge)
    return TemplateModule(
        name=pin.module,
        git=pin.git,
        commit=pin.commit,
        ref=short_name(pin.ref) if pin.ref else "",
        version=pin.version if pin.version and parse_version(pin.version) else "",
        install_path=install_path,
    )
