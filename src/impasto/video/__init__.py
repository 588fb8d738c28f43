"""Read and write films: frames with exact times, and all else copied as it is."""

from impasto.video.copying import Copied
from impasto.video.film import Plan
from impasto.video.frame import Frame
from impasto.video.info import StreamInfo, VideoInfo, probe
from impasto.video.options import FilmOptions
from impasto.video.read import iter_frames
from impasto.video.write import open_sink, write_frames

__all__ = [
    "Copied",
    "FilmOptions",
    "Frame",
    "Plan",
    "StreamInfo",
    "VideoInfo",
    "iter_frames",
    "open_sink",
    "probe",
    "write_frames",
]
