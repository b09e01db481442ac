"""Snippets (埋点代码): what a front end pastes, so that a material reports what its type promises.

Plain JavaScript that speaks Segment's wire to our own door and needs nothing else. What the house
tells by itself (a script copied in the workbench) is in the spec and not in the snippet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from content_hub.types import ContentType
from data_hub.catalogue import kind_of

_MEASURED = {
    "read_material": {"seconds": 20},
    "turned_page": {"seconds": 12, "page": 3, "pages": 8},
    "finished_material": {"seconds": 90},
    "played_video": {"seconds": 15},
    "entered_livestream": {"seconds": 60},
}
"""What such an event can say besides the material, with a value to replace."""


class Reported(NamedTuple):
    """One event of a material's tracking spec."""

    kind: str
    label: str
    measures: tuple[str, ...]
    """Properties that make it worth more, besides ``material``."""
    by_house: bool
    """We tell it ourselves; no front end has to."""


def spec(type_: ContentType, language: str = "zh") -> list[Reported]:
    """What materials of a type report."""
    known = {kind: kind_of(kind) for kind in type_.tracking}
    return [
        Reported(
            kind, each.label(language), tuple(_MEASURED.get(kind, ())), each.owner == "house"
        )
        for kind, each in known.items()
    ]  # fmt: skip


def snippet(material: str, reported: Sequence[Reported], base_url: str) -> str:
    """The code for one material. ``WRITE_KEY`` stands for the account's own."""
    calls = [
        f"juzhen({_js(each.kind)}{_more(each.kind)});  // {' '.join(each.label.split())}"
        for each in reported
        if not each.by_house
    ]
    return "\n".join(
        [_HEAD.format(base=_js(f"{base_url}/v1/track"), material=_js(material)), *calls]
    )


_HEAD = """\
const visitor = localStorage.getItem("visitor") || crypto.randomUUID();
localStorage.setItem("visitor", visitor);
const juzhen = (event, more = {{}}) => fetch({base}, {{
  method: "POST", keepalive: true, headers: {{ "Content-Type": "application/json" }},
  body: JSON.stringify({{
    writeKey: "WRITE_KEY", type: "track", event, anonymousId: visitor,
    messageId: crypto.randomUUID(), timestamp: new Date().toISOString(),
    properties: {{ material: {material}, ...more }},
  }}),
}});"""


def _more(kind: str) -> str:
    told = ", ".join(f"{name}: {value}" for name, value in _MEASURED.get(kind, {}).items())
    return f", {{ {told} }}" if told else ""


def _js(text: str) -> str:
    """As a literal that ends no script element."""
    return orjson.dumps(text).decode().replace("<", "\\u003c")
