import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.errors import Location
from pinner.puppet.foreign import (
    LARGEST_LOCK,
    MOST_PROBLEMS,
    LockedModule,
    SourceKind,
    read_librarian_lock,
)

SHA = "0123456789abcdef0123456789abcdef01234567"
LOCK = f"""FORGE
  remote: https://forgeapi.puppetlabs.com
  specs:
    puppetlabs-stdlib (4.9.0)
    puppetlabs/apt (1.8.0)
      puppetlabs-stdlib (< 5.0.0, >= 2.2.1)

GIT
  remote: https://git.example.net/puppet-nova
  ref: stable/kilo
  sha: {SHA}
  specs:
    openstack-nova (5.1.0)
      openstack-keystone (>= 5.0.0, < 6.0.0)

PATH
  remote: ../site
  specs:
    acme-site (0.0.1)

GITHUBTARBALL
  remote: nanliu/puppet-staging
  specs:
    nanliu-staging (1.0.3)

DEPENDENCIES
  acme-site (>= 0)
  openstack-nova (>= 0)
  puppetlabs/apt

"""


def test_every_topic_is_read() -> None:
    lock = read_librarian_lock(LOCK.encode())
    assert lock.problems == ()
    assert [(module.kind, module.name, module.version) for module in lock.modules] == [
        (SourceKind.FORGE, "puppetlabs-stdlib", "4.9.0"),
        (SourceKind.FORGE, "puppetlabs/apt", "1.8.0"),
        (SourceKind.GIT, "openstack-nova", "5.1.0"),
        (SourceKind.PATH, "acme-site", "0.0.1"),
        (SourceKind.GITHUB_TARBALL, "nanliu-staging", "1.0.3"),
    ]


def test_a_module_has_the_options_of_its_source() -> None:
    options = {"remote": "https://git.example.net/puppet-nova", "ref": "stable/kilo", "sha": SHA}
    place = Location("Puppetfile.lock", 13)
    assert read_librarian_lock(LOCK.encode()).modules[2] == LockedModule(
        "openstack-nova", "5.1.0", SourceKind.GIT, options, place
    )


@pytest.mark.parametrize("end", [b"\r\n", b"  \n"])
def test_ends_of_lines_do_not_matter(end: bytes) -> None:
    changed = read_librarian_lock(LOCK.encode().replace(b"\n", end))
    assert changed == read_librarian_lock(LOCK.encode())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Puppetfile.lock: the file ends before its DEPENDENCIES"),
        (LOCK.partition("DEPENDENCIES")[0], "Puppetfile.lock: the file ends before its DEPENDENCIES"),
        (
            f"HG\n  remote: x\n\n{LOCK}",
            "Puppetfile.lock:1: 'HG' is not a kind of source that pinner supports",
        ),
        (
            f"<<<<<<< HEAD\n{LOCK}",
            "Puppetfile.lock:1: this line is not valid in a Puppetfile.lock: '<<<<<<< HEAD'",
        ),
        (
            LOCK.replace("(5.1.0)", ""),
            "Puppetfile.lock:13: this line is not valid in a Puppetfile.lock: '    openstack-nova'",
        ),
        (f"{LOCK}  exec: `id`\n", None),
        (
            f"{LOCK}system('id')\n",
            "Puppetfile.lock:31: this line is not valid in a Puppetfile.lock: \"system('id')\"",
        ),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text: str, message: str | None) -> None:
    problems = read_librarian_lock(text.encode()).problems
    assert [str(problem).partition("\n")[0] for problem in problems][:1] == ([message] if message else [])


def test_broken_bytes_spoil_their_own_line_only() -> None:
    lock = read_librarian_lock(LOCK.encode().replace(b"    puppetlabs/apt", b"    puppet\xfflabs"))
    assert [problem.place for problem in lock.problems] == [Location("Puppetfile.lock", 5)]
    assert len(lock.modules) == 4


def test_a_file_that_is_no_lock_is_not_told_line_by_line() -> None:
    lock = read_librarian_lock(b"mod 'x'\n" * 100_000)
    assert len(lock.problems) == MOST_PROBLEMS + 1
    assert (
        str(lock.problems[-1])
        == "Puppetfile.lock:101: the rest of the file is not read: it has too many errors"
    )


def test_a_huge_file_is_not_read() -> None:
    lock = read_librarian_lock(LOCK.encode() + b" " * LARGEST_LOCK)
    assert str(lock.problems[0]) == "Puppetfile.lock: the file is longer than 1000000 bytes and is not read"


@given(st.binary() | st.text(alphabet=" :()GITspecm\n-/").map(str.encode))
def test_nothing_raises(content: bytes) -> None:
    lock = read_librarian_lock(content)
    assert lock.modules or lock.problems or content.split()[-1:] == [b"DEPENDENCIES"]
