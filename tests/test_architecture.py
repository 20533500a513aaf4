"""Imports point one way, no two packages import each other, and each outside library is used in its own package."""

import ast
import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pinner.model.rules import RULES

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "pinner"

FORMATS = {"model", "puppet", "openstack", "git", "project", "catalogs"}
USE_CASES = {"locking", "comparing", "deploying", "adopting", "inspecting"}
# package -> the packages it may import; every package may import itself and pinner's version
MAY_IMPORT: Mapping[str, set[str]] = {
    "model": set(),
    "puppet": {"model"},
    "openstack": {"model"},
    "git": {"model"},
    "catalogs": {"model", "git"},
    "project": {"model", "puppet"},
    "workspace": FORMATS,
    "locking": {*FORMATS, "workspace"},
    "comparing": {*FORMATS, "workspace", "locking"},
    "deploying": {*FORMATS, "workspace", "locking"},
    "adopting": {*FORMATS, "workspace", "locking", "deploying"},
    "inspecting": {*FORMATS, "workspace", "locking", "deploying"},
    "report": {"model"},
    "cli": {*FORMATS, *USE_CASES, "workspace", "report"},
}
ONLY_IN = {
    "click": {"cli"},
    "dask": {"catalogs"},
    "distributed": {"catalogs"},
    "git": {"git"},
    "jinja2": {"deploying", "report"},  # Puppetfile templates in a sandbox; report pages with autoescape
    "markupsafe": {"report"},
    "resolvelib": {"locking"},
    "rich": {"report"},
    "yaml": {"project"},
}
PURE = {"model", "puppet", "openstack", "report"}
IO_MODULES = {
    "http",
    "os",
    "pathlib",
    "shutil",
    "socket",
    "sqlite3",
    "subprocess",
    "tempfile",
    "urllib.request",
}
LONGEST_CHAIN = 18
MAY_OPEN_FILES = {
    "project/files.py",  # for everybody else
    "cli/root.py",  # os.devnull
    "cli/main.py",  # the standard streams
    "cli/output.py",
    "inspecting/bisect.py",  # a temporary directory of its own
    "deploying/versions/directory.py",  # the deployment directory, which nobody else may write
    "deploying/versions/build.py",  # a version in it
    "deploying/versions/bundle.py",  # a file that the user named
    "deploying/versions/switch.py",
    "adopting/plan.py",  # the same
    "adopting/demo.py",  # the directories of new repositories
    "report/html/pages.py",  # the package's own assets
}
"""Beside git/, whose files are those of the cache, and catalogs/, whose files are those of its processes."""
OPENERS = {
    *(
        "read_bytes",
        "read_text",
        "write_bytes",
        "write_text",
        "fdopen",
        "mkstemp",
        "mkdir",
        "makedirs",
        "mkfifo",
    ),
    *(
        "unlink",
        "rename",
        "renames",
        "rmdir",
        "removedirs",
        "rmtree",
        "copytree",
        "copyfile",
        "copy2",
        "move",
    ),
    *("chmod", "lchmod", "chown", "touch", "symlink", "symlink_to", "hardlink_to", "truncate", "utime"),
}


@cache
def modules() -> Mapping[str, Path]:
    """Return the dotted name of each module and its file."""
    paths = sorted(PACKAGE.rglob("*.py"))
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in paths
    }


_REPEATED_GROUP = re.compile(r"\)(?:[*+?]|\{[0-9,]*\})\+|\(\?>")


@dataclass(slots=True)
class Code:
    """What the tests ask about one file of the package, read once."""

    imports: set[str] = field(default_factory=set)  # of pinner's own, the modules
    opens_files: bool = False
    possessive: list[str] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)  # of findings


@cache
def code() -> Mapping[str, Code]:
    return {name: code_of(path) for name, path in modules().items()}


