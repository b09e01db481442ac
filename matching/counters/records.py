"""What is kept of the counters (计数存取): everything in here can be folded from history again."""

from sqlalchemy import BigInteger, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from stores.records import Folded


class MaterialCount(Folded, kw_only=True):
    """What all customers together tell about one content."""

    __tablename__ = "material_counts"

    material: Mapped[str] = mapped_column(primary_key=True)
    popular: Mapped[float]
    """Readers, each worth 2^(t/half-life) for its moment t: nothing ever needs to be decayed."""
    lately: Mapped[float]
    """The same by a shorter half-life: what is read these days."""
    readers: Mapped[int]
    shown: Mapped[int]
    clicked: Mapped[int]
    moved: Mapped[int] = mapped_column(BigInteger, index=True)
    """The history position at which it last fared otherwise, for arrays that keep in step."""
    stale: Mapped[bool] = mapped_column(index=True)
    """Its neighbours have changed since they were last packed."""


class ScopedCount(Folded, kw_only=True):
    """Decayed readers of one content within one account or one rep's book."""

    __tablename__ = "scoped_counts"

    scope: Mapped[str] = mapped_column(primary_key=True)
    """``account:acc_…`` or ``rep:stf_…``."""
    material: Mapped[str] = mapped_column(primary_key=True)
    popular: Mapped[float]


class Pair(Folded, kw_only=True):
    """How near two contents lie, over all trails. ``one`` sorts before ``two``."""

    __tablename__ = "content_pairs"

    one: Mapped[str] = mapped_column(primary_key=True)
    two: Mapped[str] = mapped_column(primary_key=True, index=True)
    near: Mapped[float]


class Trail(Folded, kw_only=True):
    """The last contents behind one handle."""

    __tablename__ = "trails"

    handle: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})
    steps: Mapped[bytes] = mapped_column(LargeBinary, info={"customer": "drop"})
    met: Mapped[bytes] = mapped_column(
        LargeBinary, default=b"", server_default=text("''"), info={"customer": "drop"}
    )
    """Contents that it has met before these: eight bytes of key each."""
    moved: Mapped[float] = mapped_column(index=True)
    """When its last step was, in seconds since 1970."""


class Neighbours(Folded, kw_only=True):
    """The nearest contents of one, packed: eight bytes of key and of strength each."""

    __tablename__ = "neighbours"

    material: Mapped[str] = mapped_column(primary_key=True)
    keys: Mapped[bytes] = mapped_column(LargeBinary)
    strengths: Mapped[bytes] = mapped_column(LargeBinary)


class Deal(Folded, kw_only=True):
    """How many orders a rep has closed of one kind, less what was paid back."""

    __tablename__ = "deals"

    rep: Mapped[str] = mapped_column(primary_key=True)
    material: Mapped[str] = mapped_column(primary_key=True)
    """Of an order of several things all of its lines, as JSON."""
    category: Mapped[str] = mapped_column(primary_key=True)
    product: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]


class Sales(Folded, kw_only=True):
    """What was bought from reps under one handle, and what was paid back: the last lines, and those
    that are not counted yet."""

    __tablename__ = "sales"

    handle: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})
    lines: Mapped[bytes] = mapped_column(LargeBinary, info={"customer": "drop"})
    counted: Mapped[bytes] = mapped_column(
        LargeBinary, default=b"[]", server_default=text("'[]'"), info={"customer": "drop"}
    )
    """The deals that stand in the sums for these lines and for those of her other handles."""


class DealsDue(Folded, kw_only=True):
    """A handle of whoever's deals are to be counted."""

    __tablename__ = "deals_due"

    handle: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})
    times: Mapped[int]
    """How often it was asked for since they were counted last."""
