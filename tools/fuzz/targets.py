"""What is fuzzed: every reader of text that comes from elsewhere. A target takes a text and yields the messages it led to.

A target may raise PinnerError alone; everything else, and an AssertionError of its own, is a fault.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from pinner.deploying.templates import render
from pinner.model.errors import InputError, Problem
from pinner.model.module_api import Unreadable
from pinner.model.operator_data import Array, Literal
from pinner.model.text import check_git_url, redact, redact_url, redact_value
from pinner.openstack.facts import FactsError, facts_text, read_facts
from pinner.openstack.notes import read_note, read_trailers
from pinner.project.files import Project
from pinner.project.foreign.environments import read_definition
from pinner.project.foreign.node_facts import read_run
from pinner.project.foreign.releases import read_deliverable, read_series_status
from pinner.project.manifest.lock import parse_lock
from pinner.project.manifest.read import read_manifests
from pinner.project.manifest.settings import read_settings
from pinner.project.operator.tree import read_data
from pinner.project.operator.values import KeyEdit, read_json, read_yaml, rename_keys
from pinner.project.yaml.nodes import MappingNode as MapNode
from pinner.project.yaml.nodes import read_nodes
from pinner.puppet.code.read import read_file
from pinner.puppet.data_types import fit
from pinner.puppet.foreign import read_librarian_lock
from pinner.puppet.hiera.hierarchy import parse_hierarchy
from pinner.puppet.metadata import MetadataFile, parse_metadata
from pinner.puppet.puppetfile.reader import read_puppetfile
from pinner.puppet.puppetfile.writer import read_portable
from pinner.puppet.usage.judge import mismatch
from pinner.puppet.usage.site import read_site_file
from pinner.puppet.versions import parse_range, parse_version, version_of_tag
from tools.fuzz.mutation import samples

Fuzzed = Callable[[str], Iterable[str]]
SECRET: Final = "SeCrEt"  # noqa: S105 - of nobody
_URLS: Final = (
    *(
        f"{scheme}bob:{SECRET}x@example.org/a/b.git"
        for scheme in ("https://", "https//", "https:/", "ssh://", "")
    ),
    *(
        f"https://bob%3a{SECRET}x%40example.org:9/x",
        f"https://example.org/x?private_token={SECRET}&a={SECRET}#{SECRET}",
    ),
)


@dataclass(frozen=True, slots=True)
class Target:
    """One reader with the texts to begin from; `cost` says how many times dearer an input is than the usual one."""

    run: Fuzzed
    patterns: tuple[str, ...]
    more: tuple[str, ...] = ()
    cost: int = 1

    def corpus(self) -> Sequence[str]:
        """Return the texts that are mutated."""
        return (*samples(*self.patterns), *self.more)


@cache
def _directory() -> Path:
    return Path(tempfile.mkdtemp(prefix="pinner-fuzz-"))


def _project(path: str, text: str) -> Project:
    root = _directory() / "project"
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text.encode(errors="surrogatepass"))
    return Project(root.resolve())


def _texts(problems: Iterable[Problem]) -> Iterator[str]:
    return map(str, problems)


def _manifest(text: str) -> Iterator[str]:
    yield from _texts(read_manifests(_project("environments/production.yaml", text)).problems)


def _settings(text: str) -> Iterator[str]:
    read_settings(_project("pinner.yaml", text), variables={})
    yield from ()


def _lock(text: str) -> Iterator[str]:
    parse_lock(text.encode(), environment="production", path="x.lock.json")
    yield from ()


def _metadata(text: str) -> Iterator[str]:
    files: tuple[MetadataFile, ...] = ("metadata.json", "Modulefile")
    for file in files:
        yield from parse_metadata(text.encode(), file=file).flaws


def _puppetfile(text: str) -> Iterator[str]:
    reading, portable = read_puppetfile(text), read_portable(text)
    if not reading.problems and not portable.problems:
        assert reading.puppetfile == portable.puppetfile, "the two readers of Puppetfiles disagree"
    yield from _texts((*reading.problems, *portable.problems))
    yield from _texts(read_librarian_lock(text.encode()).problems)


def _yaml_of_r10k_and_jens(text: str) -> Iterator[str]:
    from pinner.project.foreign.environments import Remarks, read_environments, read_sources  # noqa: PLC0415 - used here alone

    read = read_nodes(text.encode(), "r10k.yaml")
    yield from _texts(read.problems)
    if isinstance(read.root, MapNode):
        remarks = Remarks()
        read_sources(read.root, remarks)
        read_environments(read.root, remarks)
    path = _directory() / "jens.yaml"
    path.write_bytes(text.encode())
    read_definition(path)


def _hiera(text: str) -> Iterator[str]:
    for read in (read_yaml, read_json):
        builder = read(text.encode(), "common.yaml")
        yield from _texts(builder.flaws)
        yield from _texts([builder.refusal] if builder.refusal else [])
        hierarchy = parse_hierarchy(builder.root, "hiera.yaml")
        yield from [str(hierarchy)] if isinstance(hierarchy, Problem) else []
        read_note(builder.root, "note.yaml")
    key = text.partition(":")[0].strip()
    rename_keys(text.encode(), [KeyEdit(1, key, "nova::new")], "common.yaml")


def _hiera_tree(text: str) -> Iterator[str]:
    root = _directory() / "hiera"
    (root / "data").mkdir(parents=True, exist_ok=True)
    (root / "hiera.yaml").write_bytes(text.encode())
    (root / "data" / "common.yaml").write_text("a::b: 1\n")
    tree = read_data(root)
    yield from _texts((*tree.notes, *tree.problems))


def _code(text: str) -> Iterator[str]:
    for path in ("manifests/x.pp", "lib/puppet/type/x.rb", "lib/puppet/functions/x.rb", "types/x.pp"):
        found = read_file(path, text.encode())
        yield from [found.reason] if isinstance(found, Unreadable) else []
    site = read_site_file("x.pp", text)
    yield from _texts([site.refusal] if site.refusal else [])


def _types(text: str) -> Iterator[str]:
    type_ = " ".join(text.split())[:300]
    for value in (Literal("x", 1), Literal(5, 1), Array((Literal(None, 1),), 1)):
        fit(value, type_, {"a::b": type_, "stdlib::port": "Integer[0, 65535]"})
        yield mismatch(value, "a::b", type_)


def _versions(text: str) -> Iterator[str]:
    for line in text.splitlines()[:50]:
        yield from parse_range(line).flaws
        parse_version(line)
        version_of_tag(line)
    read_trailers(text)


def _report(text: str) -> Iterator[str]:
    path = _directory() / "report.yaml"
    path.write_bytes(text.encode())
    read_run(path)
    yield from ()


def _facts(text: str) -> Iterator[str]:
    """Yield the flaws of a file of facts, and of upstream's files that facts are made of."""
    try:
        facts = read_facts(text.encode())
    except FactsError as error:
        yield str(error)
    else:
        assert read_facts(facts_text(facts).encode()) == facts, "facts do not read back"
    for read, path in (
        (read_series_status, "status.yaml"),
        (read_deliverable, "deliverables/zed/puppet-nova.yaml"),
    ):
        try:
            read(text.encode(), path)
        except InputError as error:
            yield from _texts(error.problems)


