"""What the command line offers, read from click's own data: the one source of the man pages and of the reference."""

from collections.abc import Iterator
from dataclasses import dataclass
from inspect import cleandoc

import click

from pinner.cli.root import COMMANDS
from pinner.cli.root import pinner as root


@dataclass(frozen=True, slots=True)
class Option:
    """One option: `flags` as typed, `value` what stands after it (empty for a switch), `limits` in words.

    `is_everywhere` is true if every command takes it, with this meaning.
    """

    flags: tuple[str, ...]
    value: str
    help: str
    limits: str
    is_everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """One command: `name` as typed, `usage` what stands after it, `text` the paragraphs of its help."""

    name: str
    usage: str
    text: tuple[str, ...]
    options: tuple[Option, ...]
    examples: tuple[str, ...]

    @property
    def summary(self) -> str:
        """Return the first line of the help, without its full stop."""
        return self.text[0].removesuffix(".")


def read_root() -> Command:
    """Return `pinner` itself."""
    return _command(root, _context())


def read_commands() -> Iterator[Command]:
    """Yield the commands in the order of `pinner --help`."""
    above = _context()
    for name in COMMANDS:
        command = root.get_command(above, name)
        if command is None:
            raise LookupError(name)
        yield _command(command, click.Context(command, info_name=name, parent=above))


def _context() -> click.Context:
    return click.Context(root, info_name="pinner", **root.context_settings)


def _command(command: click.Command, context: click.Context) -> Command:
    options = (each for each in command.get_params(context) if isinstance(each, click.Option))
    _, _, examples = (command.epilog or "").partition("Example:\n")
    return Command(
        name=context.command_path,
        usage=" ".join(command.collect_usage_pieces(context)),
        text=tuple(
            " ".join(part.replace("\b", "").split()) for part in cleandoc(command.help or "").split("\n\n")
        ),
        options=tuple(
            _option(option, is_everywhere=option in getattr(command, "shared", ()))
            for option in options
            if not option.hidden
        ),
        examples=tuple(line.strip() for line in examples.splitlines()),
    )


def _option(option: click.Option, *, is_everywhere: bool) -> Option:
    choices = isinstance(option.type, click.Choice)
    value = "|".join(option.type.choices) if isinstance(option.type, click.Choice) else option.metavar
    default = f"Default: {option.default}." if choices and isinstance(option.default, str) else ""
    flags = (*option.opts, *option.secondary_opts)
    if "--help" in flags:
        flags = tuple(sorted(flags, key=len))  # click 8.1 keeps these in a set
    return Option(
        flags=flags,
        value="" if option.is_flag else value or option.type.name.upper(),
        help=option.help or "",
        limits=" ".join(part for part in (_range(option.type), default) if part),
        is_everywhere=is_everywhere,
    )


def _range(kind: object) -> str:
    match kind:
        case click.IntRange(min=low, max=high) if low is not None and high is not None:
            return f"From {low} to {high}."
        case click.IntRange(min=low) if low is not None:
            return f"At least {low}."
        case click.FloatRange(min=low, min_open=True) if low is not None:
            return f"More than {low}."
        case _:
            return ""
