"""The YAML of r10k -> its sources and environments; every scalar is the text that stands there, whatever Ruby makes of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pinner.project.nodes import Mapping as Map
from pinner.project.nodes import Node, Refused, Scalar, Sequence
from pinner.project.quoting import quote
from pinner.puppet.psych import misread
from pinner.puppet.puppetfile import ModuleKind, Option, PuppetfileModule
from pinner.puppet.puppetfile.options import kind_of
from pinner.puppet.r10k import PUPPETFILE, Environment, Naming, Source
from pinner.words.manifests import Text
from pinner.words.places import Place
from pinner.words.problems import Problem

_TRUTH: Final = {"true": True, "false": False}
_LATEST: Final = frozenset({"latest", ":latest"})
_PARTIAL: Final = "mend it, or leave it out with --partial"
_REFS: Final = frozenset({"version", "ref", "branch", "tag", "commit", "checksum"})


@dataclass(slots=True)
class Remarks:
    """What is told of the files: `problems` of what is missing, `notes` of what deserves a look."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    def lose(self, what: str, place: Place) -> None:
        """Tell that something is missing."""
        self.problems.append(Problem(what, place, _PARTIAL))


def read_sources(root: Map, remarks: Remarks) -> tuple[Source, ...]:
    """Return the sources that r10k.yaml names, in its order."""
    sources = _fields(root).get("sources")
    if not isinstance(sources, Map):
        return ()
    found = []
    for name, node in _fields(sources).items():
        if isinstance(node, Map):
            found.append(_source(name, node, remarks))
        else:
            remarks.lose(f"the source {quote(name)} is no map", _place(node))
    return tuple(found)


def read_environments(root: Map, remarks: Remarks) -> tuple[Environment, ...]:
    """Return the environments of a yaml source's file, in its order."""
    found = []
    for name, entry in root.entries.items():
        if isinstance(entry.value, Map):
            found.append(read_environment(name, entry.value, entry.key.place, remarks))
        else:
            remarks.lose(f"the environment {quote(name)} is no map", entry.key.place)
    return tuple(found)


def read_environment(name: str, node: Map, place: Place, remarks: Remarks) -> Environment:
    """Return one environment: an entry of a yaml source's file, or the whole file of a yamldir source's."""
    fields = _fields(node)
    kind = _word(fields.get("type")) or "git"
    ref = _text(fields.get("version")) or _text(fields.get("ref"))
    for key in ("version", "ref"):
        _tell_misread(fields.get(key), f"environment {quote(name)}", remarks)
    return Environment(
        name,
        place,
        "plain" if kind == "bare" else kind,
        remote=_text(fields.get("source")) or _text(fields.get("remote")),
        ref=ref,
        modules=tuple(_modules(fields.get("modules"), remarks)),
        moduledir=_word(fields.get("moduledir")),
        puppetfile=_word(fields.get("puppetfile_name")) or PUPPETFILE,
    )


def _source(name: str, node: Map, remarks: Remarks) -> Source:
    fields = _fields(node)
    if "filter_command" in fields:
        message = f"source {quote(name)}: 'filter_command' is not run: every branch is looked at"
        remarks.notes.append(Problem(message, node.place))
    return Source(
        name,
        node.place,
        _word(fields.get("type")) or "git",
        _naming(name, fields, node.place, remarks),
        has_own_prefix=_word(fields.get("prefix")) == "true",
        remote=_text(fields.get("remote")),
        config=_text(fields.get("config")),
        puppetfile=_word(fields.get("puppetfile_name")) or PUPPETFILE,
        ignored_prefixes=tuple(_words(fields.get("ignore_branch_prefixes"))),
    )


def _naming(name: str, fields: Mapping[str, Node], place: Place, remarks: Remarks) -> Naming:
    prefix = _word(fields.get("prefix"))
    strip = _word(fields.get("strip_component"))
    if strip and strip.startswith("/") and strip.endswith("/"):
        message = (
            f"source {quote(name)}: the pattern {quote(strip)} of 'strip_component' is not applied to names"
        )
        remarks.notes.append(Problem(message, place, "'--as' names an environment"))
        strip = None
    return Naming(
        prefix=None if prefix in {None, "false"} else name if prefix == "true" else prefix,
        strip=None if strip == "false" else strip,
        invalid_branches=_word(fields.get("invalid_branches")) or "correct_and_warn",
    )


def _modules(node: Node | None, remarks: Remarks) -> Iterator[PuppetfileModule]:
    if not isinstance(node, Map):
        if isinstance(node, Sequence):
            remarks.lose("'modules' is a list, not a map of names", node.place)
        return
    for name, entry in node.entries.items():
        module = _module(name, entry.value, entry.key.place, remarks)
        if module is not None:
            yield module


def _module(name: str, node: Node, place: Place, remarks: Remarks) -> PuppetfileModule | None:
    what = f"module {quote(name)}"
    if isinstance(node, Scalar):
        _tell_misread(node, what, remarks)
        version = None if node.is_null or node.text in _LATEST else node.text
        return PuppetfileModule(name, ModuleKind.FORGE, (Option("version", version, node.place),), place)
    if not isinstance(node, Map):
        if not isinstance(node, Refused):
            remarks.lose(f"{what} is a list", place)
        return None
    options = tuple(_options(node, what, remarks))
    kind = kind_of(options)
    if kind is None:
        remarks.lose(f"{what}: r10k knows no kind of module by these options", place)
        return None
    return PuppetfileModule(name, kind, options, place)


def _options(node: Map, what: str, remarks: Remarks) -> Iterator[Option]:
    for name, value in _fields(node).items():
        if not isinstance(value, Scalar):
            remarks.lose(f"{what}: '{name}' is no text", _place(value))
            continue
        if name in _REFS:
            _tell_misread(value, what, remarks)
        is_truth = value.is_plain and value.text in _TRUTH
        yield Option(
            name, _TRUTH[value.text] if is_truth else None if value.is_null else value.text, value.place
        )


def _tell_misread(node: Node | None, what: str, remarks: Remarks) -> None:
    meant = misread(node.text) if isinstance(node, Scalar) and node.is_plain else None
    if meant is not None and isinstance(node, Scalar):
        message = f"{what}: r10k reads {node.text} as {meant}; pinner takes it as it is written"
        remarks.notes.append(Problem(message, node.place, "put it in quotes"))


def _fields(node: Map) -> Mapping[str, Node]:
    """Return a map's values by key; r10k takes Ruby's symbols (`:remote:`) and texts alike."""
    return {key.removeprefix(":"): entry.value for key, entry in node.entries.items()}


def _text(node: Node | None) -> Text | None:
    return Text(node.text, node.place) if isinstance(node, Scalar) and not node.is_null else None


def _word(node: Node | None) -> str | None:
    text = _text(node)
    return text.value.removeprefix(":") if text else None


def _words(node: Node | None) -> Iterator[str]:
    yield from (
        (item.text for item in node.items if isinstance(item, Scalar)) if isinstance(node, Sequence) else ()
    )


def _place(node: Node) -> Place:
    return node.place
