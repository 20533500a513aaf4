from pinner.git.mirrors.mirrors import Mirrors
from pinner.git.objects.read import TreeChange, TreeEntry, changed_paths, list_tree
from pinner.git.process.repository import Mirror
from tests.support.repositories import Repository, Zoo


def mirror_of(repository: Repository, mirrors: Mirrors) -> Mirror:
    answer = mirrors.sync([repository.url])[repository.url]
    assert isinstance(answer, Mirror), answer
    return answer


def test_all_files_of_a_commit(zoo: Zoo, zoo_mirror: Mirror) -> None:
    entries = list_tree(zoo_mirror, zoo.first)
    assert [(entry.path, entry.mode, entry.kind) for entry in entries] == [
        ("README", "100644", "blob"),
        ("manifests/init.pp", "100644", "blob"),
    ]
    assert entries[0].id == zoo.repository.find(f"{zoo.first}:README")


def test_files_under_a_directory_only(zoo: Zoo, zoo_mirror: Mirror) -> None:
    assert [entry.path for entry in list_tree(zoo_mirror, zoo.first, under="manifests")] == [
        "manifests/init.pp"
    ]
    assert [entry.path for entry in list_tree(zoo_mirror, zoo.first, under="manifests/")] == [
        "manifests/init.pp"
    ]
    assert list_tree(zoo_mirror, zoo.first, under="lib") == ()


def test_hostile_paths_are_paths(nova: Repository, mirrors: Mirrors) -> None:
    commit = nova.commit({'"line\\nbreak"': "1", "-r": "2", "*": "3", ":(glob)x": "4"}, parents=())
    mirror = mirror_of(nova, mirrors)
    assert {entry.path for entry in list_tree(mirror, commit)} == {"line\nbreak", "-r", "*", ":(glob)x"}
    for path in ("*", "-r", ":(glob)x"):
        assert [entry.path for entry in list_tree(mirror, commit, under=path)] == [path]


def test_links_and_submodules_have_their_kind(nova: Repository, mirrors: Mirrors) -> None:
    commit = nova.commit({"README": "1"}, branch="plain", parents=())
    stream = (
        f"commit refs/heads/odd\ncommitter T <t@example.org> 0 +0000\ndata 3\nodd\nfrom {commit}\n"
        f"M 160000 {commit} module\nM 120000 inline link\ndata 6\nREADME\n"
    )
    nova.git("fast-import", "--quiet", given=stream.encode())
    odd = nova.find("refs/heads/odd") or ""
    entries = {entry.path: entry for entry in list_tree(mirror_of(nova, mirrors), odd)}
    assert entries["module"] == TreeEntry("module", "160000", "commit", commit)
    assert (entries["link"].mode, entries["link"].kind) == ("120000", "blob")


def test_changes_between_two_commits(nova: Repository, mirrors: Mirrors) -> None:
    before = nova.commit({"kept": "1", "gone": "2", "changed": "3", "sub/file": "4"}, parents=())
    after = nova.commit({"gone": None, "changed": "three", "sub/new": "5"})
    mirror = mirror_of(nova, mirrors)
    changes = changed_paths(mirror, before, after)
    assert [(change.status, change.path) for change in changes] == [
        ("M", "changed"),
        ("D", "gone"),
        ("A", "sub/new"),
    ]
    assert changes[1] == TreeChange("D", "gone", nova.find(f"{before}:gone"), None, "100644", "000000")
    assert changes[2] == TreeChange("A", "sub/new", None, nova.find(f"{after}:sub/new"), "000000", "100644")
    assert changed_paths(mirror, before, before) == ()
