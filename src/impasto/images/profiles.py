"""Turn samples of any colour model and ICC profile into sRGB, and make the sRGB profile."""

import io
import warnings
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.images.vips import convert_color

_SPACES = {b"GRAY": "gray", b"RGB ": "rgb", b"CMYK": "cmyk"}
_CHANNELS = {"gray": 1, "rgb": 3, "cmyk": 4}
_PILLOW_MODES = {"gray": "L", "rgb": "RGB", "cmyk": "CMYK"}


@cache
def srgb_profile() -> bytes:
    """Make the sRGB profile that every saved picture carries; its bytes never change."""
    from PIL import ImageCms

    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # Its header holds the time of creation (24..36) and may hold a hash that covers it
    # (84..100); both are optional, and the same recipe has to give the same bytes.
    return made[:24] + bytes(12) + made[36:84] + bytes(16) + made[100:]


def to_srgb(samples: NDArray[Any], profile: bytes | None, name: str) -> NDArray[np.float32]:
    """Convert samples to sRGB.

    A profile that cannot be parsed, or that is for another colour model, is reported
    with a warning and the samples are read as if they had none.

    Args:
        samples: `(H, W, C)` uint8, uint16 or float32 in `[0, 1]`; C is 1 for grey, 3 for
            RGB, 4 for CMYK (0 is no ink).
        profile: The picture's ICC profile.
        name: What the warning calls the picture.

    Returns:
        `(H, W, 3)` in `[0, 1]`.
    """
    if not profile or profile == srgb_profile():
        return _without_profile(samples)
    space = _SPACES.get(profile[16:20])
    matched = _match_channels(samples, space)
    if space is None or matched is None:
        _warn(name, f"is for {profile[16:20]!r} and does not fit its {samples.shape[2]} channels")
        return _without_profile(samples)
    try:
        _check_profile(profile, space)
        return _transform(matched, profile, space)
    except ValueError:
        _warn(name, "is damaged")
        return _without_profile(samples)


def sound_profile(profile: bytes | None, channels: int, name: str) -> bytes | None:
    """Return a profile by which so many channels can be read; None for sRGB, or without one.

    One that cannot be parsed, or is for another colour model, is reported as `to_srgb` does.
    """
    if not profile or profile == srgb_profile():
        return None
    space = _SPACES.get(profile[16:20])
    if space is None or (_CHANNELS[space] != channels and (space, channels) != ("rgb", 1)):
        _warn(name, f"is for {profile[16:20]!r} and does not fit its {channels} channels")
        return None
    try:
        _check_profile(profile, space)
    except ValueError:
        _warn(name, "is damaged")
        return None
    return profile


def is_of_grey(profile: bytes | None) -> bool:
    """Return whether a profile is for grey pictures; it fits RGB samples that are all grey."""
    return profile is not None and _SPACES.get(profile[16:20]) == "gray"


def lab_to_rgb(image: Any) -> Any:
    """Convert a Pillow picture of mode LAB, which its own `convert` cannot, to RGB."""
    from PIL import ImageCms

    target = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
    source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    return ImageCms.profileToProfile(image, source, target, outputMode="RGB")


def _check_profile(profile: bytes, space: str) -> None:
    from PIL import ImageCms

    target = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        ImageCms.buildTransform(source, target, _PILLOW_MODES[space], "RGB")
    except (OSError, ImageCms.PyCMSError) as error:
        raise ValueError(str(error)) from error


def _transform(samples: NDArray[Any], profile: bytes, space: str) -> NDArray[np.float32]:
    if samples.dtype.kind == "f":
        samples = np.rint(samples * 65535).astype(np.uint16)
    # 16 bits come out also for 8 bits in, so that the conversion adds no banding.
    converted = convert_color(samples, space, profile, srgb_profile())
    return np.divide(converted, np.float32(65535), dtype=np.float32)  # type: ignore[no-any-return]


def _match_channels(samples: NDArray[Any], space: str | None) -> NDArray[Any] | None:
    """Bring grey to RGB or back where the profile asks for it; None where nothing fits."""
    channels = samples.shape[2]
    if space is not None and channels == _CHANNELS[space]:
        return samples
    if space == "rgb" and channels == 1:
        return np.repeat(samples, 3, axis=2)
    if space == "gray" and channels == 3 and bool((samples == samples[..., :1]).all()):
        return samples[..., :1]
    return None


def _without_profile(samples: NDArray[Any]) -> NDArray[np.float32]:
    tops = {1: 255, 2: 65535}
    top = np.float32(tops[samples.dtype.itemsize] if samples.dtype.kind == "u" else 1)
    values: NDArray[np.float32] = np.divide(samples, top, dtype=np.float32)
    if values.shape[2] == 4:
        return (1 - values[..., :3]) * (1 - values[..., 3:])
    return np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values


def _warn(name: str, what: str) -> None:
    text = f"the colour profile of {name} {what}; its colours are read as sRGB"
    warnings.warn(text, UserWarning, stacklevel=2)
