"""Pictures (图片): covers and posters of plain shapes, the same bytes for the same arguments."""

from __future__ import annotations

import io
import math
from collections.abc import Callable

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
_PALETTES: tuple[tuple[Colour, Colour, Colour, Colour], ...] = (
    ((255, 244, 225), (246, 183, 104), (176, 78, 52), (92, 45, 44)),
    ((226, 241, 247), (125, 186, 205), (36, 102, 140), (21, 52, 84)),
    ((233, 244, 227), (154, 200, 134), (62, 124, 84), (28, 66, 56)),
    ((250, 232, 234), (232, 151, 160), (168, 66, 92), (82, 34, 60)),
)
"""Sky, light, main, dark."""


class _Canvas:
    """A picture in the making; lengths are parts of its width or height."""

    def __init__(self, width: int, height: int, palette: int) -> None:
        self.sky, self.light, self.main, self.dark = _PALETTES[palette % len(_PALETTES)]
        self.width, self.height = width, height
        self.image = Image.new("RGB", (width, height), self.sky)
        self.draw = ImageDraw.Draw(self.image)
        for row in range(height):
            share = row / height
            colour = tuple(
                round(a + (b - a) * share * 0.7) for a, b in zip(self.sky, self.light, strict=True)
            )
            self.draw.line((0, row, width, row), fill=colour)

    def x(self, part: float) -> float:
        return part * self.width

    def y(self, part: float) -> float:
        return part * self.height

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        r = radius * self.width
        self.draw.ellipse((self.x(x) - r, self.y(y) - r, self.x(x) + r, self.y(y) + r), fill=colour)

    def box(self, x: float, y: float, right: float, bottom: float, colour: Colour) -> None:
        self.draw.rectangle((self.x(x), self.y(y), self.x(right), self.y(bottom)), fill=colour)

    def shape(self, points: list[tuple[float, float]], colour: Colour) -> None:
        self.draw.polygon([(self.x(x), self.y(y)) for x, y in points], fill=colour)

    def hills(self, base: float, colour: Colour, swell: float, phase: float) -> None:
        edge = [
            (step / 40, base + swell * math.sin(phase + step / 40 * math.tau)) for step in range(41)
        ]
        self.shape([(0, 1.1), *edge, (1, 1.1)], colour)


def _sunrise(c: _Canvas) -> None:
    c.disc(0.5, 0.52, 0.24, c.light)
    c.disc(0.5, 0.52, 0.17, (255, 250, 240))
    c.hills(0.62, c.main, 0.05, 0.6)
    c.hills(0.74, c.dark, 0.04, 2.4)


def _house(c: _Canvas) -> None:
    c.hills(0.78, c.light, 0.03, 1.0)
    c.box(0.3, 0.48, 0.7, 0.8, c.main)
    c.shape([(0.24, 0.5), (0.5, 0.28), (0.76, 0.5)], c.dark)
    c.box(0.45, 0.62, 0.55, 0.8, c.sky)
    c.box(0.35, 0.55, 0.42, 0.62, c.sky)
    c.box(0.58, 0.55, 0.65, 0.62, c.sky)


def _village(c: _Canvas) -> None:
    c.disc(0.78, 0.2, 0.08, (255, 250, 240))
    c.hills(0.6, c.light, 0.04, 0.2)
    for left, top in ((0.12, 0.5), (0.38, 0.42), (0.66, 0.52)):
        c.box(left, top, left + 0.2, 0.84, c.main)
        c.shape([(left - 0.03, top), (left + 0.1, top - 0.1), (left + 0.23, top)], c.dark)
        for row in range(3):
            c.box(left + 0.04, top + 0.05 + row * 0.09, left + 0.08, top + 0.09 + row * 0.09, c.sky)
            c.box(left + 0.12, top + 0.05 + row * 0.09, left + 0.16, top + 0.09 + row * 0.09, c.sky)
    c.hills(0.84, c.dark, 0.015, 1.8)


