from pinner.git.mirrors.mirrors import Mirrors
from pinner.git.objects.read import default_branch
from pinner.git.process.repository import Mirror
from tests.support.repositories import Repository


def mirror_of(repository: Repository, mirrors: Mirrors) -> Mirror:
    answer = mirrors.sync([repository.url])[repository.url]
    assert isinstance(answer, Mirror), answer
    return answer


def test_the_default_branch_is_what_a_clone_checks_out(nova: Repository, mirrors: Mirrors) -> None:
    nova.commit({"README": "x"}, branch="production")
    nova.git("symbolic-ref", "HEAD", "refs/heads/production")
    assert default_branch(mirror_of(nova, mirrors)) == "production"


def test_a_head_on_a_branch_that_is_not_there_is_none(nova: Repository, mirrors: Mirrors) -> None:
    nova.git("symbolic-ref", "HEAD", "refs/heads/gone")
    assert default_branch(mirror_of(nova, mirrors)) is None


def test_a_mirror_without_a_head_has_none(nova: Repository, mirrors: Mirrors) -> None:
    mirror = mirror_of(nova, mirrors)
    (mirror.path / "HEAD").unlink()
    assert default_branch(mirror) is None
