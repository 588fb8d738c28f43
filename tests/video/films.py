"""Small films, made by PyAV, whose pictures and sound are known."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.video.convert import Packer
from impasto.video.frame import Frame
from impasto.video.tags import Tags

av = pytest.importorskip("av", reason="PyAV, of the extra [video], is not installed")

SIZE = (48, 64)  # height, width
SRGB = Tags(1, 1, 1, 1)


def picture(number: int, size: tuple[int, int] = SIZE) -> NDArray[np.float32]:
    """Draw a smooth picture with a bar whose place tells the number."""
    height, width = size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    pixels = np.stack([x / width, y / height, np.full_like(x, 0.3)], 2) * 0.6 + 0.2
    place = number * 4 % (width - 4)
    pixels[: height // 3, place : place + 4] = 1.0
    return pixels


def number_of(pixels: NDArray[np.float32]) -> int:
    """Tell which picture it is, of the first dozen."""
    row = pixels[: pixels.shape[0] // 3].mean((0, 2))
    return round((int(np.convolve(row, np.ones(4), "valid").argmax())) / 4)


def frames(count: int = 12, rate: Fraction | int = 25, **others: Any) -> list[Frame]:
    step = 1 / Fraction(rate)
    return [Frame(picture(i), i * step, step, i, **others) for i in range(count)]


def make_film(
    path: Path,
    pictures: Iterable[NDArray[np.float32]],
    *,
    times: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 12800),
    rate: int = 25,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    tags: Tags = SRGB,
    settings: dict[str, str] | None = None,
    alpha: NDArray[np.float32] | None = None,
    prepare: Callable[[Any, Any], object] = lambda container, stream: None,
    sound: NDArray[np.float32] | None = None,
    packets: Sequence[tuple[int, int, bytes]] = (),
    format: str | None = None,
) -> Path:
    """Write a film; `sound` is mono at 48 kHz, `packets` are subtitles in ms."""
    with av.open(str(path), "w", format=format) as out:
        stream = out.add_stream(codec, rate=rate, options=settings or {"crf": "1"})
        stream.time_base = stream.codec_context.time_base = time_base
        stream.pix_fmt = pixel_format
        stream.codec_context.colorspace, stream.codec_context.color_range = tags.matrix, tags.range
        stream.codec_context.color_primaries = tags.primaries
        stream.codec_context.color_trc = tags.transfer
        audio = out.add_stream("aac", rate=48000, layout="mono") if sound is not None else None
        texts = out.add_stream("mov_text" if path.suffix == ".mp4" else "srt") if packets else None
        pack = None
        for number, pixels in enumerate(pictures):
            height, width = pixels.shape[:2]
            if pack is None:
                stream.width, stream.height = width, height
                prepare(out, stream)
                deep = "10" in pixel_format or "16" in pixel_format
                pack = Packer(width, height, pixel_format, tags, deep)
            frame = pack(pixels, alpha)
            frame.pts = number * round(1 / rate / time_base) if times is None else times[number]
            frame.time_base = time_base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if audio is not None and sound is not None:
            wave = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), "fltp", "mono")
            wave.sample_rate, wave.pts, wave.time_base = 48000, 0, Fraction(1, 48000)
            out.mux(audio.encode(wave))
            out.mux(audio.encode(None))
        for start, length, text in packets:
            packet: Any = av.Packet(text)
            packet.pts = packet.dts = start
            packet.duration, packet.time_base, packet.stream = length, Fraction(1, 1000), texts
            out.mux(packet)
    return path


def with_subtitles(film: Path, path: Path, texts: Sequence[tuple[int, int, str]]) -> Path:
    """Copy a film into a Matroska file with subtitles beside it, in ms, by way of an .srt."""
    srt = path.with_suffix(".srt")
    lines = [
        f"{i}\n{_clock(start)} --> {_clock(start + length)}\n{text}\n"
        for i, (start, length, text) in enumerate(texts, 1)
    ]
    srt.write_text("\n".join(lines))
    with av.open(str(film)) as one, av.open(str(srt)) as two, av.open(str(path), "w") as out:
        for source in (one, two):
            made = {s.index: out.add_stream_from_template(s, opaque=True) for s in source.streams}
            made_of = (p for p in source.demux() if p.dts is not None)
            held = [(p, made[p.stream_index]) for p in made_of]
            source_packets.setdefault(id(out), []).extend(held)
        for packet, stream in sorted(source_packets.pop(id(out)), key=_decoding_time):
            packet.stream = stream
            out.mux(packet)
    srt.unlink()
    return path


source_packets: dict[int, list[Any]] = {}


def _decoding_time(item: Any) -> Fraction:
    return Fraction(item[0].dts * item[0].time_base)


def _clock(ms: int) -> str:
    return f"00:00:{ms // 1000:02d},{ms % 1000:03d}"


def packets_of(path: Path, kind: str) -> list[tuple[Fraction, str]]:
    """Return the times and hashes of the packets of all streams of a kind."""
    with av.open(str(path)) as container:
        streams = [s for s in container.streams if s.type == kind]
        return [
            (p.pts * p.time_base, hashlib.sha256(bytes(p)).hexdigest())
            for p in container.demux(streams)
            if p.pts is not None and p.size
        ]


def times_of(path: Path) -> list[Fraction]:
    """Return the times of the pictures, as PyAV itself reads them."""
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def loudness(path: Path) -> tuple[list[float], int]:
    """Return the sound as mono samples at its rate, from the film's time 0 on."""
    with av.open(str(path)) as container:
        parts, rate = [], container.streams.audio[0].rate
        first = None
        for frame in container.decode(audio=0):
            first = frame.pts * frame.time_base if first is None else first
            parts.append(frame.to_ndarray().mean(0))
        wave = np.concatenate(parts)
        lead = round(float(first or 0) * rate)
        wave = np.concatenate([np.zeros(max(0, lead)), wave[max(0, -lead) :]])
        return wave.tolist(), rate
