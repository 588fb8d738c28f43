"""What can be asked of the server, as forms are made of it: from the one declaration of options."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from impasto.film.options import TemporalOptions
from impasto.masks import MOST_FEATHER
from impasto.methods.quality import QUALITIES, resolve
from impasto.options import Declaration, check, declarations, option
from impasto.train.settings import KINDS
from impasto.video.options import FilmOptions

# what this machine decides and not who asks: where files are, and who has how much of it
OURS = ("network", "engine", "device", "threads", "memory")
FORMATS = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "tiff": "image/tiff"}
FILMS = {"mp4": "video/mp4", "webm": "video/webm", "mov": "video/quicktime"}
FILMS |= {"mkv": "video/x-matroska", "gif": "image/gif"}
_TYPES = {"int": "integer", "float": "number", "bool": "boolean", "str": "string"}
_PLAIN = ("Basics", "Look", "Film")


@dataclass(frozen=True)
class GuideOptions:
    """Say how masks and faces are used."""

    feather: float = option(
        0.0, "Softness of masks, a share of the longest side.", low=0, high=MOST_FEATHER
    )
    faces: float = option(1.0, "Strength at faces that are found.", low=0, high=1)

    def __post_init__(self) -> None:
        """Check all limits."""
        check(self)


@dataclass(frozen=True)
class OutputOptions:
    """Say what is written."""

    format: str | None = option(
        None, "Format of the result; without it, PNG, or the film's own.",
        choices=(*FORMATS, *FILMS),
    )  # fmt: skip
    quality: int = option(92, "Quality of JPEG and WebP.", low=1, high=100)
    depth: int | None = option(
        None, "Bits per channel, 8 or 16; without it, the content's where the format has it.",
        low=8, high=16,
    )  # fmt: skip
    recipe: bool = option(True, "Whether the result tells how it was made.")

    def __post_init__(self) -> None:
        """Check all limits."""
        check(self)


@dataclass(frozen=True)
class ClipOptions:
    """Say which part of a film is painted."""

    start: float | None = option(None, "First moment, in seconds.", group="Film", low=0)
    end: float | None = option(None, "Moment to stop before, in seconds.", group="Film", low=0)
    fps: float | None = option(
        None, "Frames a second; without it, the film's own.", group="Film", low=0.01, high=1000
    )
    size: int | None = option(
        None, "Longest side of the film; without it, its own.", group="Film", low=16
    )

    def __post_init__(self) -> None:
        """Check all limits."""
        check(self)


@dataclass(frozen=True)
class TrainOptions:
    """Say what is trained, and for how long."""

    name: str = option("my-style", "Name of the style: small letters, digits, '_' and '-'.")
    kind: str = option("unet", "What is trained.", choices=("unet", "residual"))
    minutes: float = option(10.0, "Minutes that it may take.", low=0.1, high=7 * 24 * 60)

    def __post_init__(self) -> None:
        """Check all limits."""
        check(self)


def ending(kind: str) -> str:
    """Return what files of a format end with."""
    return {"jpeg": ".jpg", "tiff": ".tif"}.get(kind, f".{kind}")


def described() -> dict[str, Any]:
    """Return all options, as `GET /v1/options` gives them."""
    methods = {quality: _of(resolve({"quality": quality})) for quality in QUALITIES}
    training = KINDS["unet"]
    own = [_entry(*declarations(training.settings)[name]) for name in training.options]
    written = _of(OutputOptions())
    return {
        "qualities": list(QUALITIES),
        "methods": methods,
        "guides": _of(GuideOptions()),
        "film": [
            *_of(ClipOptions()),
            *_of(TemporalOptions()),
            *_of(FilmOptions()),
        ],
        "train": [*_of(TrainOptions()), *({**entry, "advanced": True} for entry in own)],
        "output": [_held(entry, FORMATS) for entry in written],
        "film_output": [_held(entry, FILMS) for entry in written if entry["name"] == "format"],
    }


def _held(entry: dict[str, Any], formats: Iterable[str]) -> dict[str, Any]:
    """Return an option, its formats only those of pictures, or of films."""
    return {**entry, "choices": list(formats)} if entry["name"] == "format" else entry


def _of(values: Any) -> list[dict[str, Any]]:
    """Return the options of a dataclass, with the defaults that an instance of it has."""
    found = declarations(type(values)).items()
    return [
        _entry(field, declared, getattr(values, name))
        for name, (field, declared) in found
        if name not in OURS
    ]


def _entry(field: dataclasses.Field[Any], declared: Declaration, *value: Any) -> dict[str, Any]:
    kind = str(field.type).removesuffix(" | None")
    return {
        "name": field.name,
        "help": declared.help,
        "group": declared.group,
        "type": "choice" if declared.choices else _TYPES[kind],
        "default": value[0] if value else field.default,
        "minimum": declared.low,
        "maximum": declared.high,
        "choices": list(declared.choices) if declared.choices else None,
        "advanced": declared.group not in _PLAIN,
    }
