"""Drawing (绘制): what is shown of an upload, each form encoded anew.

Encoding anew leaves metadata and stowaways behind. Videos are kept as they come, with a still as
their poster (`content_hub.filming`). Pillow and PDFium are behind this module alone.
"""

from __future__ import annotations

import io
import threading
from typing import NamedTuple

import pypdfium2 as pdfium
from PIL import Image, ImageOps

from content_hub import filming
from content_hub.looks import picture_print
from kernel.errors import Invalid

PIXELS = 40_000_000
PAGES = 300
_COVER, _THUMB, _PAGE = 900, 320, 1_080
_DRAWING = threading.Lock()
"""PDFium works for one thread at a time, and one film is enough for a machine."""


class Form(NamedTuple):
    """One form of an upload, ready to be kept."""

    data: bytes
    content_type: str


class Measures(NamedTuple):
    """What is known of an upload."""

    width: int = 0
    height: int = 0
    pages: int = 0
    seconds: int = 0


_Read = tuple[dict[str, Form], Measures]


def _picture(data: bytes) -> _Read:
    image = _opened(data)
    forms = {
        "original": _encoded(image, quality=92),
        "cover": _encoded(_within(image, _COVER)),
        "thumb": _encoded(_within(image, _THUMB)),
    }
    return forms, Measures(*image.size)


def _opened(data: bytes) -> Image.Image:
    """Turned upright, its first frame, colours only. The size is judged before it is decoded."""
    try:
        image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "GIF", "WEBP"))
        if image.width * image.height > PIXELS:
            raise Invalid("file", "picture_too_large", limit=PIXELS // 1_000_000)
        upright = ImageOps.exif_transpose(image)
        colours = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        colours.info.clear()  # comments and profiles would be written again
        return colours
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Invalid("file", "picture_too_large", limit=PIXELS // 1_000_000) from None
    except (OSError, ValueError, SyntaxError, EOFError) as broken:
        raise Invalid("file", "file_is_broken") from broken


def _within(image: Image.Image, side: int) -> Image.Image:
    smaller = image.copy()
    smaller.thumbnail((side, side))
    return smaller


def _encoded(image: Image.Image, quality: int = 85) -> Form:
    """JPEG, which every channel takes, unless something shines through."""
    out = io.BytesIO()
    if image.mode == "RGBA":
        image.save(out, "PNG")
        return Form(out.getvalue(), "image/png")
    image.save(out, "JPEG", quality=quality)
    return Form(out.getvalue(), "image/jpeg")


def _document(data: bytes) -> _Read:
    with _DRAWING:
        document = _pdf(data)
        pages = len(document)
        document.close()
    if not 1 <= pages <= PAGES:
        raise Invalid("file", "too_many_pages", limit=PAGES)
    first = page(data, 1)
    image = Image.open(io.BytesIO(first.data)).convert("RGB")
    forms = {
        "original": Form(data, "application/pdf"),
        "page-1": first,
        "cover": _encoded(_within(image, _COVER)),
        "thumb": _encoded(_within(image, _THUMB)),
    }
    return forms, Measures(*image.size, pages)


def _pdf(data: bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as broken:  # broken, or under a password
        raise Invalid("file", "file_is_broken") from broken


def page(data: bytes, number: int) -> Form:
    with _DRAWING:
        document = _pdf(data)
        try:
            sheet = document[number - 1]
            width, height = sheet.get_size()
            scale = min(_PAGE / max(width, 1), 4 * _PAGE / max(height, 1))
            image = sheet.render(scale=scale).to_pil().convert("RGB")
        except pdfium.PdfiumError as broken:
            raise Invalid("file", "file_is_broken") from broken
        finally:
            document.close()
    out = io.BytesIO()
    image.save(out, "WEBP", quality=82, method=4)
    return Form(out.getvalue(), "image/webp")


def _video(data: bytes) -> _Read:
    return {"original": Form(data, "video/mp4")}, Measures(seconds=filming.seconds(data))


def poster(film: bytes, name: str) -> Form | None:
    """A still of a film as ``cover`` or ``thumb``; None if none can be drawn."""
    with _DRAWING:
        still = filming.still(film)
    return _picture(still)[0][name] if still else None


def look(forms: dict[str, Form]) -> str:
    """Of its thumbnail; what has none looks like nothing."""
    if "thumb" not in forms:
        return ""
    with Image.open(io.BytesIO(forms["thumb"].data)) as thumb:
        return f"{picture_print(thumb):016x}"


READERS = {"image": _picture, "document": _document, "video": _video}
