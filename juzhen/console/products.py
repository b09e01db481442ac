"""The product pages (产品): what is sold, with its terms and relations, and taken off sale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from content_hub.products import RISKS, Product, ProductRelation, Relation
from juzhen.console.desk import allowed, done, flaws_of, typed_moment
from juzhen.web import pages
from kernel.errors import Conflict, Invalid, NotFound, Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform
    from matching.conversions import Conversion

_TEXTS = ("name", "category", "risk_level", "price", "benefit")


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/products")
    def products() -> str:
        allowed("read_library")
        return _page(platform)

    @door.post("/products")
    def make_product() -> AnyResponse | tuple[str, int]:
        actor = allowed("manage_products")
        try:
            told = _told(platform)
            made = platform.products.add(request.form.get("code", "").strip(), by=actor.id, **told)
        except (Invalid, Conflict) as refusal:
            return _page(platform, refusal), 422
        return done("product", "made_product", key=made.code)

    @door.get("/products/<key>")
    def product(key: str) -> str:
        allowed("read_library")
        return _one(platform, platform.products.one(key))

    @door.post("/products/<key>")
    def change_product(key: str) -> AnyResponse | tuple[str, int]:
        """Save, sell, sell no more, relate: the button says which."""
        actor = allowed("manage_products")
        found = platform.products.one(key)
        try:
            return _changed(platform, found, actor.id)
        except (Invalid, Conflict) as refusal:
            return _one(platform, found, refusal), 422
        except NotFound as missing:
            unknown = Invalid("of", missing.reason, **missing.facts)
            return _one(platform, found, unknown), 422


def _changed(platform: Platform, found: Product, by: str) -> AnyResponse:
    act = request.form.get("act", "")
    keeper = platform.products
    if act == "off":
        off = keeper.take_off_sale(found.code, by=by)
        return done("product", "took_off_sale", n=off.materials, key=found.code)
    if act == "on":
        keeper.put_on_sale(found.code, by=by)
        return done("product", "put_on_sale", key=found.code)
    if act == "relate":
        of, margin = request.form.get("of", "").strip(), request.form.get("margin", "").strip()
        keeper.relate(
            found.code, of, request.form.get("relation", ""), margin=_share(margin), by=by
        )
        return done("product", "related_products", key=found.code)
    keeper.edit(found.code, by=by, **_told(platform))
    return done("product", "saved", key=found.code)


def _told(platform: Platform) -> dict[str, Any]:
    told: dict[str, Any] = {name: request.form.get(name, "") for name in _TEXTS}
    for name in ("sold_from", "sold_until"):
        told[name] = typed_moment(platform.zone, name)
    return told


def _share(text: str) -> float | None:
    """A percentage as typed."""
    if not text:
        return None
    try:
        return float(text.rstrip("%％")) / 100
    except ValueError:
        raise Invalid("margin", "not_a_number") from None


def _page(platform: Platform, refusal: Problem | None = None) -> str:
    category = request.args.get("category", "").strip()
    page = platform.products.page(
        category=category, first=50, after=request.args.get("after"), count=True
    )
    return pages.render(
        "console/products.html",
        products=page.items,
        spoken=platform.products.spoken_of([each.code for each in page.items]),
        categories=platform.products.categories(),
        category=category,
        total=page.total,
        following=page.next,
        now=platform.clock(),
        risks=RISKS,
        typed=request.form,
        flaws=flaws_of(refusal) if refusal else (),
    )


def _converted(platform: Platform, relations: Sequence[ProductRelation]) -> list[Conversion]:
    """How trials did, if any is among these."""
    if any(each.kind == Relation.TRIAL for each in relations):
        return platform.conversions.all()
    return []


def _one(platform: Platform, found: Product, refusal: Problem | None = None) -> str:
    relations = platform.products.relations([found.code])[found.code]
    others = {code for each in relations for code in (each.product, each.of)}
    units = allowed("read_library").seen_units
    ids = platform.products.materials(found.code)
    return pages.render(
        "console/product.html",
        product=found,
        relations=relations,
        others=platform.products.many(others),
        converted={(each.trial, each.full): each for each in _converted(platform, relations)},
        materials=[
            each for each in platform.materials.many(ids).values()
            if units is None or each.unit in units
        ],
        types={kind.code: kind for kind in platform.types.all()},
        spoken=platform.products.spoken_of([found.code]).get(found.code, 0),
        kinds=[(each.value, pages.speak(f"relation_{each}")) for each in Relation],
        now=platform.clock(),
        risks=RISKS,
        typed=request.form,
        flaws=flaws_of(refusal) if refusal else (),
    )  # fmt: skip
