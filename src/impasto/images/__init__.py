"""Read, write, resize and recolour pictures: the only package that knows image files.

A picture is a numpy array `(H, W, 3)`, float32, sRGB, in RGB order, in `[0, 1]`.
"""

from impasto.images.color import keep_luminance, match_color
from impasto.images.detail import blend_detail
from impasto.images.fill import fill_hidden
from impasto.images.load import Source, load, load_picture
from impasto.images.metadata import read_recipe
from impasto.images.pack import check_large_target, pack, pack_deepzoom
from impasto.images.picture import Picture, check_pixels
from impasto.images.resize import fit, resize, resized_part, sides_at, thumbnail
from impasto.images.save import check_target, encode_picture, save_picture, webp_bytes
from impasto.images.scratch import Scratch
from impasto.images.unpack import Opened, open_large, unpack

__all__ = [
    "Opened",
    "Picture",
    "Scratch",
    "Source",
    "blend_detail",
    "check_large_target",
    "check_pixels",
    "check_target",
    "encode_picture",
    "fill_hidden",
    "fit",
    "keep_luminance",
    "load",
    "load_picture",
    "match_color",
    "open_large",
    "pack",
    "pack_deepzoom",
    "read_recipe",
    "resize",
    "resized_part",
    "save_picture",
    "sides_at",
    "thumbnail",
    "unpack",
    "webp_bytes",
]
