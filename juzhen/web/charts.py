"""Charts (图表): bars as SVG, drawn here; every number stands in a title and in the table beside.

Below stands where it begins and ends, and how high the highest is. Nothing is drawn by a script,
and no colour says what a shape does not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from juzhen.web.asking import language
from kernel.wording import say

_HIGH, _WIDE, _GAP = 48, 8, 2
_FEW = 12
"""So few bars are not drawn as wide as a page."""
_ROW, _ALONG = 26, 320
_LONG, _THICK = 200, 10


def _plain(value: float) -> str:
    return f"{value:,.10g}"


def percent(value: float) -> str:
    """A share as people say it, the sign on its number's line."""
    return f"{value:.1%}"


def bars(
    values: Sequence[tuple[str, float]], label: str, spoken: Callable[[float], str] = _plain
) -> Markup:
    """One bar for each (name, value), the highest as high as the chart."""
    top = max((value for _, value in values), default=0) or 1
    drawn = Markup("")
    for place, (name, value) in enumerate(values):
        high = round(max(value, 0) / top * _HIGH, 1)
        drawn += Markup(
            '<rect x="{}" y="{}" width="{}" height="{}"><title>{}: {}</title></rect>'
        ).format(
            place * (_WIDE + _GAP), round(_HIGH - high, 1), _WIDE, max(high, 0.5), name,
            spoken(value),
        )  # fmt: skip
    wide = max(len(values) * (_WIDE + _GAP) - _GAP, 1)
    return Markup(
        '<svg class="chart{}" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img"'
        ' aria-label="{}">{}</svg>{}'
    ).format(
        " few" if len(values) <= _FEW else "", wide, _HIGH, label, drawn, _axis(values, spoken)
    )


def _axis(values: Sequence[tuple[str, float | None]], spoken: Callable[[float], str]) -> Markup:
    """Where the chart begins and ends, and its highest; a screen reader has the table."""
    known = [value for _, value in values if value is not None]
    if not known:
        return Markup("")
    told = say("chart_highest", language(), n=spoken(max(known)))
    ends = (values[0][0], told, values[-1][0]) if len(values) > 1 else (values[0][0], told)
    return Markup('<p class="axis" aria-hidden="true">{}</p>').format(
        Markup("").join(Markup("<span>{}</span>").format(each) for each in ends)
    )


def pairs(values: Sequence[tuple[str, float, float]], label: str, names: tuple[str, str]) -> Markup:
    """Two bars for each name side by side, the second one hollow."""
    top = max((max(was, would) for _, was, would in values), default=0) or 1
    drawn, at = Markup(""), 0
    for name, *both in values:
        for which, value in enumerate(both):
            high = round(max(value, 0) / top * _HIGH, 1)
            drawn += Markup(
                '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}: {} {}</title>'
                "</rect>"
            ).format(
                "other" if which else "", at, round(_HIGH - high, 1), _WIDE - 2, max(high, 0.5),
                name, names[which], f"{value:,.10g}",
            )  # fmt: skip
            at += _WIDE - 1
        at += _GAP * 2
    return Markup(
        '<svg class="chart pairs" viewBox="-1 -1 {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(max(at, 1), _HIGH + 2, label, drawn)


def steps(values: Sequence[tuple[str, int, str]], label: str) -> Markup:
    """One bar for each (name, value, address), one under the other; each leads to its address, if
    it has one."""
    top = max((value for _, value, _ in values), default=0) or 1
    drawn = Markup("")
    for place, (name, value, address) in enumerate(values):
        drawn += Markup(
            '<a{} aria-label="{}: {}"><rect x="0" y="{}" width="{}" height="{}">'
            '<title>{}: {}</title></rect><text x="4" y="{}">{} {}</text></a>'
        ).format(
            Markup(' href="{}"').format(address) if address else Markup(' role="img"'),
            name, f"{value:,}", place * _ROW, max(round(value / top * _ALONG, 1), 1.0),
            _ROW - 4, name, f"{value:,}", place * _ROW + 16, name, f"{value:,}",
        )  # fmt: skip
    high = max(len(values) * _ROW, 1)
    return Markup(
        '<svg class="steps" viewBox="0 0 {} {}" role="group" aria-label="{}">{}</svg>'
    ).format(_ALONG, high, label, drawn)


def strip(parts: Sequence[tuple[str, float, str]], label: str) -> Markup:
    """One bar of (name, value, look) side by side, each as wide as its share."""
    whole = sum(value for _, value, _ in parts) or 1
    drawn, at = Markup(""), 0.0
    for name, value, look in parts:
        wide = round(value / whole * _LONG, 2)
        drawn += Markup(
            '<rect class="{}" x="{}" y="0" width="{}" height="{}"><title>{}: {}</title></rect>'
        ).format(look, round(at, 2), wide, _THICK, name, f"{value:,.10g}")
        at += wide
    return _flat(drawn, label)


def gauge(part: float, whole: float, label: str) -> Markup:
    """How much of the whole is used: full is all of it."""
    share = min(max(part / whole if whole else 1.0, 0.0), 1.0)
    look = "bad" if share >= 0.9 else "warn" if share >= 0.7 else "good"
    drawn = Markup('<rect class="rest" x="0" y="0" width="{}" height="{}"></rect>').format(
        _LONG, _THICK
    )
    drawn += Markup('<rect class="{}" x="0" y="0" width="{}" height="{}"></rect>').format(
        look, round(max(share * _LONG, 0.5), 2), _THICK
    )
    return _flat(drawn, label)


def line(
    values: Sequence[tuple[str, float | None]], label: str, spoken: Callable[[float], str] = _plain
) -> Markup:
    """A line through (name, value), each point with its title; it breaks where nothing is known."""
    known = [value for _, value in values if value is not None]
    top = max(known, default=0) or 1
    step = _ALONG / max(len(values) - 1, 1)
    drawn, stretch = Markup(""), []
    for place, (name, value) in enumerate([*values, ("", None)]):
        if value is not None:
            at, high = round(place * step, 1), round((1 - max(value, 0) / top) * _HIGH + 4, 1)
            stretch.append(f"{at},{high}")
            drawn += Markup('<circle cx="{}" cy="{}" r="3"><title>{}: {}</title></circle>').format(
                at, high, name, spoken(value)
            )
        elif stretch:
            drawn += Markup('<polyline points="{}"></polyline>').format(" ".join(stretch))
            stretch = []
    return Markup(
        '<svg class="chart line" viewBox="-4 0 {} {}" role="img" aria-label="{}">{}</svg>{}'
    ).format(_ALONG + 8, _HIGH + 8, label, drawn, _axis(values, spoken))


def _flat(drawn: Markup, label: str) -> Markup:
    return Markup(
        '<svg class="chart flat" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img"'
        ' aria-label="{}">{}</svg>'
    ).format(_LONG, _THICK, label, drawn)
