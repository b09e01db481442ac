"""What must hold in the content hub (内容不变量): asked by `juzhen check`. Mends nothing."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased

from content_hub import bounds, products, terms
from content_hub.campaigns import Campaign
from content_hub.campaigns.draws import Draw
from content_hub.campaigns.parameters import QUOTA, prize_key
from content_hub.campaigns.prices import Purchase
from content_hub.materials import Material, scheduled
from content_hub.materials.versions import MaterialVersion
from content_hub.media import MediaFile, Rendition
from content_hub.placements import Placement
from content_hub.products import Product
from content_hub.showcase import ShelfDocument, ShelfRow
from content_hub.tags import Tag, Tagging
from content_hub.tags.tree import load
from stores.claims import Quota
from stores.files import Files
from stores.records import Records
from stores.told import micros


def shelf_flaws(records: Records) -> Iterator[str]:
    """The showcase says exactly what materials, taggings and placements say."""
    with records.read() as session:
        yield from _placement_flaws(session)
        yield from _document_flaws(session)


def _placement_flaws(session: Session) -> Iterator[str]:
    shown = {row.placement: row for row in session.scalars(select(ShelfRow).where(_itself()))}
    bounded = bounds.of_many(session)
    for placement in session.scalars(select(Placement).where(Placement.retired.is_(None))):
        row = shown.pop(placement.id, None)
        left = bounded.get(placement.material, bounds.UNBOUND)
        window = bounds.within(placement, left)
        if row is None:
            yield f"placement {placement.id} is promised and not in the showcase"
        elif (row.opens, row.closes, row.account, row.material) != (
            *window, placement.account, placement.material,
        ):  # fmt: skip
            yield f"placement {placement.id} is shown otherwise than it was promised"
    for extra in shown:
        yield f"placement {extra} is in the showcase and not promised"


def _itself() -> ColumnElement[bool]:
    return ShelfRow.tag == ""


def _document_flaws(session: Session) -> Iterator[str]:
    tree = load(session)
    worn: dict[str, set[str]] = {}
    for material, tag in session.execute(select(Tagging.material, Tagging.tag)):
        worn.setdefault(material, set()).update(tree.faces([tag]))
    found: dict[str, set[str]] = {}
    under = select(ShelfRow.placement, ShelfRow.tag).where(ShelfRow.tag != "")
    for placement, tag in session.execute(under):
        found.setdefault(placement, set()).add(tag)
    documents = {row.material: row for row in session.scalars(select(ShelfDocument))}
    for document in documents.values():
        wears = worn.get(document.material, set())
        if set(document.direct) != wears and not tree.unsettled:
            yield f"material {document.material} is described with other tags than it wears"
    for placement, material in session.execute(
        select(ShelfRow.placement, ShelfRow.material).where(ShelfRow.tag == "")
    ):
        kept = documents.get(material)
        if kept is None:
            yield f"material {material} is placed and not described"
        elif found.get(placement, set()) != {*kept.direct, *kept.above}:
            yield f"placement {placement} is found under other tags than its material's"


def file_flaws(records: Records, files: Files) -> Iterator[str]:
    """Every rendition's bytes are there, whole."""
    kept = set(files.keys())
    with records.read() as session:
        known = set(session.scalars(select(MediaFile.id)))
        for rendition in session.scalars(select(Rendition)):
            if rendition.media not in known:
                yield f"rendition {rendition.name} belongs to no media file {rendition.media}"
            if rendition.key not in kept:
                yield f"{rendition.media}/{rendition.name}: its bytes {rendition.key} are gone"
    yield from files.flaws()


def tag_flaws(records: Records) -> Iterator[str]:
    """Every tag hangs in its own facet's tree, and whatever is worn is there."""
    with records.read() as session:
        tags = {tag.id: tag for tag in session.scalars(select(Tag))}
        for tag in tags.values():
            above = tags.get(tag.parent) if tag.parent else None
            if tag.parent and (above is None or above.facet != tag.facet):
                yield f"tag {tag.code} hangs under {tag.parent}, which is no tag of its facet"
            if tag.merged_into and tag.merged_into not in tags:
                yield f"tag {tag.code} was merged into {tag.merged_into}, which is no tag"
            if _turns_round(tag, tags):
                yield f"tag {tag.code} lies under itself"
        lost = select(Tagging.material, Tagging.tag).where(
            or_(Tagging.tag.not_in(select(Tag.id)), Tagging.material.not_in(select(Material.id)))
        )
        for material, worn in session.execute(lost.limit(100)):
            yield f"{material} wears {worn}, and one of the two is not there"


