"""Where profiles are kept (画像存取): one row a customer, with a few columns to look by."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from data_hub.geohash import cell_of
from data_hub.identities import Identities
from data_hub.profiles.profile import Profile
from stores.bulk import among, change
from stores.records import Folded, Records, upsert
from stores.spelling import chunks, marks, spelled

_BODIES = "SELECT customer, body FROM profiles WHERE customer IN ({})"
_THERE = (
    "SELECT customer FROM profiles WHERE cell IN ({}) AND last_at >= ?"
    " UNION ALL SELECT customer FROM profiles WHERE cell IS NULL AND last_at >= ?"
)
_FEW = 200
"""A profile of fifty readings takes 20 KB."""
_RARELY = ("customer", "handle", "name", "phone", "cell")
_OFTEN = ("customer", "last_at", "body")
"""What almost every event changes; an index of what stays as it is need not be written again."""


class ProfileRow(Folded, kw_only=True):
    """One customer's profile as it was last folded."""

    __tablename__ = "profiles"
    __table_args__ = (Index("ix_profiles_cell", "cell", "last_at", "customer"),)

    customer: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})
    handle: Mapped[str] = mapped_column(info={"customer": "drop"})
    """One of her handles, so that what is forgotten by handle is forgotten here too."""
    name: Mapped[str] = mapped_column(default="", index=True, info={"customer": "drop"})
    phone: Mapped[str] = mapped_column(default="", index=True, info={"customer": "drop"})
    last_at: Mapped[datetime] = mapped_column(index=True)
    """When anything was last heard of her."""
    cell: Mapped[str | None] = mapped_column(default=None, info={"customer": "drop"})
    """The square of `geohash` in which she was last, empty if she never said; None in a row that
    is older than this column."""
    body: Mapped[bytes] = mapped_column(LargeBinary, info={"customer": "drop"})


class Profiles:
    """Every customer's profile. Only the digest writes."""

    def __init__(self, people: Records, identities: Identities) -> None:
        self._people = people
        self._identities = identities

    def of(self, customer: str) -> Profile:
        """Her profile, by any id she ever had; empty if nothing was folded. Raises `NotFound`."""
        now = self._identities.resolve(customer)
        return self.many([now]).get(now) or Profile()

    def many(self, customers: Collection[str]) -> dict[str, Profile]:
        """Profiles by ids of the present; those with none are left out."""
        found: dict[str, Profile] = {}
        with self._people.together():
            for chunk in chunks(set(customers)):
                rows = self._people.rows(_BODIES.format(marks(chunk)), chunk)
                found |= {customer: Profile.unpack(body) for customer, body in rows}
        return found

    def each(self, customers: Collection[str]) -> Iterator[tuple[str, Profile]]:
        """The same one after the other, for who looks at thousands: some hundreds of them are in
        memory at a time, and each is as of the moment at which it is read."""
        for chunk in chunks(set(customers), _FEW):
            yield from self.many(chunk).items()

    def lately_in(self, cells: Collection[str], since: datetime) -> set[str]:
        """Who was last in one of these squares of `geohash`, of those who were heard of since; who
        has not been folded since squares are kept may have been."""
        moment = spelled(self._people, since)
        asked = [*cells, moment, moment]
        return {row[0] for row in self._people.rows(_THERE.format(marks(cells)), asked)}

    def ids(self, after: str, limit: int) -> list[str]:
        """So many customers with a profile, ordered by id, behind the one named."""
        later = select(ProfileRow.customer).where(ProfileRow.customer > after)
        with self._people.read() as session:
            return list(session.scalars(later.order_by(ProfileRow.customer).limit(limit)))

    def keep(self, rows: Sequence[dict[str, Any]], gone: Iterable[str]) -> None:
        """Keep these, as `rows_of` made them, and drop those gone. Joins the write."""
        with self._people.write() as session:
            if ids := list(gone):
                session.execute(delete(ProfileRow).where(ProfileRow.customer.in_(ids)))
            hers = [row["customer"] for row in rows]
            kept = {row.customer: row for row in among(session, _RARELY, ProfileRow.customer, hers)}
            others, alike = list[dict[str, Any]](), list[dict[str, Any]]()
            for row in rows:
                same = kept.get(row["customer"]) == tuple(row[name] for name in _RARELY)
                (alike if same else others).append(row)
            upsert(session, ProfileRow, others)
            change(session, ProfileRow, [{name: row[name] for name in _OFTEN} for row in alike])

    def drop(self) -> None:
        """Throw the fold away, to be made again. Joins the digest's write."""
        with self._people.write() as session:
            session.execute(delete(ProfileRow))


def rows_of(profiles: Mapping[str, Profile], handles: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows to be kept, each with one of her handles: packing thousands of readings takes no
    lock, so it is done before one is held."""
    return [
        {
            "customer": customer, "handle": handles[customer], "name": profile.name,
            "phone": profile.phone, "last_at": _last(profile), "cell": _cell(profile),
            "body": profile.pack(),
        }
        for customer, profile in profiles.items()
    ]  # fmt: skip


def _cell(profile: Profile) -> str:
    return cell_of(profile.place[0], profile.place[1]) if profile.place else ""


def _last(profile: Profile) -> datetime:
    return datetime.fromtimestamp(profile.last[0], UTC)
