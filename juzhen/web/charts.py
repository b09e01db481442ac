"""Charts (图表): bars as SVG, drawn here; every number stands in a title and in the table beside.

Nothing is drawn by a script, and no colour says what a shape does not.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

_HIGH, _WIDE, _GAP = 48, 8, 2
_ROW, _ALONG = 26, 320


def bars(values: Sequence[tuple[str, float]], label: str) -> Markup:
    """One bar for each (name, value), the highest as high as the chart."""
    top = max((value for _, value in values), default=0) or 1
    drawn = Markup("")
    for place, (name, value) in enumerate(values):
        high = round(max(value, 0) / top * _HIGH, 1)
        drawn += Markup(
            '<rect x="{}" y="{}" width="{}" height="{}"><title>{}: {}</title></rect>'
        ).format(
            place * (_WIDE + _GAP), round(_HIGH - high, 1), _WIDE, max(high, 0.5), name,
            f"{value:,.10g}",
        )  # fmt: skip
    wide = max(len(values) * (_WIDE + _GAP) - _GAP, 1)
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(wide, _HIGH, label, drawn)


def steps(values: Sequence[tuple[str, int, str]], label: str) -> Markup:
    """One bar for each (name, value, address), one under the other; each leads to its address."""
    top = max((value for _, value, _ in values), default=0) or 1
    drawn = Markup("")
    for place, (name, value, address) in enumerate(values):
        drawn += Markup(
            '<a href="{}" aria-label="{}: {}"><rect x="0" y="{}" width="{}" height="{}">'
            '<title>{}: {}</title></rect><text x="4" y="{}">{} {}</text></a>'
        ).format(
            address, name, f"{value:,}", place * _ROW, max(round(value / top * _ALONG, 1), 1.0),
            _ROW - 4, name, f"{value:,}", place * _ROW + 16, name, f"{value:,}",
        )  # fmt: skip
    high = max(len(values) * _ROW, 1)
    return Markup(
        '<svg class="steps" viewBox="0 0 {} {}" role="group" aria-label="{}">{}</svg>'
    ).format(_ALONG, high, label, drawn)
