"""Looks (图像指纹): a picture in 64 bits that change little when it is scaled or re-encoded."""

from __future__ import annotations

from PIL import Image

_NOISE = 4
"""So much brightness encoding alone may change."""


def picture_print(image: Image.Image) -> int:
    """Of how brightness falls from left to right: the same after scaling and re-encoding."""
    small = image.convert("L").resize((9, 8), Image.Resampling.LANCZOS)
    grey = small.tobytes()
    found = 0
    for row in range(8):
        for column in range(8):
            left = grey[row * 9 + column]
            found = found << 1 | (left - grey[row * 9 + column + 1] > _NOISE)
    return found
