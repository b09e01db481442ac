"""What must hold in the data hub (数据不变量): asked by `juzhen check`. Mends nothing."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from data_hub.digest import Digest
from data_hub.identities.handles import own_id
from data_hub.identities.records import Edge, Known
from data_hub.profiles.keeping import ProfileRow
from stores.history import History
from stores.records import Records


def identity_flaws(people: Records) -> Iterator[str]:
    """Components are closed under the links, and each is named by a handle of its own."""
    with people.read() as session:
        customer = {row.handle: row.customer for row in session.scalars(select(Known))}
        names = set(session.scalars(select(Known.own)))
        for handle, named in customer.items():
            if named not in names:
                yield f"handle {own_id(handle)} belongs to {named}, which no handle stands for"
        for edge in session.scalars(select(Edge).where(Edge.refused.is_(False))):
            if customer.get(edge.one) != customer.get(edge.other):
                yield f"event {edge.event} links two handles that are not one customer"


def profile_flaws(people: Records) -> Iterator[str]:
    """Every profile is that of a customer of the present."""
    with people.read() as session:
        present = set(session.scalars(select(Known.customer)))
        for customer in session.scalars(select(ProfileRow.customer)):
            if customer not in present:
                yield f"the profile of {customer} is that of nobody"


def digest_flaws(history: History, digest: Digest) -> Iterator[str]:
    """Nothing was digested that history does not hold."""
    mark = digest.mark()
    if mark > history.newest():
        yield f"the digest is at {mark}, ahead of history"
