"""What clients ask for, checked at the door: the bodies of requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from impasto.errors import OptionError
from impasto.film.options import TemporalOptions
from impasto.methods.optimize.options import STARTS
from impasto.methods.quality import Options, resolve
from impasto.options import declarations, suggest
from impasto.studio.declared import (
    FILMS,
    FORMATS,
    OURS,
    ClipOptions,
    GuideOptions,
    OutputOptions,
    TrainOptions,
)
from impasto.train.settings import KINDS
from impasto.video.options import FilmOptions

FileId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
StyleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_#.-]{0,99}$")]
Mask = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64}|auto(:[0-9]{1,2})?)$")]
Value = bool | int | float | Annotated[str, StringConstraints(max_length=500)] | None
Values = Annotated[dict[str, Value], Field(max_length=100)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class StyleRef(_Strict):
    """Name a style: one of `GET /v1/styles`, a file, or the place of an upload, from 0."""

    name: StyleName | None = None
    file: FileId | None = None
    upload: Annotated[int, Field(ge=0, lt=16)] | None = None

    @model_validator(mode="after")
    def _one(self) -> StyleRef:
        if sum(part is not None for part in (self.name, self.file, self.upload)) != 1:
            raise ValueError("expected one of name, file and upload")
        return self


class Painting(_Strict):
    """Say how a picture is painted."""

    styles: Annotated[list[StyleRef], Field(max_length=16)] = []
    blend: Annotated[list[float], Field(max_length=16)] | None = None
    masks: Annotated[list[Mask], Field(max_length=16)] = []
    strength_map: FileId | None = None
    feather: float = 0.0
    faces: float = 1.0
    options: Values = {}
    output: Values = {}

    def wanted(self) -> OutputOptions:
        """Return what is to be written.

        Raises:
            OptionError: something is outside its limits.
        """
        GuideOptions(self.feather, self.faces)
        return OutputOptions(**_known(self.output, OutputOptions))

    def chosen(self, threads: int | None = None, extra: Mapping[str, Any] | None = None) -> Options:
        """Return the options of the method that is asked for.

        Raises:
            OptionError: one is unknown, outside its limits, or not for clients to say.
        """
        return resolve(self.plain() | dict(extra or {}) | {"threads": threads})

    def plain(self) -> dict[str, Any]:
        """Return the options as they were given.

        Raises:
            OptionError: one is not for clients to say.
        """
        for name in OURS:
            if name in self.options:
                raise OptionError(f"option {name!r}: this server decides that; leave it out")
        init = self.options.get("init")
        if init is not None and init not in STARTS:
            raise OptionError(f"init {init!r}: {suggest(str(init), STARTS)}")
        return {name: value for name, value in self.options.items() if value is not None}


class LiveAsked(Painting):
    """Ask for a picture at once: `longest` brings it to a size for a preview."""

    longest: Annotated[int, Field(ge=16, le=100_000)] | None = None


class JobAsked(Painting):
    """Ask for a job: `content` is a file, or several, for a job each."""

    kind: Annotated[str, StringConstraints(pattern="^(stylize|video|train)$")] = "stylize"
    content: FileId | Annotated[list[FileId], Field(max_length=1000)] | None = None
    film: Values = {}
    train: Values = {}

    @property
    def contents(self) -> list[str]:
        """Return the files to be painted; none for a training without photos of its own."""
        if self.content is None:
            return []
        return [self.content] if isinstance(self.content, str) else self.content

    def checked(self) -> JobAsked:
        """Return this, if a worker could begin with it.

        Raises:
            OptionError: it could not.
        """
        wanted = self.wanted()
        if not self.styles:
            raise OptionError("styles: name at least one")
        if self.kind == "train":
            self.training()
            return self
        if not self.contents:
            raise OptionError("content is missing: upload a file and name its id")
        self.chosen()
        if self.kind == "video":
            self.clip(), self.temporal()
        allowed = FILMS if self.kind == "video" else FORMATS
        if wanted.format is not None and wanted.format not in allowed:
            raise OptionError(f"format {wanted.format!r}: {suggest(wanted.format, allowed)}")
        return self

    def clip(self) -> ClipOptions:
        """Return which part of the film is painted; `from` and `to` are other names for its ends.

        Raises:
            OptionError: an option is unknown or outside its limits.
        """
        names = {"from": "start", "to": "end"}
        given = {names.get(name, name): value for name, value in self.film.items()}
        rest = [*declarations(TemporalOptions), *declarations(FilmOptions)]
        own = {name: value for name, value in given.items() if name not in rest}
        return ClipOptions(**_known(own, ClipOptions))

    def temporal(self) -> dict[str, Any]:
        """Return how calm the film is to be, and how it is packed.

        Raises:
            OptionError: an option is outside its limits.
        """
        found: dict[str, Any] = {}
        for kind in (TemporalOptions, FilmOptions):
            film: dict[str, Any] = dict(self.film)
            own = {k: v for k, v in film.items() if k in declarations(kind) and v is not None}
            kind(**own)
            found |= own
        return found

    def training(self) -> tuple[TrainOptions, Any]:
        """Return what is trained, and its settings.

        Raises:
            OptionError: an option is unknown or outside its limits.
        """
        own, train = declarations(TrainOptions), dict[str, Any](self.train)
        asked = TrainOptions(**{k: v for k, v in train.items() if k in own})
        kind = KINDS[asked.kind]
        rest = {k: v for k, v in train.items() if k not in own}
        for name in rest:
            if name not in kind.options:
                raise OptionError(f"no option {name!r}: {suggest(name, [*own, *kind.options])}")
        return asked, kind.settings(**rest)


def _known(given: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """Return values that are given, all of which a dataclass has.

    Raises:
        OptionError: one is unknown.
    """
    for name in given:
        if name not in declarations(kind):
            raise OptionError(f"no option {name!r}: {suggest(name, declarations(kind))}")
    return {name: value for name, value in given.items() if value is not None}
