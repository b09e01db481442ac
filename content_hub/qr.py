"""QR codes (二维码): a text as squares that a phone reads. Says nothing of where it leads."""

from __future__ import annotations

import io

import segno

TYPES = {"svg": "image/svg+xml", "png": "image/png"}
_PRINTED = 12
"""Pixels of a square in a PNG: enough for a poster."""


def picture(text: str, form: str) -> bytes:
    """The code as ``svg`` or ``png``, with its quiet margin; a quarter of it may be covered."""
    drawn, code = io.BytesIO(), segno.make_qr(text, error="q", boost_error=False)
    if form == "svg":
        code.save(drawn, kind="svg", xmldecl=False, omitsize=True, light="#fff")
    else:
        code.save(drawn, kind="png", scale=_PRINTED)
    return drawn.getvalue()
