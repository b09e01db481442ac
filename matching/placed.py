"""What is placed (上架内容): the rows of the showcase as the arrays take them in.

Each material with its tags, the product it speaks of, the windows in which it is shown, narrowed by
whatever it depends on (a product that is sold for a time, a picture that is licensed), and what it
is as far as suitability minds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Text, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from channels.touch_policy.standing import PROMOTION
from content_hub.materials import Material
from content_hub.products import Product, subject
from content_hub.showcase import ShelfDocument, ShelfRow
from content_hub.tags import Tag
from content_hub.terms import ALWAYS, NEVER_ENDS, Bond, Term
from matching.arrays import Row, Window
from matching.suitability import LICENCES, Sold, nature_of
from stores.spelling import unpacked

_MICRO = 1e-6
_FEW = 900
"""Materials that one statement may name."""


def rows(session: Session, materials: Collection[str] | None) -> list[Row]:
    """The placed ones of some materials, or all."""
    placed = select(
        ShelfRow.material, ShelfRow.type, ShelfRow.account, ShelfRow.unit, ShelfRow.opens,
        ShelfRow.closes,
    ).where(ShelfRow.tag == "")  # fmt: skip
    tagged = select(
        ShelfDocument.material, _as_kept(ShelfDocument.direct), _as_kept(ShelfDocument.above)
    )
    if materials is None:
        there = select(ShelfRow.material).where(ShelfRow.tag == "")
        tagged = tagged.where(ShelfDocument.material.in_(there))
    else:
        placed = placed.where(ShelfRow.material.in_(materials))
        tagged = tagged.where(ShelfDocument.material.in_(materials))
    types, windows = _shown(session.execute(placed), _limits(session, materials))
    tags = {
        material: (*unpacked(direct), *unpacked(above))
        for material, direct, above in session.execute(tagged)
    }
    natures = _natures(session, types, tags)
    found = []
    for material, own in windows.items():
        nature, subjects = natures.get(material, _PLAIN)
        worn = (*tags.get(material, ()), *subjects)
        found.append(Row(material, types[material], worn, tuple(own), nature))
    return found


def _shown(
    placed: Iterable[Any], limits: Mapping[str, Iterable[tuple[int, int]]]
) -> tuple[dict[str, str], dict[str, list[Window]]]:
    """The type of each material that is placed, and the windows in which it is shown."""
    types: dict[str, str] = {}
    windows: dict[str, list[Window]] = {}
    for material, type_, account, unit, opens, closes in placed:
        for begins, ends in limits.get(material, ()):
            opens, closes = max(opens, begins), min(closes, ends)
        types[material] = type_
        if opens < closes:
            window = Window(account, unit, opens * _MICRO, closes * _MICRO)
            windows.setdefault(material, []).append(window)
    return types, windows


def bound_to(session: Session, product: str) -> set[str]:
    """The materials that speak of a product."""
    code = session.scalar(select(Product.code).where(Product.id == product))
    if code is None:
        return set()
    return set(session.scalars(select(Bond.material).where(Bond.subject == subject(code))))


def _limits(
    session: Session, materials: Collection[str] | None
) -> dict[str, list[tuple[int, int]]]:
    """From when to when a material may be shown for all that it depends on."""
    limited = select(
        Bond.material, Bond.opens, Bond.closes, Term.opens, Term.closes
    ).join(Term, Term.subject == Bond.subject)  # fmt: skip
    if materials is not None:
        limited = limited.where(Bond.material.in_(materials))
    found: dict[str, list[tuple[int, int]]] = {}
    for material, begins, ends, opens, closes in session.execute(limited):
        window = opens if opens > begins else ALWAYS, closes if closes < ends else NEVER_ENDS
        found.setdefault(material, []).append(window)
    return found


class _Nature(NamedTuple):
    nature: int = 0
    subjects: tuple[str, ...] = ()
    """The product it speaks of, as a tag."""


_PLAIN = _Nature()


def _natures(
    session: Session, types: Mapping[str, str], tags: Mapping[str, Collection[str]]
) -> dict[str, _Nature]:
    """What each of these is, as far as it matters who may be offered it; nothing of the plain."""
    names = {
        id_: PROMOTION if code == PROMOTION else zh
        for id_, code, zh in session.execute(select(Tag.id, Tag.code, Tag.zh))
        if code == PROMOTION or zh in LICENCES
    }
    sold = _sold(session)
    found = {}
    for material, told in _fields(session, types):
        worn = {names[tag] for tag in tags.get(material, ()) if tag in names}
        if worn or told:
            code = str(told.get("product_code") or "")
            nature = nature_of(types[material], told, worn, sold.get(code))
            found[material] = _Nature(nature, (subject(code),) if code else ())
    return found


def _sold(session: Session) -> dict[str, Sold]:
    told = select(Product.code, Product.category, Product.risk_level)
    return {code: Sold(category, level) for code, category, level in session.execute(told)}


def _fields(session: Session, types: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    fields = select(Material.id, _as_kept(Material.fields))
    if len(types) < _FEW:
        fields = fields.where(Material.id.in_(types))
    told: Iterable[Any] = session.execute(fields)
    return ((material, unpacked(own) or {}) for material, own in told if material in types)


def _as_kept(column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """JSON as the driver gives it: a whole shelf is unpacked in a third of the time."""
    return type_coerce(column, Text)