def _umbrella(c: _Canvas) -> None:
    r = 0.3 * c.width
    x, y = c.x(0.5), c.y(0.46)
    c.draw.pieslice((x - r, y - r, x + r, y + r), 180, 360, fill=c.main)
    for step in (-1, 0, 1):
        d = r / 3
        left = x + step * 2 * d - d
        c.draw.pieslice((left, y - d / 2, left + 2 * d, y + d / 2), 180, 360, fill=c.light)
    c.box(0.493, 0.46, 0.507, 0.78, c.dark)
    c.draw.arc((c.x(0.42), c.y(0.74), c.x(0.507), c.y(0.82)), 0, 180, fill=c.dark, width=8)


def _chart(c: _Canvas) -> None:
    for step, top in enumerate((0.7, 0.62, 0.66, 0.5, 0.44, 0.34)):
        c.box(0.14 + step * 0.125, top, 0.22 + step * 0.125, 0.82, c.main if step % 2 else c.light)
    line = [(0.18, 0.66), (0.305, 0.58), (0.43, 0.6), (0.555, 0.44), (0.68, 0.38), (0.805, 0.26)]
    c.draw.line([(c.x(x), c.y(y)) for x, y in line], fill=c.dark, width=6, joint="curve")
    c.box(0.1, 0.82, 0.9, 0.83, c.dark)


def _tree(c: _Canvas) -> None:
    c.box(0.47, 0.5, 0.53, 0.84, c.dark)
    for x, y, radius in ((0.5, 0.34, 0.18), (0.36, 0.44, 0.13), (0.64, 0.44, 0.13)):
        c.disc(x, y, radius, c.main)
    c.disc(0.46, 0.3, 0.09, c.light)
    c.hills(0.84, c.dark, 0.02, 0.4)


def _book(c: _Canvas) -> None:
    c.shape([(0.5, 0.42), (0.16, 0.36), (0.16, 0.7), (0.5, 0.76)], c.main)
    c.shape([(0.5, 0.42), (0.84, 0.36), (0.84, 0.7), (0.5, 0.76)], c.dark)
    for row in range(4):
        y = 0.46 + row * 0.065
        c.draw.line((c.x(0.22), c.y(y - 0.02), c.x(0.44), c.y(y + 0.015)), fill=c.sky, width=5)
        c.draw.line((c.x(0.56), c.y(y + 0.015), c.x(0.78), c.y(y - 0.02)), fill=c.light, width=5)


def _cross(c: _Canvas) -> None:
    c.disc(0.5, 0.5, 0.28, c.main)
    c.box(0.45, 0.38, 0.55, 0.62, c.sky)
    c.shape([(0.34, 0.47), (0.66, 0.47), (0.66, 0.53), (0.34, 0.53)], c.sky)


def _heart(c: _Canvas) -> None:
    curve = []
    for step in range(60):
        t = step / 60 * math.tau
        x = 16 * math.sin(t) ** 3
        y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        curve.append((c.x(0.5) + x * c.width / 58, c.y(0.47) - y * c.width / 58))
    c.draw.polygon(curve, fill=c.main)
    c.disc(0.42, 0.42, 0.04, c.light)


def _steps(c: _Canvas) -> None:
    for step in range(6):
        colour = (c.light, c.main, c.dark)[step % 3]
        c.box(0.1 + step * 0.135, 0.78 - step * 0.085, 0.1 + (step + 1) * 0.135, 0.86, colour)
    c.disc(0.84, 0.26, 0.05, c.dark)


def _road(c: _Canvas) -> None:
    c.disc(0.74, 0.26, 0.1, (255, 250, 240))
    c.hills(0.52, c.main, 0.06, 0.9)
    c.shape([(0.46, 0.56), (0.54, 0.56), (0.86, 1.0), (0.14, 1.0)], c.dark)
    for begin, end in ((0.6, 0.66), (0.72, 0.8), (0.88, 1.0)):
        c.shape([(0.495, begin), (0.505, begin), (0.51, end), (0.49, end)], c.sky)


