"""librarian-puppet's Puppetfile.lock as an environment: each module with the ref that was asked for, and its commit."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from pinner.project.text import read_bytes
from pinner.puppet.librarian import LONGEST, LockedModule, SourceKind, read_librarian_lock
from pinner.puppet.names import check_commit, check_module_name, quoted
from pinner.words.imports import Found, FoundEnvironment, FoundModule, RefKind
from pinner.words.problems import Problem

NAME: Final = "Puppetfile.lock"
_PARTIAL: Final = "leave it out with --partial"


def is_librarian(path: Path) -> bool:
    """Tell whether the path is a Puppetfile.lock, or a directory that holds one."""
    file = _file(path)
    return file.name == NAME and file.is_file()


def read_librarian(path: Path) -> Found:
    """Return the one environment of the lock. Raises InputError and UnknownError where the file cannot be read at all."""
    file = _file(path)
    lock = read_librarian_lock(read_bytes(file, shown=str(file), limit=LONGEST + 1), str(file))
    answers = [_found(module) for module in lock.modules]
    modules, repeated = _first_of_each(answer for answer in answers if isinstance(answer, FoundModule))
    problems = [answer for answer in answers if isinstance(answer, Problem)]
    name = file.resolve().parent.name or "production"
    return Found(
        (FoundEnvironment(name, NAME, tuple(modules)),),
        (*lock.problems, *problems, *repeated),
        tuple(_notes(lock.modules)),
    )


def _file(path: Path) -> Path:
    return path / NAME if path.is_dir() else path


def _found(module: LockedModule) -> FoundModule | Problem | None:
    """Return the module, why it cannot be imported, or None for one that lies in the project itself."""
    # As librarian's util.rb has it: a module's own name is what follows the last dash.
    directory = module.name.replace("/", "-").rpartition("-")[2]
    if flaw := check_module_name(directory):
        return _problem(module, flaw)
    match module.kind:
        case SourceKind.PATH:
            return None
        case SourceKind.FORGE:
            forge = module.name.replace("-", "/", 1)
            return FoundModule(directory, module.place, forge=forge, version=module.version)
        case SourceKind.GITHUB_TARBALL:
            url = f"https://github.com/{module.options.get('remote', '')}"
            return FoundModule(directory, module.place, git=url, version=module.version)
        case SourceKind.GIT:
            return _git_module(module, directory)


def _git_module(module: LockedModule, directory: str) -> FoundModule | Problem:
    git, ref, sha = (module.options.get(key) for key in ("remote", "ref", "sha"))
    if git is None:
        return _problem(module, "its source has no remote")
    if "path" in module.options:
        return _problem(module, "it is a part of a repository, and r10k takes whole ones only")
    if sha is None or check_commit(sha):
        return _problem(module, f"its sha {quoted(sha or '')} is no commit")
    if ref is None or ref == sha:
        return FoundModule(directory, module.place, git=git, kind=RefKind.COMMIT, ref=sha, commit=sha)
    return FoundModule(directory, module.place, git=git, kind=RefKind.ANY, ref=ref, commit=sha)


def _first_of_each(modules: Iterable[FoundModule]) -> tuple[list[FoundModule], list[Problem]]:
    kept: dict[str, FoundModule] = {}
    problems = []
    for module in modules:
        first = kept.setdefault(module.name, module)
        if first is not module:
            message = f"module '{module.name}' is locked at {first.place} already"
            problems.append(Problem(message, module.place, "with --partial the first counts"))
    return list(kept.values()), problems


def _notes(modules: Iterable[LockedModule]) -> Iterator[Problem]:
    for module in modules:
        if module.kind is SourceKind.PATH:
            remote = quoted(module.options.get("remote", ""))
            message = (
                f"module {quoted(module.name)}: it lies in the directory {remote}, there is nothing to pin"
            )
            yield Problem(message, module.place)


def _problem(module: LockedModule, flaw: str) -> Problem:
    return Problem(f"module {quoted(module.name)}: {flaw}", module.place, _PARTIAL)
