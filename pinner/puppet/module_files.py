"""Which files of a module's directory Puppet reads, and which come and go without changing what it does."""

from collections.abc import Collection
from typing import Final

DIRECTORIES: Final = frozenset(
    {
        *(
            "manifests",
            "lib",
            "templates",
            "files",
            "functions",
            "types",
            "tasks",
            "plans",
            "facts.d",
            "locales",
        ),
        *("data", "scripts"),
        *("hieradata", "plugins"),  # where data lay before Puppet 4.9, and lib/ before 0.25
    }
)
"""The directories of a module that Puppet, Facter or Bolt look into (Puppet's manual, "Module structure")."""

FILES: Final = frozenset({"metadata.json", "Modulefile", "hiera.yaml", "bolt_plugin.json"})

_MADE_BY_TOOLS: Final = frozenset({"checksums.json", ".DS_Store", "Thumbs.db"})
_DIRECTORIES_OF_TOOLS: Final = frozenset(
    {".svn", ".hg", ".bzr", "CVS", "__pycache__", ".librarian", ".bundle"}
)
_ENDINGS: Final = (
    *("~", ".orig", ".rej", ".bak", ".swp", ".pyc"),
    *(".dpkg-old", ".dpkg-dist", ".dpkg-new", ".rpmnew", ".rpmsave", ".rpmorig"),
)


def is_read(path: str) -> bool:
    """Tell whether Puppet reads the file at `path` (inside the module, with `/`), or hands it to a node."""
    first, slash, _ = path.partition("/")
    return first in DIRECTORIES if slash else path in FILES


def is_leftover(path: str, others: Collection[str]) -> bool:
    """Tell whether a tool made the file: an editor, a package manager, a version control system, the Forge's client.

    `others` are the paths of the module as it is upstream: `puppet module build` made metadata.json of a Modulefile.
    """
    *directories, name = path.split("/")
    if path == "metadata.json":
        return "Modulefile" in others and path not in others
    return (
        name in _MADE_BY_TOOLS or name.endswith(_ENDINGS) or not _DIRECTORIES_OF_TOOLS.isdisjoint(directories)
    )