def _cake(c: _Canvas) -> None:
    c.box(0.26, 0.56, 0.74, 0.78, c.main)
    c.box(0.26, 0.56, 0.74, 0.62, c.light)
    for x in (0.38, 0.5, 0.62):
        c.box(x - 0.012, 0.42, x + 0.012, 0.56, c.dark)
        c.disc(x, 0.4, 0.022, (255, 221, 120))
    c.box(0.2, 0.78, 0.8, 0.8, c.dark)


def _star(c: _Canvas) -> None:
    points = []
    for step in range(10):
        radius = 0.3 if step % 2 == 0 else 0.13
        angle = math.pi * step / 5 - math.pi / 2
        points.append(
            (
                0.5 + radius * math.cos(angle),
                0.48 + radius * math.sin(angle) * c.width / c.height,
            )
        )
    c.shape(points, c.main)
    for x, y in ((0.16, 0.2), (0.84, 0.24), (0.2, 0.78), (0.8, 0.76)):
        c.disc(x, y, 0.02, c.dark)


def _coins(c: _Canvas) -> None:
    for column, count in enumerate((3, 5, 7)):
        for row in range(count):
            x, y = 0.28 + column * 0.22, 0.78 - row * 0.06
            box = (c.x(x - 0.09), c.y(y - 0.03), c.x(x + 0.09), c.y(y + 0.03))
            c.draw.ellipse(box, fill=c.main if row % 2 else c.light, outline=c.dark, width=3)


def _kite(c: _Canvas) -> None:
    c.shape([(0.56, 0.16), (0.74, 0.36), (0.56, 0.6), (0.38, 0.36)], c.main)
    c.shape([(0.56, 0.16), (0.74, 0.36), (0.56, 0.36)], c.dark)
    tail = [(0.56, 0.6), (0.5, 0.68), (0.54, 0.76), (0.44, 0.84), (0.46, 0.92)]
    c.draw.line([(c.x(x), c.y(y)) for x, y in tail], fill=c.dark, width=5, joint="curve")


def _cup(c: _Canvas) -> None:
    c.box(0.3, 0.46, 0.64, 0.76, c.main)
    c.draw.arc((c.x(0.58), c.y(0.5), c.x(0.78), c.y(0.7)), 270, 90, fill=c.main, width=18)
    c.box(0.22, 0.78, 0.74, 0.8, c.dark)
    for x in (0.4, 0.48, 0.56):
        c.draw.arc((c.x(x - 0.03), c.y(0.28), c.x(x + 0.03), c.y(0.42)), 90, 270, c.dark, 6)


MOTIFS: dict[str, Callable[[_Canvas], None]] = {
    "sunrise": _sunrise, "house": _house, "village": _village, "umbrella": _umbrella,
    "chart": _chart, "tree": _tree, "leaf": _tree, "book": _book, "cross": _cross,
    "hands": _heart, "steps": _steps, "road": _road, "cake": _cake, "star": _star,
    "coins": _coins, "kite": _kite, "cup": _cup,
}  # fmt: skip


def picture(motif: str, palette: int, *, poster: bool = False) -> bytes:
    """A cover (5:4), or a tall poster with room for a rep's card at its foot."""
    size = (432, 768) if poster else (500, 400)
    canvas = _Canvas(*size, palette)
    MOTIFS[motif](canvas)
    if poster:
        canvas.box(0, 0.87, 1, 1, (255, 255, 255))
        canvas.disc(0.12, 0.935, 0.06, canvas.light)
        canvas.box(0.24, 0.91, 0.62, 0.922, canvas.dark)
        canvas.box(0.24, 0.945, 0.48, 0.953, canvas.main)
    out = io.BytesIO()
    canvas.image.save(out, "JPEG", quality=90)
    return out.getvalue()
