"""Blocks (拉黑与删除): who cut us off, what reached her last, and which content drives people away.

Follows what the digest found. A material over which more people leave than the touch policy bears
is taken off every shelf until a person has looked at it. Sends nothing and cancels nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from channels.deliveries import Delivery, State
from channels.touch_policy import Policy
from content_hub import bounds
from content_hub.materials import Material
from data_hub.findings import Findings, Found
from data_hub.following import Following
from data_hub.identities import Identities
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.ids import Page
from stores.changes import Changes
from stores.paging import newest_first
from stores.records import Record, Records

WHY = "blocking"
"""What the shelf says holds such a material."""
LAST = 5
"""So many of the last touches are kept with a block."""
_WINDOW = timedelta(days=30)
"""What is counted for a share."""
_KIND = "unfollowed"
_REACHED = (State.DONE, State.PARTLY, State.SUBMITTED)


class Block(Record, kw_only=True):
    """Somebody cut off one of our accounts or reps."""

    __tablename__ = "blocks"

    source: Mapped[str] = mapped_column(primary_key=True)
    """The finding that told of it."""
    handle: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    account: Mapped[str]
    rep: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
    material: Mapped[str] = mapped_column(index=True, default="")
    """What reached her last, if that is to blame."""
    touches: Mapped[list[Any]] = mapped_column(default_factory=list)
    """What reached her before, the latest first: ``delivery, material, account, at``."""


class BlockReview(Record, kw_only=True):
    """A material that was paused, and when somebody looked at it."""

    __tablename__ = "block_reviews"

    material: Mapped[str] = mapped_column(primary_key=True)
    paused: Mapped[datetime]
    blocks: Mapped[int]
    reached: Mapped[int]
    reviewed: Mapped[datetime | None] = mapped_column(default=None)
    """What happened before counts no more."""

    @property
    def rate(self) -> float:
        return self.blocks / self.reached if self.reached else 0.0


class Blocks:
    """Everybody who left, and the content that is paused for it."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        findings: Findings,
        identities: Identities,
        clock: Clock,
    ) -> None:
        self._records = records
        self._changes = changes
        self._identities = identities
        self._clock = clock
        self._following = Following(records, findings, "blocks")

    def follow(self, policy: Policy, limit: int = 100) -> int:
        """Take in what the digest found since the last time; how much that was. Harmless when
        repeated."""
        stretch = self._following.stretch(limit)
        if not stretch.found:
            return 0
        left = [each for each in stretch.found if each.kind == _KIND]
        with self._records.write() as session:
            blamed = {self._note(session, each, policy) for each in left} - {""}
        for material in sorted(blamed):
            self.judge(material, policy)
        self._following.acted(stretch)  # last: who dies before it judges again
        return len(stretch.found)

    def judge(self, material: str, policy: Policy) -> bool:
        """Pause it if it drives people away; is it paused? Judging twice does no harm."""
        with self._records.write(f"material:{material}", f"placement:{material}") as session:
            review = session.get(BlockReview, material)
            if review is not None and review.reviewed is None:
                return True
            since = self._clock() - _WINDOW
            if review is not None and review.reviewed is not None:
                since = max(since, review.reviewed)
            blocks, reached = _counted(session, material, since)
            if reached < policy.block_least or blocks <= reached * policy.block_rate:
                return False
            if session.get(Material, material) is None:
                return False
            if review is None:
                review = BlockReview(material=material, paused=since, blocks=0, reached=0)
                session.add(review)
            review.paused, review.reviewed = self._clock(), None
            review.blocks, review.reached = blocks, reached
            bounds.bar(session, [material], WHY)
            self._changes.note(
                "paused_for_blocks", "material", material, by="worker", content=True,
                blocks=blocks, reached=reached,
            )  # fmt: skip
        return True

    def release(self, material: str, *, by: str) -> BlockReview:
        """Somebody looked at it: it stands again, and counting begins anew. Raises `NotFound` for
        what was never paused; releasing twice does no harm."""
        with self._records.write(f"material:{material}", f"placement:{material}") as session:
            review = session.get(BlockReview, material)
            if review is None:
                raise NotFound("material", material[:80])
            if review.reviewed is None:
                review.reviewed = self._clock()
                bounds.lift(session, material, WHY)
                self._changes.note("released_after_blocks", "material", material, by=by,
                                   content=True)  # fmt: skip
        return review

    def paused(self) -> list[BlockReview]:
        """What waits for somebody to look at it, the worst first."""
        waiting = select(BlockReview).where(BlockReview.reviewed.is_(None))
        with self._records.read() as session:
            return sorted(session.scalars(waiting), key=lambda each: (-each.rate, each.material))

    def page(self, *, first: int = 20, after: str | None = None) -> Page[Block]:
        """Who left, the latest first."""
        by = Block.at, Block.source
        return newest_first(self._records, select(Block), *by, first=first, after=after)

    def _note(self, session: Session, found: Found, policy: Policy) -> str:
        """Keep it with what reached her last; the material to blame, empty if none is."""
        known = session.get(Block, found.key)
        if known is not None:
            return known.material
        touches = self._touches(session, found)
        blamed = timedelta(days=policy.block_days)
        fresh = [each for each in touches[:1] if found.at - _sent(each) <= blamed]
        material = fresh[0].material if fresh else ""
        session.add(
            Block(
                source=found.key, handle=found.handle, rep=found.rep, at=found.at,
                account=str(found.evidence.get("account") or ""), material=material,
                touches=[
                    {"delivery": each.id, "material": each.material, "account": each.account,
                     "at": _sent(each).isoformat()}
                    for each in touches
                ],
            )
        )  # fmt: skip
        return material

    def _touches(self, session: Session, found: Found) -> Sequence[Delivery]:
        """What reached her, on whichever account, before she left."""
        hers = self._identities.alongside(found.handle)
        wanted = (
            select(Delivery)
            .where(
                Delivery.target.in_(hers), Delivery.state.in_(_REACHED),
                Delivery.last_sent <= found.at,
            )
            .order_by(Delivery.last_sent.desc(), Delivery.id.desc())
            .limit(LAST)
        )  # fmt: skip
        return session.scalars(wanted).all()


def _sent(delivery: Delivery) -> datetime:
    assert delivery.last_sent is not None  # noqa: S101 — it reached her
    return delivery.last_sent


def _counted(session: Session, material: str, since: datetime) -> tuple[int, int]:
    """How many left because of it, and how often it reached one person."""
    left = select(func.count()).where(Block.material == material, Block.at >= since)
    reached = select(func.count()).where(
        Delivery.material == material, Delivery.target != "", Delivery.state.in_(_REACHED),
        Delivery.last_sent >= since,
    )  # fmt: skip
    return session.scalar(left) or 0, session.scalar(reached) or 0
