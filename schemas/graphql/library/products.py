"""Products and compliance (产品与合规) as GraphQL tells them: what is sold, what may be said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphene

from content_hub.compliance import Approval as ApprovalRecord
from content_hub.compliance import WordRule as WordRuleRecord
from content_hub.policies import TypePolicy as PolicyRecord
from content_hub.products import OffSale
from content_hub.products import Product as ProductRecord
from content_hub.products import ProductRelation as RelationRecord
from kernel.actors import require
from kernel.errors import Invalid
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library.verbs import managed
from schemas.graphql.shapes import (
    Listing,
    Moment,
    all_of,
    connection,
    counted,
    key,
    listing,
    moment,
    or_usual,
    paged,
    texts,
    verb,
)
from schemas.graphql.types import ObjectType

Sent = Mapping[str, Any]


def _relations(product: ProductRecord, ask: Ask) -> list[RelationRecord]:
    keeper = ask.context.products
    return ask.context.batch("relations", keeper.relations).of(product.code) or []


class ProductRelation(ObjectType):
    """One product is a trial of another, or goes with it."""

    product = graphene.ID(required=True, description="Its code.")
    of = graphene.ID(required=True, description="The full or base product's code.")
    kind = graphene.String(required=True, description="`trial` or `peripheral`.")
    margin = graphene.Float(description="Share of the price that is earned.")


class Product(ObjectType):
    """Something the company sells."""

    id = graphene.ID(required=True)
    code = graphene.String(required=True)
    name = graphene.String(required=True)
    category = graphene.String(required=True)
    risk_level = graphene.String(required=True, description="`R1` to `R5`, or empty.")
    price = graphene.String(required=True)
    benefit = graphene.String(required=True)
    sold_from = Moment()
    sold_until = Moment()
    on_sale = graphene.Boolean(
        required=True, resolver=lambda product, ask: product.on_sale(ask.context.now)
    )
    relations = graphene.List(graphene.NonNull(ProductRelation), required=True, resolver=_relations)


ProductConnection = connection(Product)


def _product(source: None, ask: Ask, id: str) -> ProductRecord:
    require(ask.context.actor, "read_library")
    found: ProductRecord = ask.context.products.one(id)
    return found


def _products(
    source: None,
    ask: Ask,
    category: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Listing[ProductRecord]:
    context: Context = ask.context
    require(context.actor, "read_library")
    page = context.products.page(
        category=category or "", first=or_usual(first), after=after,
        count=counted(ask),
    )  # fmt: skip
    context.batch("relations", context.products.relations).expect(each.code for each in page.items)
    return listing(page)


_TEXTS = ("name", "category", "risk_level", "price", "benefit")
_MOMENTS = ("sold_from", "sold_until")


def _told(sent: Sent) -> dict[str, Any]:
    told: dict[str, Any] = {name: sent[name] or "" for name in _TEXTS if name in sent}
    return told | {name: moment(sent[name], name) for name in _MOMENTS if name in sent}


def create_product(ask: Ask, sent: Sent) -> ProductRecord:
    """Make a product that materials can name by its code."""
    context: Context = ask.context
    require(context.actor, "manage_products")
    return context.products.add(sent["code"], by=context.actor.id, **_told(sent))


def edit_product(ask: Ask, sent: Sent) -> ProductRecord:
    """Change what is given, and leave the rest as it is."""
    context: Context = ask.context
    require(context.actor, "manage_products")
    return context.products.edit(sent["product"], by=context.actor.id, **_told(sent))


def take_product_off_sale(ask: Ask, sent: Sent) -> OffSale:
    """Sold no more from now on: no material that names it is shown anywhere."""
    context: Context = ask.context
    require(context.actor, "manage_products")
    return context.products.take_off_sale(sent["product"], by=context.actor.id)


class OffSaleTold(ObjectType):
    """What taking a product off sale did."""

    class Meta:
        name = "OffSale"

    product = graphene.Field(Product, required=True)
    materials = graphene.Int(required=True, description="How many materials stand nowhere now.")


def put_product_on_sale(ask: Ask, sent: Sent) -> ProductRecord:
    """Sold again: what is still promised to a shelf stands on it again."""
    context: Context = ask.context
    require(context.actor, "manage_products")
    return context.products.put_on_sale(sent["product"], by=context.actor.id)


def relate_products(ask: Ask, sent: Sent) -> RelationRecord:
    """Say that one product is a trial of another, or goes with it."""
    context: Context = ask.context
    require(context.actor, "manage_products")
    return context.products.relate(
        sent["product"], sent["of"], sent["kind"], margin=sent.get("margin"), by=context.actor.id
    )


# Compliance


class WordRule(ObjectType):
    """What a word does to a text that says it."""

    word = graphene.String(required=True)
    kind = graphene.String(required=True, description="`forbidden` or `jargon`.")
    severity = graphene.String(
        required=True, description="`block`, `acknowledge`, `warn` or `off`."
    )
    harmless = graphene.List(graphene.NonNull(graphene.String), required=True)


class Approval(ObjectType):
    """An approval number, and how long it is valid."""

    id = graphene.ID(required=True)
    number = graphene.String(required=True)
    opens = Moment(required=True)
    closes = Moment(required=True)
    noted_by = graphene.String(required=True)
    noted_at = Moment(required=True)
    withdrawn = Moment()


class TypePolicy(ObjectType):
    """What the company asks of materials of one type."""

    type = graphene.String(required=True)
    regulated = graphene.Boolean(required=True)
    risk_wording = graphene.String(required=True)
    steps = graphene.Int(required=True, description="How many reviews it takes.")
    four_eyes = graphene.Boolean(required=True)
    must_wear = graphene.List(graphene.NonNull(graphene.String), required=True)
    may_wear = graphene.List(graphene.NonNull(graphene.String), required=True)


def _rules(source: None, ask: Ask, kind: str | None = None) -> list[WordRuleRecord]:
    require(ask.context.actor, "read_library")
    found: list[WordRuleRecord] = ask.context.compliance.rules(kind or "")
    return found


def _policies(source: None, ask: Ask) -> list[PolicyRecord]:
    require(ask.context.actor, "read_library")
    found: list[PolicyRecord] = ask.context.policies.all()
    return found


def _approval(source: None, ask: Ask, material: str) -> ApprovalRecord | None:
    context: Context = ask.context
    require(context.actor, "read_library")
    return context.compliance.approval(managed(context, material).id)


def note_approval(ask: Ask, sent: Sent) -> ApprovalRecord:
    """Note the approval number of a material: its windows are clipped to the validity."""
    context: Context = ask.context
    require(context.actor, "review_materials")
    opens, closes = moment(sent["opens"], "opens"), moment(sent["closes"], "closes")
    if opens is None or closes is None:
        raise Invalid("closes" if opens else "opens", "missing")
    return context.compliance.approve_number(
        managed(context, sent["material"]).id, sent["number"], opens=opens, closes=closes,
        by=context.actor.id,
    )  # fmt: skip


def withdraw_approval(ask: Ask, sent: Sent) -> ApprovalRecord:
    """The number is valid no more: at once the material stands nowhere."""
    context: Context = ask.context
    require(context.actor, "review_materials")
    material = managed(context, sent["material"]).id
    return context.compliance.withdraw_approval(material, by=context.actor.id)


def acknowledge_words(ask: Ask, sent: Sent) -> list[str]:
    """Answer for words in a material that customers may not understand."""
    context: Context = ask.context
    require(context.actor, "edit_materials")
    material = managed(context, sent["material"]).id
    return context.compliance.acknowledge(material, sent["words"], by=context.actor.id)


def set_word_rule(ask: Ask, sent: Sent) -> WordRuleRecord:
    """Make or change what a word does."""
    context: Context = ask.context
    require(context.actor, "manage_wording")
    return context.compliance.set_rule(
        sent["word"], kind=sent["kind"], severity=sent["severity"],
        harmless=sent.get("harmless") or (), by=context.actor.id,
    )  # fmt: skip


def set_type_policy(ask: Ask, sent: Sent) -> PolicyRecord:
    """Change what is asked of materials of one type."""
    context: Context = ask.context
    require(context.actor, "manage_wording")
    told = {name: value for name, value in sent.items() if name != "type"}
    return context.policies.set(sent["type"], by=context.actor.id, **told)


QUESTIONS = {
    "product": graphene.Field(Product, id=key(), resolver=_product),
    "products": paged(ProductConnection, _products, category=graphene.String()),
    "word_rules": graphene.Field(all_of(WordRule), kind=graphene.String(), resolver=_rules),
    "type_policies": graphene.Field(all_of(TypePolicy), resolver=_policies),
    "approval": graphene.Field(Approval, material=key(), resolver=_approval),
}
_FACTS = {
    "category": graphene.String(), "risk_level": graphene.String(), "price": graphene.String(),
    "benefit": graphene.String(), "sold_from": Moment(), "sold_until": Moment(),
}  # fmt: skip
VERBS = {
    "create_product": verb(
        "createProduct", "product", Product, create_product,
        code=graphene.String(required=True), name=graphene.String(required=True), **_FACTS,
    ),
    "edit_product": verb(
        "editProduct", "product", Product, edit_product,
        product=key(), name=graphene.String(), **_FACTS,
    ),
    "take_product_off_sale": verb(
        "takeProductOffSale", "off_sale", OffSaleTold, take_product_off_sale, product=key()
    ),
    "put_product_on_sale": verb(
        "putProductOnSale", "product", Product, put_product_on_sale, product=key()
    ),
    "relate_products": verb(
        "relateProducts", "relation", ProductRelation, relate_products,
        product=key(), of=key(), kind=graphene.String(required=True), margin=graphene.Float(),
    ),
    "note_approval": verb(
        "noteApproval", "approval", Approval, note_approval,
        material=key(), number=graphene.String(required=True),
        opens=Moment(required=True), closes=Moment(required=True),
    ),
    "withdraw_approval": verb(
        "withdrawApproval", "approval", Approval, withdraw_approval, material=key()
    ),
    "acknowledge_words": verb(
        "acknowledgeWords", "words", graphene.Field(texts()), acknowledge_words,
        material=key(), words=texts(required=True),
    ),
    "set_word_rule": verb(
        "setWordRule", "rule", WordRule, set_word_rule,
        word=graphene.String(required=True), kind=graphene.String(required=True),
        severity=graphene.String(required=True), harmless=texts(),
    ),
    "set_type_policy": verb(
        "setTypePolicy", "policy", TypePolicy, set_type_policy,
        type=graphene.String(required=True), regulated=graphene.Boolean(),
        risk_wording=graphene.String(), steps=graphene.Int(), four_eyes=graphene.Boolean(),
        must_wear=texts(), may_wear=texts(),
    ),
}  # fmt: skip

SIZES = {
    ("Query", "wordRules"): 200, ("WordRule", "harmless"): 20, ("Query", "typePolicies"): 40,
    ("TypePolicy", "mustWear"): 9, ("TypePolicy", "mayWear"): 9, ("Product", "relations"): 20,
    ("AcknowledgeWordsPayload", "words"): 50,
}  # fmt: skip
WEIGHTS: dict[tuple[str, str], int] = {}
