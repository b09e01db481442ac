"""Products (产品): what the company sells, as far as content speaks of it.

A product is sold from one moment to another; materials that name it by its code stand on no shelf
outside of that, worked out at every read. Products are related: a trial leads to the full one, a
peripheral goes with its base. Knows no order and no customer.
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from content_hub import richtext, terms
from kernel.clock import Clock
from kernel.errors import Conflict, Flaw, Invalid, NotFound
from kernel.ids import Page, new_id
from stores.changes import Changes
from stores.paging import in_order
from stores.records import Record, Records

RISKS = ("R1", "R2", "R3", "R4", "R5")
_CODE = re.compile(r"(?!prd_)[A-Za-z0-9][A-Za-z0-9_.\-]{0,79}")
_LIMITS = {"name": 100, "category": 60, "price": 100, "benefit": 300}


class Product(Record, kw_only=True):
    """One thing that is sold."""

    __tablename__ = "products"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("prd"))
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    category: Mapped[str] = mapped_column(index=True)
    risk_level: Mapped[str]
    """R1 to R5; empty for what carries no risk rating."""
    price: Mapped[str]
    benefit: Mapped[str]
    made_by: Mapped[str]
    sold_from: Mapped[datetime | None] = mapped_column(default=None)
    sold_until: Mapped[datetime | None] = mapped_column(default=None)

    def on_sale(self, now: datetime) -> bool:
        begun = self.sold_from is None or self.sold_from <= now
        return begun and (self.sold_until is None or now < self.sold_until)


class Relation(StrEnum):
    """How one product stands to another."""

    TRIAL = "trial"
    """A cheap trial of the other, which is the full one."""
    PERIPHERAL = "peripheral"
    """Goes with the other, which is the base."""


class ProductRelation(Record, kw_only=True):
    """``product`` is a trial of, or peripheral to, ``of``."""

    __tablename__ = "product_relations"

    product: Mapped[str] = mapped_column(primary_key=True)
    of: Mapped[str] = mapped_column(primary_key=True, index=True)
    kind: Mapped[str]
    margin: Mapped[float | None] = mapped_column(default=None)
    """Share of the price that is earned, 0 to 1."""


class OffSale(NamedTuple):
    """What taking a product off sale did."""

    product: Product
    materials: int
    """How many materials stand on no shelf any more because of it."""


def subject(code: str) -> str:
    """Under what name terms know a product."""
    return f"product:{code}"


class Products:
    """Everything the company sells or has sold."""

    def __init__(self, records: Records, changes: Changes, clock: Clock) -> None:
        self._records = records
        self._changes = changes
        self._clock = clock

    def add(
        self,
        code: str,
        name: str,
        *,
        by: str,
        category: str = "",
        risk_level: str = "",
        price: str = "",
        benefit: str = "",
        sold_from: datetime | None = None,
        sold_until: datetime | None = None,
    ) -> Product:
        """A new product. Raises one `Invalid` that lists every flaw."""
        told: dict[str, Any] = {
            "name": name, "category": category, "price": price, "benefit": benefit,
            "risk_level": risk_level, "sold_from": sold_from, "sold_until": sold_until,
        }  # fmt: skip
        flaws = _flaws(told)
        if not _CODE.fullmatch(code):
            flaws.append(Flaw("code", "bad_code"))
        if flaws:
            raise Invalid.because(flaws)
        with self._records.write(f"product:{code}") as session:
            if session.scalar(select(Product.id).where(Product.code == code)):
                raise Conflict("code_taken", code=code)
            product = Product(code=code, made_by=by, **told)
            session.add(product)
            terms.limit(session, subject(code), sold_from, sold_until)
            self._changes.note("added_product", "product", product.id, by=by, content=True)
        return product

    def edit(self, key: str, *, by: str, **changed: Any) -> Product:
        """Change some of name, category, price, benefit, risk_level, sold_from, sold_until."""
        code = self.one(key).code
        with self._records.write(f"product:{code}") as session:
            product = session.scalars(select(Product).where(Product.code == code)).one()
            told = {name: getattr(product, name) for name in _KEPT} | changed
            if flaws := _flaws(told):
                raise Invalid.because(flaws)
            for name in changed:
                setattr(product, name, told[name])
            terms.limit(session, subject(code), product.sold_from, product.sold_until)
            self._changes.note(
                "edited_product", "product", product.id, by=by, content=True,
                changed=sorted(changed),
            )  # fmt: skip
        return product

    def take_off_sale(self, key: str, *, by: str) -> OffSale:
        """From this moment on it is not sold, and no material that names it is shown."""
        product = self.edit(key, by=by, sold_until=self._clock())
        return OffSale(product, self.spoken_of([product.code]).get(product.code, 0))

    def put_on_sale(self, key: str, *, by: str) -> Product:
        """Sold again from now on; what is still promised to a shelf stands on it again."""
        return self.edit(key, by=by, sold_from=None, sold_until=None)

    def relate(
        self, key: str, of: str, kind: str, *, by: str, margin: float | None = None
    ) -> ProductRelation:
        """Say that one is a trial of, or peripheral to, another. Told again: mended."""
        product, base = self.one(key), self.one(of)
        flaws = []
        if kind not in set(Relation):
            flaws.append(Flaw("kind", "not_a_choice", {"choices": [*Relation]}))
        if product.id == base.id:
            flaws.append(Flaw("of", "product_of_itself"))
        if margin is not None and not 0 <= margin <= 1:
            flaws.append(Flaw("margin", "number_out_of_range", {"low": 0, "high": 1}))
        if flaws:
            raise Invalid.because(flaws)
        with self._records.write("products") as session:
            if session.get(ProductRelation, (base.code, product.code)):
                raise Conflict("products_related_the_other_way")
            related = session.merge(
                ProductRelation(product=product.code, of=base.code, kind=kind, margin=margin)
            )
            self._changes.note(
                "related_products", "product", product.id, by=by, content=True, of=base.id,
                relation=kind,
            )  # fmt: skip
        return related

    def relations(self, codes: Collection[str]) -> dict[str, list[ProductRelation]]:
        """All relations that some products stand in, either way, by product."""
        wanted = select(ProductRelation).where(
            or_(ProductRelation.product.in_(codes), ProductRelation.of.in_(codes))
        )
        found: dict[str, list[ProductRelation]] = {code: [] for code in codes}
        with self._records.read() as session:
            for each in session.scalars(wanted.order_by(ProductRelation.product)):
                for code in {each.product, each.of} & found.keys():
                    found[code].append(each)
        return found

    def one(self, key: str) -> Product:
        """By id or code."""
        with self._records.read() as session:
            found = session.scalar(
                select(Product).where((Product.id == key) | (Product.code == key))
            )
        if found is None:
            raise NotFound("product", key[:80])
        return found

    def many(self, codes: Collection[str]) -> dict[str, Product]:
        """By code; unknown ones are left out."""
        with self._records.read() as session:
            found = session.scalars(select(Product).where(Product.code.in_(codes)))
            return {product.code: product for product in found}

    def spoken_of(self, codes: Collection[str]) -> dict[str, int]:
        """How many materials name each of some products; those that none names are left out."""
        named = {subject(code): code for code in codes}
        counted = (
            select(terms.Bond.subject, func.count())
            .where(terms.Bond.subject.in_(named))
            .group_by(terms.Bond.subject)
        )
        with self._records.read() as session:
            return {named[name]: count for name, count in session.execute(counted)}

    def materials(self, code: str) -> list[str]:
        """The ids of materials that name it, at most 50."""
        with self._records.read() as session:
            return terms.bound(session, subject(code), 50)

    def categories(self) -> list[str]:
        """Every category that a product stands in."""
        wanted = select(Product.category).where(Product.category != "").distinct()
        with self._records.read() as session:
            return list(session.scalars(wanted.order_by(Product.category).limit(100)))

    def page(
        self,
        *,
        category: str = "",
        first: int = 20,
        after: str | None = None,
        count: bool = False,
    ) -> Page[Product]:
        """Products by code."""
        wanted = select(Product)
        if category:
            wanted = wanted.where(Product.category == category)
        return in_order(self._records, wanted, Product.code, first=first, after=after, count=count)


_KEPT = ("name", "category", "price", "benefit", "risk_level", "sold_from", "sold_until")


def _flaws(told: Mapping[str, Any]) -> list[Flaw]:
    flaws = [
        flaw
        for name, limit in _LIMITS.items()
        for flaw in richtext.text_flaws(name, told[name], limit, required=name == "name")
    ]
    if not flaws and not told["price"].strip() and not told["benefit"].strip():
        flaws.append(Flaw("price", "needs_price_or_benefit"))
    if told["risk_level"] and told["risk_level"] not in RISKS:
        flaws.append(Flaw("risk_level", "not_a_choice", {"choices": [*RISKS]}))
    begins, ends = told["sold_from"], told["sold_until"]
    if begins and ends and ends <= begins:
        flaws.append(Flaw("sold_until", "window_ends_before_it_opens"))
    return flaws
