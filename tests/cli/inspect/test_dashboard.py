"""`pinner dashboard`: one page of all environments, also when something could not be checked."""

import pytest

from tests.support.cloud import Cloud
from tests.support.pages import Page, words


@pytest.fixture
def locked(cloud: Cloud) -> Cloud:
    for name in ("one", "two"):
        cloud.manifest(name, "release: 2025.1\nopenstack: [keystone, nova]\n")
    assert cloud.run("lock").code == 0
    return cloud


def text(cloud: Cloud, path: str) -> str:
    return words(Page((cloud.project / path).read_text(encoding="utf-8")).one("body").text)


def test_the_page_is_that_of_status(locked: Cloud) -> None:
    assert locked.run("dashboard", "-o", "page.html").code == 0
    assert "2 environments, 1 lock" in text(locked, "page.html")
    assert locked.run("status", "--format", "html").out == (locked.project / "page.html").read_text()


def test_the_second_page_lists_what_changed_since_the_first(locked: Cloud) -> None:
    locked.run("dashboard", "-o", "page.html")
    locked.upstream("nova").commit("stable/2025.1", version="26.0.1")
    locked.manifest("three", "release: 2025.1\nopenstack: [nova]\n")
    locked.run("dashboard", "-o", "page.html")
    page = text(locked, "page.html")
    assert "Changed since " in page
    assert "one, two: 0 → 1 commit behind" in page
    assert "three: new" in page


def test_it_is_written_even_if_a_server_cannot_be_reached(locked: Cloud) -> None:
    locked.upstream("nova").path.rename(locked.root / "gone")
    result = locked.run("dashboard", "-o", "page.html")
    assert result.code == 3
    assert result.err.count("error: module 'nova'") == 1
    assert "Could not be compared with upstream (1) module 'nova'" in text(locked, "page.html")


def test_one_environment_by_name(locked: Cloud) -> None:
    assert locked.run("dashboard", "two", "-o", "page.html").code == 0
    assert "1 environment, 1 lock" in text(locked, "page.html")


def test_it_needs_a_file(locked: Cloud) -> None:
    result = locked.run("dashboard")
    assert result.code == 2
    assert "Missing option '-o'" in result.err


def test_a_file_of_something_else_is_replaced_and_a_directory_is_not(locked: Cloud) -> None:
    (locked.project / "page.html").write_bytes(b"\xff not a page")
    assert locked.run("dashboard", "-o", "page.html").code == 0
    assert "Changed since" not in text(locked, "page.html")
    assert locked.run("dashboard", "-o", "environments").code == 2


def deploy(cloud: Cloud, *environments: str) -> str:
    """Deploy environments, and return the directory."""
    directory = str(cloud.root / "code")
    assert cloud.run("deploy", "--to", directory, "--no-generate-types", *environments).code == 0
    return directory


def tile(cloud: Cloud, label: str) -> str:
    """Return the number and the names of the tile with this label."""
    page = Page((cloud.project / "page.html").read_text(encoding="utf-8"))
    (found,) = (one.text for one in page.all("li") if label in one.text)
    return words(found).replace(f" {label}", "")


def test_locks_that_a_server_does_not_serve(locked: Cloud) -> None:
    directory = deploy(locked, "one")
    assert locked.run("dashboard", "-o", "page.html", "--deployed", directory).code == 0
    assert tile(locked, "locks not deployed") == "1two"
    assert "not deployed" in text(locked, "page.html")
    deploy(locked)
    locked.upstream("nova").commit("stable/2025.1", version="26.0.1")
    locked.run("update", "one")
    locked.run("dashboard", "-o", "page.html", "--deployed", directory)
    assert tile(locked, "locks not deployed") == "1one"
    assert "two: its lock is deployed now" in text(locked, "page.html")


def test_each_of_several_servers_must_serve_a_lock(locked: Cloud) -> None:
    directory = deploy(locked)
    listed = locked.run("deploy", "--to", directory, "--list", "--format", "json").out
    servers = [locked.root / "compile1.json", locked.root / "compile2.json"]
    for server in servers:
        server.write_text(listed)
    options = [word for server in servers for word in ("--deployed", str(server))]
    locked.run("dashboard", "-o", "page.html", *options)
    assert tile(locked, "locks not deployed") == "0"
    servers[1].write_text(listed.replace('"one"', '"other"'))
    locked.run("dashboard", "-o", "page.html", *options)
    assert tile(locked, "locks not deployed") == "1one"


def test_what_is_deployed_was_not_checked_without_a_server(locked: Cloud) -> None:
    locked.run("dashboard", "-o", "page.html")
    assert tile(locked, "locks not deployed: not checked") == "\N{EN DASH}"
    (locked.root / "other.json").write_text("{}")
    result = locked.run("dashboard", "-o", "page.html", "--deployed", str(locked.root / "other.json"))
    assert (result.code, "this is not a list of versions" in result.err) == (2, True)
