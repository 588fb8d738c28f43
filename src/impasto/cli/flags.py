"""Command-line flags from declared options."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from impasto.options import Declaration, declarations, limits_text

Command = TypeVar("Command", bound=Callable[..., Any])
_TYPES = {"int": click.INT, "float": click.FLOAT, "str": click.STRING, "bool": click.BOOL}


def flags_of(
    kind: type, skip: tuple[str, ...] = (), defaults: Mapping[str, str] | None = None
) -> Callable[[Command], Command]:
    """Return a decorator that adds a flag for every declared option of a dataclass.

    A flag that is not given arrives as None, so that presets and defaults can fill it. `defaults`
    says in words what some options are then, instead of the dataclass.
    """

    def decorate(command: Command) -> Command:
        found = [item for item in declarations(kind).values() if item[0].name not in skip]
        for field, declared in reversed(found):
            told = (defaults or {}).get(field.name, _default(field))
            command = _flag(field, declared, told)(command)
        return command

    return decorate


def given(values: dict[str, Any]) -> dict[str, Any]:
    """Return only the flags that the user set."""
    return {name: value for name, value in values.items() if value is not None}


def _flag(
    field: dataclasses.Field[Any], declared: Declaration, default: str
) -> Callable[[Command], Command]:
    name = str(field.type).removesuffix(" | None")
    kind = _TYPES[name]
    if declared.choices is not None:
        kind = click.Choice(declared.choices)  # type: ignore[assignment]
    notes = [note for note in (limits_text(declared), default) if note]
    text = declared.help + (f" [{'; '.join(notes)}]" if notes else "")
    flag = "--" + field.name.replace("_", "-")
    if name == "bool":
        flag += f"/--no-{flag.removeprefix('--')}"
    return click.option(
        flag,
        field.name,
        type=kind,
        default=None,
        help=text,
        cls=GroupedOption,
        group=declared.group,
    )


def _default(field: dataclasses.Field[Any]) -> str:
    return "" if field.default is None else f"default {in_words(field.default)}"


def in_words(value: Any) -> str:
    """Return a default as help texts have it."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


class GroupedOption(click.Option):
    """Remember under which heading an option is shown."""

    def __init__(self, *args: Any, group: str = "Basics", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group


class GroupedCommand(click.Command):
    """Show options under headings, in order of appearance."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section for each group of options."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                groups.setdefault(getattr(parameter, "group", "Files"), []).append(record)
        for title, records in groups.items():
            with formatter.section(title):
                formatter.write_dl(records)
