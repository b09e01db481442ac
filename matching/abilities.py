"""Abilities (能力定位): what a rep is good at, learned from the deals she closed.

Shown to her, and hers to correct: what she says is not her strength counts no more, until she
takes that back. What she stands for by her own word is her persona (`data_hub.staff`).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, mapped_column

from content_hub.materials import Materials
from content_hub.tags import Taxonomy
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.values import dataclass
from matching.affinities import Vocabulary, labels, vocabulary_of
from matching.counters import Counters, Sold
from matching.scoring import Name, Pull, Reason, Weights
from stores.changes import Changes
from stores.records import Record, Records, upsert

_FEW_DEALS = 3.0
"""Pseudo-deals about nothing: one deal does not make a specialist."""


class AbilityCorrection(Record, kw_only=True):
    """A rep's word that something is not her strength, whatever she sold."""

    __tablename__ = "ability_corrections"

    staff: Mapped[str] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Ability:
    """One topic that a rep sells well."""

    tag: str
    name: Name
    count: int
    """In how many of her deals."""
    deals: int
    share: float
    """Shrunk, so that few deals say little."""
    refused: bool
    """She has said that it is not her strength."""


class Abilities:
    """What every rep is good at."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        counters: Counters,
        materials: Materials,
        taxonomy: Taxonomy,
        clock: Clock,
    ) -> None:
        self._records = records
        self._changes = changes
        self._counters = counters
        self._materials = materials
        self._taxonomy = taxonomy
        self._clock = clock

    def of(self, staff: str) -> list[Ability]:
        """What she has sold most, first; what she refused is listed and marked."""
        deals = self._counters.deals(staff)
        if not deals:
            return []
        vocabulary = vocabulary_of(self._taxonomy.now())
        about = self._materials.topics(
            {each.material for sold, _ in deals for each in sold if each.material}
        )
        counts: dict[str, int] = {}
        for sold, count in deals:
            for tag in {tag for each in sold for tag in _topics(vocabulary, about, each)}:
                counts[tag] = counts.get(tag, 0) + count
        total = sum(count for _, count in deals)
        refused = self._refused(staff)
        return [
            Ability(
                tag, labels(vocabulary.tree.tags([tag])), count, total,
                count / (total + _FEW_DEALS), tag in refused,
            )
            for tag, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        ]  # fmt: skip

    def _refused(self, staff: str) -> set[str]:
        wanted = select(AbilityCorrection.tag).where(AbilityCorrection.staff == staff)
        with self._records.read() as session:
            return set(session.scalars(wanted))

    def refuse(self, staff: str, tag: str, *, by: str) -> None:
        """This is not her strength. Repeating is harmless."""
        row = {"staff": staff, "tag": self._known(tag), "at": self._clock()}
        with self._records.write() as session:
            upsert(session, AbilityCorrection, [row])
            self._changes.note("refused_ability", "staff", staff, by=by, tag=row["tag"])

    def accept(self, staff: str, tag: str, *, by: str) -> None:
        """It is her strength after all."""
        known = self._known(tag)
        gone = delete(AbilityCorrection).where(
            AbilityCorrection.staff == staff, AbilityCorrection.tag == known
        )
        with self._records.write() as session:
            session.execute(gone)
            self._changes.note("accepted_ability", "staff", staff, by=by, tag=known)

    def _known(self, tag: str) -> str:
        found = self._taxonomy.now().find(tag)
        if found is None:
            raise NotFound("tag", tag[:60])
        return found.id


def _topics(vocabulary: Vocabulary, about: Mapping[str, Collection[str]], sold: Sold) -> set[str]:
    """What it is about that was sold: by the content, by the names of category and product."""
    found = {tag.id for tag in vocabulary.tree.tags(about.get(sold.material, ()))}
    for name in (sold.category, sold.product):
        found |= {tag.id for tag in vocabulary.topics(name)}
    return found


def ability_pulls(abilities: Sequence[Ability], weights: Weights) -> list[Pull]:
    """What her closed deals speak for."""
    counted = [each for each in abilities if not each.refused]
    whole = max(1.0, sum(each.share for each in counted))
    return [
        Pull.because(
            each.tag,
            Reason(
                "ability", "reason_ability",
                {"topic": each.name, "count": each.count, "deals": each.deals},
                weights.ability * each.share / whole,
                {"tag": each.tag, "count": each.count, "deals": each.deals},
            ),
        )
        for each in counted
    ]  # fmt: skip
