"""Keep the recipe and the source type of a picture in its XMP packet, and read them back."""

import json
import os
import re
from pathlib import Path
from typing import Any, BinaryIO

from impasto.errors import ImageError, ImpastoError, RecipeError
from impasto.images import png
from impasto.images.decode import open_header
from impasto.images.files import opened_file, reason
from impasto.images.vips import find_field, open_file

NAMESPACE = "https://impasto.art/ns/1.0/"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"

_KEY = f"{{{NAMESPACE}}}recipe"
_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:impasto="{namespace}">'
    "{source}<impasto:recipe>{recipe}</impasto:recipe>"
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
    '<?xpacket end="w"?>'
)
_SOURCE = (
    '<Iptc4xmpExt:DigitalSourceType xmlns:Iptc4xmpExt="{namespace}">{source}'
    "</Iptc4xmpExt:DigitalSourceType>"
)
# XML has no way to write these, JSON has: \uXXXX. Outside strings JSON has none of them.
_NOT_IN_XML = re.compile("[\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def xmp_packet(recipe: str) -> bytes:
    """Wrap a recipe, the text of a JSON object, in an XMP packet.

    What it calls `digital_source_type`, a term of the IPTC's, also stands where other programs look
    for it.

    Raises:
        RecipeError: The text is not a JSON object.
    """
    told = _parse_recipe(recipe, "the recipe to store").get("digital_source_type")
    source = ""
    if isinstance(told, str):
        source = _SOURCE.format(namespace=_IPTC, source=_escaped(_NOT_IN_XML.sub("", told)))
    safe = _NOT_IN_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", recipe)
    packet = _PACKET.format(namespace=NAMESPACE, source=source, recipe=_escaped(safe))
    return packet.encode("utf-8")


def read_recipe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the recipe that `save_picture` stored in a picture; no pixels are decoded.

    Raises:
        RecipeError: The picture has no recipe, or a damaged one.
        ImageError: The file cannot be read or is no picture.
    """
    shown = os.path.basename(os.fspath(path))
    with opened_file(path) as (kind, file):
        try:
            packet = _find_xmp(kind, file)
        except ImpastoError:
            raise
        except Exception as error:
            # As in `decode`: foreign bytes make the parsers raise nearly anything.
            raise ImageError(f"{shown} is a damaged {kind} file ({reason(error)})") from error
    text = _recipe_text(packet, shown) if packet else None
    if text is None:
        raise RecipeError(
            f"{shown} carries no recipe; expected a picture saved by Impasto: "
            "other programs and web sites often remove it"
        )
    return _parse_recipe(text, f"the recipe in {shown}")


def _find_xmp(kind: str, file: BinaryIO) -> bytes | None:
    """Find the packet; of PNG, TIFF and JPEG, which may be large, no more than that is read."""
    if kind == "PNG":
        return png.find_xmp(file)
    if kind == "TIFF":
        packet: bytes | None = find_field(open_file(kind, Path(file.name)), "xmp-data")
        return packet
    if kind not in ("JPEG", "WEBP", "AVIF"):
        return None
    with open_header(kind, file) as image:
        found = image.info.get("xmp")
    return found if isinstance(found, bytes) else None


def _recipe_text(packet: bytes, shown: str) -> str | None:
    """Find the recipe as an element or, as other programs rewrite it, an attribute."""
    from xml.etree import ElementTree  # late, as only reading needs it

    try:
        root = ElementTree.fromstring(packet.strip(b"\0 \r\n\t"))
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise RecipeError(
            f"the XMP data of {shown} are damaged ({reason(error)}); use the original file"
        ) from error
    for element in root.iter():
        if element.tag == _KEY:
            return element.text or ""
        if _KEY in element.attrib:
            return element.attrib[_KEY]
    return None


def _escaped(text: str) -> str:
    # as the standard library's, whose import brings the web's protocols with it
    return text.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;")


def _parse_recipe(text: str, what: str) -> dict[str, Any]:
    try:
        recipe = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"{what} is damaged ({reason(error)}); expected a JSON object") from error
    if not isinstance(recipe, dict):
        raise RecipeError(f"{what} is a JSON {type(recipe).__name__}; expected a JSON object")
    return recipe
