"""Laws of identifying: an exported commit is found as its tree, and what was changed in a copy is what is said to differ."""

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from pinner.adopting.identify import identify
from pinner.git.mirrors.metadata import ObjectCache
from pinner.git.mirrors.mirrors import Mirrors
from pinner.model.identification import Identified, Match
from pinner.model.manifest import Settings
from pinner.project.files import Project
from pinner.workspace.workspace import Workspace
from tests.support.cloud import Upstream
from tests.support.exports import export
from tests.support.properties import examples
from tests.support.repositories import make_repository

NAMES = (
    "metadata.json",
    "manifests/init.pp",
    "manifests/a/b.pp",
    "lib/x.rb",
    "README",
    "spec/a_spec.rb",
    ".gitattributes",
)
TEXTS = st.sampled_from(["", "one\n", "one\ntwo\n", "three", "a\r\nb\r\n", "spec export-ignore\n"])
FILES = st.dictionaries(st.sampled_from(NAMES), TEXTS, min_size=1)
HISTORIES = st.lists(FILES, min_size=1, max_size=6)


def build(root: Path, history: list[Mapping[str, str]]) -> Upstream:
    """Make a repository whose commits have just these files, some of them on branches of their own."""
    repository = make_repository(root / "module.git")
    before: Mapping[str, str] = {}
    for number, files in enumerate(history):
        gone = dict.fromkeys(before.keys() - files.keys())
        repository.commit({**gone, "manifests/init.pp": "class module {}\n", **files}, message=str(number))
        before = {"manifests/init.pp": "", **files}
    return Upstream(repository.path, "module")


def look(root: Path, upstream: Upstream) -> Identified:
    configuration = Settings(cache=str(root / "cache"), retries=0)
    cache = root / "cache"
    workspace = Workspace(
        Project(root), configuration, Mirrors(cache, configuration), ObjectCache(cache), date(2026, 1, 1)
    )
    (found,) = identify(workspace, root / "copy", against=[upstream.path.as_uri()]).modules
    return found


@settings(max_examples=examples(10))
@given(HISTORIES, st.data())
def test_whatever_commit_was_exported_is_found_by_its_tree(
    history: list[Mapping[str, str]], data: st.DataObject
) -> None:
    with TemporaryDirectory() as directory:
        root = Path(directory).resolve()
        upstream = build(root, history)
        commits = upstream.git("rev-list", "refs/heads/main").split()
        commit = data.draw(st.sampled_from(commits))
        upstream.git("config", "core.attributesFile", "/dev/null")
        export(upstream, commit, root / "copy")
        found = look(root, upstream)
        ignored = {
            path
            for path in upstream.git("ls-tree", "-r", "--name-only", commit).split()
            if not (root / "copy" / path).exists()
        }
        assert found.match is (Match.SAME if ignored else Match.EXACT)
        assert found.identity is not None
        assert set(found.identity.differences.dropped) == ignored
        if not ignored:
            assert upstream.git("rev-parse", f"{found.identity.commit}^{{tree}}") == upstream.git(
                "rev-parse", f"{commit}^{{tree}}"
            )


@settings(max_examples=examples(10))
@given(HISTORIES, st.sets(st.sampled_from([name for name in NAMES if name != ".gitattributes"]), min_size=1))
def test_what_was_changed_in_a_copy_is_what_differs(
    history: list[Mapping[str, str]], changed: set[str]
) -> None:
    with TemporaryDirectory() as directory:
        root = Path(directory).resolve()
        whole = {"lib/much.rb": "line\n" * 50, "README": "r\n", "manifests/init.pp": "class module {}\n"}
        upstream = build(root, [*({**files, ".gitattributes": ""} for files in history), whole])
        export(upstream, "refs/heads/main", root / "copy")
        for path in changed:
            (root / "copy" / path).parent.mkdir(parents=True, exist_ok=True)
            (root / "copy" / path).write_text("changed here\n")
        found = look(root, upstream)
        assert found.match is Match.NEAREST
        assert found.identity is not None
        assert found.identity.commit == upstream.id("refs/heads/main")
        assert {one.path for one in found.identity.differences.files} == changed
        shutil.rmtree(root / "copy")