def _turns_round(tag: Tag, tags: dict[str, Tag]) -> bool:
    passed, at = {tag.id}, tags.get(tag.parent or "")
    while at is not None and at.id not in passed:
        passed.add(at.id)
        at = tags.get(at.parent or "")
    return at is not None and at.id == tag.id


def term_flaws(records: Records) -> Iterator[str]:
    """A material is bound to what it speaks of and shows, and a product's term is its sale."""
    with records.read() as session:
        bound: dict[str, dict[str, tuple[int, int]]] = {}
        for bond in session.scalars(select(terms.Bond)):
            bound.setdefault(bond.material, {})[bond.subject] = bond.opens, bond.closes
        coming = scheduled.outstanding(session, None)
        for each in session.scalars(select(Material)):
            if bound.get(each.id, {}) != scheduled.bonds(each, coming.get(each.id, ())):
                yield f"material {each.id} is bound to other things than it speaks of and shows"
        kept = {term.subject: term for term in session.scalars(select(terms.Term))}
        for product in session.scalars(select(Product)):
            term = kept.get(products.subject(product.code))
            told = (term.opens, term.closes) if term else (terms.ALWAYS, terms.NEVER_ENDS)
            if told != _sold(product):
                yield f"product {product.code} takes materials off at other moments than its own"


def _sold(product: Product) -> tuple[int, int]:
    return (
        micros(product.sold_from) if product.sold_from else terms.ALWAYS,
        micros(product.sold_until) if product.sold_until else terms.NEVER_ENDS,
    )


def version_flaws(records: Records) -> Iterator[str]:
    """Every edit of a material is kept, to the one that counts, from the first; of one older than
    versions, from the edit that counted when they came."""
    number = MaterialVersion.number
    kept = func.max(number) - func.min(number) + 1, func.count(number), func.max(number)
    wanted = (
        select(Material.id, Material.number, *kept)
        .outerjoin(MaterialVersion, MaterialVersion.material == Material.id)
        .group_by(Material.id, Material.number)
    )
    with records.read() as session:
        for id_, now, edits, count, last in session.execute(wanted):
            if (count, last) != (edits, now):
                yield f"material {id_} is at edit {now}, and {count} are kept up to {last}"


def campaign_flaws(records: Records) -> Iterator[str]:
    """What a campaign places lies within it, no more prizes were won than counted, and buyers
    have one rank each, without a gap."""
    with records.read() as session:
        drive = aliased(Campaign)
        outside = (
            select(Placement.id)
            .outerjoin(drive, drive.id == Placement.campaign)
            .where(Placement.campaign != "", Placement.retired.is_(None))
            .where(
                or_(
                    drive.id.is_(None), Placement.opens < drive.opens,
                    Placement.closes > drive.closes,
                )
            )
        )  # fmt: skip
        for placement in session.scalars(outside.limit(100)):
            yield f"placement {placement} lies outside its campaign"
        won = select(Draw.campaign, func.count()).where(Draw.won).group_by(Draw.campaign)
        for campaign, prizes in session.execute(won):
            counted = session.get(Quota, prize_key(campaign, QUOTA))
            if prizes > (counted.taken if counted else 0):
                yield f"campaign {campaign} gave {prizes} prizes, more than were counted"
        ranks = func.count(), func.min(Purchase.rank), func.max(Purchase.rank)
        sold = select(Purchase.campaign, *ranks).group_by(Purchase.campaign)
        for campaign, count, first, last in session.execute(sold):
            if (first, last) != (0, count - 1):
                yield f"campaign {campaign} sold {count} at ranks {first} to {last}"
