"""Where the modules of a Puppetfile land, and that no two of them land on each other."""

from collections.abc import Iterator

from pinner.puppet.names import quoted
from pinner.puppet.puppetfile.values import Puppetfile, PuppetfileModule
from pinner.words.problems import Problem


def path_of(module: PuppetfileModule, moduledir: str) -> str:
    """Return the module's own directory, relative to the environment's."""
    parent = module.install_path or moduledir
    return module.directory if parent == "." else f"{parent}/{module.directory}"


def check_directories(puppetfile: Puppetfile) -> Iterator[Problem]:
    """Yield modules of one name, which r10k refuses, and modules in whose directory others lie, which it does not."""
    seen: set[str] = set()
    paths = {path_of(module, puppetfile.moduledir) for module in puppetfile.modules}
    for module in puppetfile.modules:
        if module.directory in seen:
            yield Problem(
                f"there are two modules with the directory {quoted(module.directory)}", module.place
            )
        seen.add(module.directory)
        flaw = _overlap(path_of(module, puppetfile.moduledir), paths, moduledir=puppetfile.moduledir)
        if flaw:
            yield Problem(f"module {quoted(module.name)}: {flaw}", module.place)


def _overlap(path: str, paths: set[str], *, moduledir: str) -> str | None:
    if f"{moduledir}/".startswith(f"{path}/"):
        return f"its directory {quoted(path)} is, or holds, the moduledir"
    segments = path.split("/")
    ancestors = ("/".join(segments[:length]) for length in range(1, len(segments)))
    inside = next((ancestor for ancestor in ancestors if ancestor in paths), None)
    return f"its directory {quoted(path)} lies inside another module's, {quoted(inside)}" if inside else None