def _redaction(text: str) -> Iterator[str]:
    """Yield what is shown of a text; the secrets of URLs beside it must not be."""
    for url in _URLS:
        message = f"fatal: unable to access '{url}': {text.replace(SECRET, '')[:200]}"
        assert SECRET not in redact(message, known=[url]), "a secret of a known URL is shown"
        assert SECRET not in redact_url(url) + redact_value(url), "a secret of a URL is shown"
    assert redact_url(redact_url(text)) == redact_url(text), "redacting a URL twice is not redacting it once"
    yield from filter(None, [check_git_url(text), redact(text), redact_url(text)])


def _template(text: str) -> Iterator[str]:
    lock = parse_lock(_LOCK.encode(), environment="production", path="x.lock.json")
    workspace: Any = SimpleNamespace(project=_project("Puppetfile.templates/default.j2", text))
    (puppetfile,) = render([(lock, "default")], workspace)
    assert not read_portable(puppetfile).problems, "a Puppetfile that is not portable was let in"
    yield from ()


_ROOT: Final = Path(__file__).resolve().parents[2]
_LOCK: Final = (_ROOT / "tests/project/manifest/golden/one_of_each_kind.lock").read_text(encoding="utf-8")
_FACTS: Final = (_ROOT / "pinner/openstack/data/catalogue.json").read_text(encoding="utf-8")
_TEMPLATE: Final = (_ROOT / "Puppetfile.templates/default.j2").read_text(encoding="utf-8")

TARGETS: Final[Mapping[str, Target]] = {
    "manifest": Target(
        _manifest,
        ("project/**/test_manifest*.py", "project/**/test_bases.py", "cli/test_trouble_manifests.py"),
    ),
    "settings": Target(
        _settings,
        ("project/**/test_settings.py", "project/**/test_nodes.py"),
        (*map("rewrite: {{'{}': x}}\n".format, _URLS),),
    ),
    "lock": Target(_lock, ("project/**/test_lock*.py",), (_LOCK,)),
    "metadata": Target(_metadata, ("puppet/**/test_metadata*.py",)),
    "puppetfile": Target(
        _puppetfile, ("puppet/puppetfile/*.py", "puppet/**/test_librarian.py", "adopting/*.py")
    ),
    "r10k-yaml": Target(
        _yaml_of_r10k_and_jens,
        ("project/**/test_r10k_yaml.py", "puppet/**/test_jens.py", "cli/start/test_import_jens.py"),
    ),
    "hiera": Target(_hiera, ("project/**/test_data_*.py", "puppet/hiera/*.py", "openstack/**/test_notes.py")),
    "hiera-tree": Target(_hiera_tree, ("project/**/test_data_tree.py",), cost=3),
    "code": Target(
        _code, ("puppet/code/*.py", "puppet/usage/*.py", "puppet/ruby/*.py", "support/puppet_code.py"), cost=2
    ),
    "types": Target(
        _types,
        ("puppet/test_data_types.py", "puppet/test_regex.py"),
        ("Variant[String[1], Integer[0, 5], Pattern[/\\A(a|b)+\\z/]]\n",),
    ),
    "versions": Target(
        _versions,
        ("puppet/**/test_ranges.py", "openstack/**/test_trailers.py"),
        (">= 1.2.0 < 2.0.0 || ^3.0.0\n", "1.x - 2.0.0-rc1\n"),
    ),
    "facts": Target(_facts, ("support/openstack_releases.py",), (_FACTS,), cost=20),
    "report": Target(_report, ("cli/inspect/test_id_from_report.py",)),
    "redaction": Target(_redaction, ("model/test_urls.py", "git/**/test_diagnosis.py"), _URLS),
    "template": Target(_template, (), (_TEMPLATE,), cost=100),
}
