"""Read the YAML files in which r10k and Jens define environments; scalars keep their raw text, however Ruby would read them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pinner.model.errors import InputError, Location, Problem
from pinner.model.manifest import Text
from pinner.model.text import nearest, quoted
from pinner.project.yaml.nodes import (
    MappingNode,
    Node,
    Refused,
    ScalarNode,
    SequenceNode,
    map_at,
    text_at,
    texts_at,
    texts_by_key,
)
from pinner.project.yaml.schema import read_foreign
from pinner.puppet.foreign import JensDefinition, Library, Partition
from pinner.puppet.hiera.scalars import misread
from pinner.puppet.puppetfile.reader import (
    PUPPETFILE,
    Environment,
    ModuleKind,
    Naming,
    Option,
    PuppetfileModule,
    Source,
    kind_of,
)

_TRUTH: Final = {"true": True, "false": False}
_LATEST: Final = frozenset({"latest", ":latest"})
_PARTIAL: Final = "fix it, or omit it with --partial"
_REFS: Final = frozenset({"version", "ref", "branch", "tag", "commit", "checksum"})


@dataclass(slots=True)
class Remarks:
    """Messages about the files: `problems` for what is missing, `notes` for what needs review."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    def lose(self, what: str, place: Location) -> None:
        """Add a problem for something that is missing in the result."""
        self.problems.append(Problem(what, place, _PARTIAL))


def read_sources(root: MappingNode, remarks: Remarks) -> tuple[Source, ...]:
    """Return the sources that r10k.yaml names, in its order."""
    sources = _fields(root).get("sources")
    if not isinstance(sources, MappingNode):
        return ()
    found = []
    for name, node in _fields(sources).items():
        if isinstance(node, MappingNode):
            found.append(_source(name, node, remarks))
        else:
            remarks.lose(f"the source {quoted(name)} is not a map", node.place)
    return tuple(found)


def read_environments(root: MappingNode, remarks: Remarks) -> tuple[Environment, ...]:
    """Return the environments in the file of a yaml source, in its order."""
    found = []
    for name, entry in root.entries.items():
        if isinstance(entry.value, MappingNode):
            found.append(read_environment(name, entry.value, entry.key.place, remarks))
        else:
            remarks.lose(f"the environment {quoted(name)} is not a map", entry.key.place)
    return tuple(found)


def read_environment(name: str, node: MappingNode, place: Location, remarks: Remarks) -> Environment:
    """Return one environment: an entry in the file of a yaml source, or a whole file of a yamldir source."""
    fields = _fields(node)
    kind = _word(fields.get("type")) or "git"
    ref = _text(fields.get("version")) or _text(fields.get("ref"))
    for key in ("version", "ref"):
        _report_misread(fields.get(key), f"environment {quoted(name)}", remarks)
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


def _source(name: str, node: MappingNode, remarks: Remarks) -> Source:
    fields = _fields(node)
    if "filter_command" in fields:
        message = f"source {quoted(name)}: 'filter_command' is not run: all branches are used"
        remarks.notes.append(Problem(message, node.place))
    prefixes = fields.get("ignore_branch_prefixes")
    ignored = prefixes.items if isinstance(prefixes, SequenceNode) else ()
    return Source(
        name,
        node.place,
        _word(fields.get("type")) or "git",
        _naming(name, fields, node.place, remarks),
        has_own_prefix=_word(fields.get("prefix")) == "true",
        remote=_text(fields.get("remote")),
        config=_text(fields.get("config")),
        puppetfile=_word(fields.get("puppetfile_name")) or PUPPETFILE,
        ignored_prefixes=tuple(item.text for item in ignored if isinstance(item, ScalarNode)),
    )


def _naming(name: str, fields: Mapping[str, Node], place: Location, remarks: Remarks) -> Naming:
    prefix = _word(fields.get("prefix"))
    strip = _word(fields.get("strip_component"))
    if strip and strip.startswith("/") and strip.endswith("/"):
        message = (
            f"source {quoted(name)}: the pattern {quoted(strip)} of 'strip_component' is not applied to names"
        )
        remarks.notes.append(Problem(message, place, "'--as' names an environment"))
        strip = None
    return Naming(
        prefix=None if prefix in {None, "false"} else name if prefix == "true" else prefix,
        strip=None if strip == "false" else strip,
        invalid_branches=_word(fields.get("invalid_branches")) or "correct_and_warn",
    )


def _modules(node: Node | None, remarks: Remarks) -> Iterator[PuppetfileModule]:
    if not isinstance(node, MappingNode):
        if isinstance(node, SequenceNode):
            remarks.lose("'modules' is a list, not a map of names", node.place)
        return
    for name, entry in node.entries.items():
        module = _module(name, entry.value, entry.key.place, remarks)
        if module is not None:
            yield module