def code_of(path: Path) -> Code:
    found = Code()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.imports |= set(targets_of(node, path))
        elif isinstance(node, ast.Call):
            found.opens_files |= opens_files(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.possessive += [node.value] if _REPEATED_GROUP.search(node.value) else []
            found.codes |= {node.value.partition(":")[0]} & RULES.keys()
    return found


def targets_of(node: ast.Import | ast.ImportFrom, path: Path) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    else:
        assert node.level == 0, f"{path}: relative import"
        names = (f"{node.module}.{alias.name}" for alias in node.names)
        yield from (name if name in modules() else node.module or "" for name in names)


def opens_files(node: ast.Call) -> bool:
    """Return whether a call opens or changes a file, or resolves a path as `Path.resolve`, which raises in a circle."""
    if not isinstance(node.func, ast.Attribute):
        return isinstance(node.func, ast.Name) and node.func.id == "open"
    is_of_os = isinstance(node.func.value, ast.Name) and node.func.value.id in {"os", "io"}
    has_mode = not node.args or isinstance(node.args[0], ast.Constant)
    match node.func.attr:
        case "open":
            return is_of_os or has_mode
        case "replace" | "remove":
            return is_of_os
        case "resolve":
            return not node.args
        case name:
            return name in OPENERS


def imports() -> Iterator[tuple[str, set[str]]]:
    """Yield each module and what it imports, lazily or not."""
    yield from ((name, found.imports) for name, found in code().items())


def package_of(module: str) -> str:
    """Return the top-level package of pinner that a module belongs to; empty for pinner's own files."""
    parts = module.split(".")
    return parts[1] if module in modules() and parts[1:] not in ([], ["__main__"]) else ""


def folder_of(module: str) -> str:
    return module if modules()[module].name == "__init__.py" else module.rpartition(".")[0]


def test_every_folder_is_a_known_package() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(MAY_IMPORT)


def test_imports_point_one_way() -> None:
    assert not [
        f"{name} may not import {target}"
        for name, targets in imports()
        for target in sorted(targets)
        if (package := package_of(name)) in MAY_IMPORT
        and package_of(target) not in {"", package, *MAY_IMPORT[package]}
    ]


def test_no_two_packages_import_each_other() -> None:
    """At any depth: each folder is a node, its own files without those of the folders in it."""
    graph: dict[str, set[str]] = defaultdict(set)
    for name, targets in imports():
        if package_of(name):
            folders = {folder_of(target) for target in targets if target in modules() and package_of(target)}
            graph[folder_of(name)] |= folders - {folder_of(name)}
    reached = {start: set(reachable(start, graph)) for start in graph}
    pairs = itertools.combinations(sorted(graph), 2)
    assert not [(one, other) for one, other in pairs if other in reached[one] and one in reached[other]]


def reachable(start: str, graph: Mapping[str, set[str]]) -> Iterator[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for target in graph.get(waiting.pop(), set()) - seen:
            seen.add(target)
            waiting.append(target)
            yield target


def test_outside_libraries_stay_in_their_package() -> None:
    assert not [
        f"{name} may not import {target}"
        for name, targets in imports()
        for target in sorted(targets)
        if (packages := ONLY_IN.get(target.split(".")[0])) is not None and package_of(name) not in packages
    ]


def test_pure_packages_do_no_input_or_output() -> None:
    assert not [
        f"{name}: {sorted(targets & IO_MODULES)}"
        for name, targets in imports()
        if package_of(name) in PURE and targets & IO_MODULES
    ]


def test_chains_of_imports_stay_short() -> None:
    depths: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in depths:
            depths[name] = 1  # a lazy import may close a circle
            depths[name] = 1 + max(
                (depth(target) for target in code()[name].imports if target in modules()), default=0
            )
        return depths[name]

    assert max(map(depth, modules())) <= LONGEST_CHAIN


def test_only_one_module_opens_the_files_of_a_project() -> None:
    assert {
        path.relative_to(PACKAGE).as_posix()
        for name, path in modules().items()
        if package_of(name) not in {"", "git", "catalogs"}
        if code()[name].opens_files
    } == MAY_OPEN_FILES


MOST_FILES_OF_A_CODE = 4


def test_the_code_of_a_finding_is_in_few_files() -> None:
    """Its rule, the checks that make it, and what depends on it: more would decide one fact in several places."""
    files = {rule: [name for name, found in code().items() if rule in found.codes] for rule in RULES}
    assert {rule: names for rule, names in files.items() if len(names) > MOST_FILES_OF_A_CODE} == {}


def test_no_group_is_repeated_possessively() -> None:
    """Before Python 3.11.5, a last repetition that fails midway is not taken back: `(?:-+\\w+)*+` matches more."""
    assert {name: found.possessive for name, found in code().items() if found.possessive} == {}
