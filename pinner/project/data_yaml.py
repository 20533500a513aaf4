"""YAML text of hiera -> its values with lines, through libyaml's events. Anchors, aliases and merge keys are allowed here."""

from collections.abc import Iterator

import yaml

from pinner.project.data_builder import DataBuilder
from pinner.project.nodes import LOADER
from pinner.project.quoting import quote
from pinner.project.text import decode
from pinner.project.yaml_errors import explain
from pinner.words.problems import InputError

_STRING_TAGS = frozenset({"!", "!str", "tag:yaml.org,2002:str"})
_RUBY_TAG = "!ruby/"
_BINARY_TAGS = frozenset({"!binary", "tag:yaml.org,2002:binary", "!float", "tag:yaml.org,2002:float"})


def read_yaml(content: bytes, path: str, *, is_raw: bool = False) -> DataBuilder:
    """Return what was built of a YAML file; `path` is how the user would type its name. Never raises on bad input.

    With `is_raw`, every scalar is the text that stands there.
    """
    builder = DataBuilder(path, is_raw=is_raw)
    text = ""
    try:
        text = decode(content, path)
        events: Iterator[yaml.Event] = yaml.parse(text, Loader=LOADER)
        for event in events:
            _take(event, builder)
            if isinstance(event, yaml.DocumentEndEvent):
                _tell_of_more(events, builder)
                return builder
    except yaml.YAMLError as error:
        builder.refusal = explain(error, text, path)
    except InputError as error:
        builder.refusal = error.problems[0]
    return builder


def _tell_of_more(events: Iterator[yaml.Event], builder: DataBuilder) -> None:
    """Tell what comes after the first document, where Puppet stops without a word."""
    try:
        event = next(events)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        builder.tell("Puppet stops reading here: what follows belongs to no document", line)
    else:
        if isinstance(event, yaml.DocumentStartEvent):
            builder.tell("a second document begins here: Hiera reads only the first one", _line(event))


def _take(event: yaml.Event, builder: DataBuilder) -> None:
    if isinstance(event, yaml.ScalarEvent):
        _take_scalar(event, builder)
    elif isinstance(event, yaml.CollectionStartEvent):
        _refuse_ruby(event, builder)
        is_hash = isinstance(event, yaml.MappingStartEvent)
        builder.open(_line(event), is_hash=is_hash, anchor=event.anchor)
    elif isinstance(event, yaml.CollectionEndEvent):
        builder.close()
    elif isinstance(event, yaml.AliasEvent):
        builder.alias(event.anchor or "", _line(event))


def _take_scalar(event: yaml.ScalarEvent, builder: DataBuilder) -> None:
    line = _line(event)
    if event.tag:
        _refuse_ruby(event, builder)
    if event.tag in _BINARY_TAGS or (event.tag or "").startswith(_RUBY_TAG):
        builder.foreign(line, anchor=event.anchor)
    elif event.style or event.tag in _STRING_TAGS:
        builder.literal(event.value, line, anchor=event.anchor)
    else:
        builder.plain(event.value, line, anchor=event.anchor)


def _refuse_ruby(event: yaml.ScalarEvent | yaml.CollectionStartEvent, builder: DataBuilder) -> None:
    tag = event.tag or ""
    if tag.startswith(_RUBY_TAG) and not tag.startswith((f"{_RUBY_TAG}sym", f"{_RUBY_TAG}string")):
        builder.refuse(
            f"Puppet refuses a file with the tag {quote(tag)}", _line(event), "write the value as plain YAML"
        )


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