def _module(name: str, node: Node, place: Location, remarks: Remarks) -> PuppetfileModule | None:
    what = f"module {quoted(name)}"
    if isinstance(node, ScalarNode):
        _report_misread(node, what, remarks)
        version = None if node.is_null or node.text in _LATEST else node.text
        return PuppetfileModule(name, ModuleKind.FORGE, (Option("version", version, node.place),), place)
    if not isinstance(node, MappingNode):
        if not isinstance(node, Refused):
            remarks.lose(f"{what} is a list", place)
        return None
    options = tuple(_options(node, what, remarks))
    kind = kind_of(options)
    if kind is None:
        remarks.lose(f"{what}: r10k recognizes no kind of module from these options", place)
        return None
    return PuppetfileModule(name, kind, options, place)


def _options(node: MappingNode, what: str, remarks: Remarks) -> Iterator[Option]:
    for name, value in _fields(node).items():
        if not isinstance(value, ScalarNode):
            remarks.lose(f"{what}: '{name}' is not text", value.place)
            continue
        if name in _REFS:
            _report_misread(value, what, remarks)
        is_truth = value.is_plain and value.text in _TRUTH
        yield Option(
            name, _TRUTH[value.text] if is_truth else None if value.is_null else value.text, value.place
        )


def _report_misread(node: Node | None, what: str, remarks: Remarks) -> None:
    meant = misread(node.text) if isinstance(node, ScalarNode) and node.is_plain else None
    if meant is not None and isinstance(node, ScalarNode):
        message = f"{what}: r10k reads {node.text} as {meant}; pinner uses the text as written"
        remarks.notes.append(Problem(message, node.place, "put it in quotes"))


def _fields(node: MappingNode) -> Mapping[str, Node]:
    """Return a map's values by key; r10k accepts Ruby symbols (`:remote:`) and strings alike."""
    return {key.removeprefix(":"): entry.value for key, entry in node.entries.items()}


def _text(node: Node | None) -> Text | None:
    return Text(node.text, node.place) if isinstance(node, ScalarNode) and not node.is_null else None


def _word(node: Node | None) -> str | None:
    text = _text(node)
    return text.value.removeprefix(":") if text else None


_KEYS = ("default", "notifications", "overrides", "parser")


@dataclass(frozen=True, slots=True)
class DefinitionFile:
    """The content of an environment's file.

    `problems` describe what is missing in `definition`, `notes` what needs review.
    """

    definition: JensDefinition
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()


def read_library(path: Path) -> tuple[Library, tuple[Problem, ...]]:
    """Return repositories.yaml and its problems; raises InputError if nothing of it can be read."""
    file = read_foreign(path)
    root = map_at(file.root, "repositories")
    if root is None:
        problem = Problem(
            "this is not a Jens library: the map 'repositories' is missing", Location(str(path))
        )
        raise InputError(file.problems or problem)
    library = {partition: texts_by_key(map_at(root, partition)) for partition in Partition}
    unknown = (
        Problem(f"unknown part {quoted(key)} of a Jens library", entry.key.place, nearest(key, Partition))
        for key, entry in root.entries.items()
        if key not in set(Partition)
    )
    return library, (*file.problems, *unknown)


def read_definition(path: Path) -> DefinitionFile:
    """Return an environment's file. Never raises."""
    file = read_foreign(path)
    root, place = file.root, Location(str(path))
    owner, overrides = _given(text_at(root, "notifications")), map_at(root, "overrides")
    definition = JensDefinition(
        path.stem,
        place,
        default=_given(text_at(root, "default")),
        owners=tuple(text.value for text in ((owner,) if owner else texts_at(root, "notifications"))),
        overrides={partition: texts_by_key(map_at(overrides, partition)) for partition in Partition},
    )
    flaws = tuple(_flaws(root)) if root else ()
    return DefinitionFile(definition, (*file.problems, *flaws), tuple(_notes(root, place)) if root else ())


def _given(text: Text | None) -> Text | None:
    return text if text and text.value else None


def _flaws(root: MappingNode) -> Iterator[Problem]:
    """Yield what Jens would refuse, and what pinner would silently miss."""
    entry = root.entries.get("overrides")
    if entry is None:
        return
    if not isinstance(entry.value, MappingNode):
        yield Problem(
            "'overrides' must be a map", entry.key.place, "write 'modules:' and names with refs below it"
        )
        return
    for key, inner in entry.value.entries.items():
        if key not in set(Partition):
            known = ", ".join(Partition)
            yield Problem(
                f"unknown part {quoted(key)} in 'overrides'",
                inner.key.place,
                nearest(key, Partition) or f"use one of {known}",
            )
        elif not isinstance(inner.value, MappingNode):
            yield Problem(f"the overrides of {key} must be a map", inner.key.place)
        else:
            yield from (
                Problem(f"the ref of {quoted(name)} is not text", ref.key.place)
                for name, ref in inner.value.entries.items()
                if not isinstance(ref.value, ScalarNode) or ref.value.is_null
            )


def _notes(root: MappingNode, place: Location) -> Iterator[Problem]:
    if "notifications" not in root.entries:
        yield Problem("Jens refuses this file: 'notifications' is missing", place)
    for key, entry in root.entries.items():
        if key not in _KEYS:
            yield Problem(f"Jens ignores the key {quoted(key)}", entry.key.place, nearest(key, _KEYS))
    if parser := root.entries.get("parser"):
        message = "'parser' is ignored: it chose a parser of Puppet 3, and later versions have only one"
        yield Problem(message, parser.key.place)
