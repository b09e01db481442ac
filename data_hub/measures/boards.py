"""Boards (看板): which figures a role sees first, five at most (D); another needs a reason.

The reason is kept and stands on the board. What nobody chose is `kpis.BOARDS`. Counts nothing:
`data_hub.measures.keeping` does.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from data_hub.measures.kpis import KPIS, MOST, Kpi, board
from kernel.actors import Role
from kernel.clock import Clock
from kernel.errors import Conflict, Invalid
from kernel.values import dataclass
from stores.changes import Changes
from stores.records import Record, Records, upsert

_BEYOND = 3
"""So many figures more has a board that has a reason for them."""


class BoardChoice(Record, kw_only=True):
    """What somebody chose for a role's board, and why it holds more than others, if it does."""

    __tablename__ = "board_choices"

    role: Mapped[str] = mapped_column(primary_key=True)
    codes: Mapped[list[str]]
    reason: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Board:
    """One role's board."""

    role: Role
    kpis: tuple[Kpi, ...]
    reason: str = ""
    """Why it holds more than boards usually do; empty if it does not."""
    by: str = ""
    at: datetime | None = None
    """None: nobody has chosen it."""


class Boards:
    """The board of each role."""

    def __init__(
        self, records: Records, changes: Changes, clock: Clock, *, most: int = MOST
    ) -> None:
        self.most = most
        self._records = records
        self._changes = changes
        self._clock = clock

    def of(self, role: Role) -> Board:
        """What was chosen, else what such a role usually sees."""
        with self._records.read() as session:
            kept = session.get(BoardChoice, role.value)
        if kept is None:
            return Board(role, tuple(board(role)[: self.most]))
        chosen = tuple(KPIS[code] for code in kept.codes if code in KPIS)
        return Board(role, chosen, kept.reason, kept.by, kept.at)

    def choose(self, role: Role, codes: Sequence[str], *, by: str, reason: str = "") -> Board:
        """Choose the figures, in their order. Repeating is harmless.

        Raises `Invalid` for figures that nothing tells of, `Conflict` for a sixth without a reason.
        """
        chosen, reason = list(dict.fromkeys(codes)), reason.strip()
        if not chosen or not all(code in KPIS and KPIS[code].tracked for code in chosen):
            raise Invalid("codes", "untracked_figure")
        most = self.most + _BEYOND if reason else self.most
        if len(chosen) > most:
            raise Conflict("board_is_full", most=most)
        reason = reason if len(chosen) > self.most else ""
        row = {
            "role": role.value, "codes": chosen, "reason": reason, "by": by, "at": self._clock(),
        }  # fmt: skip
        with self._records.write(f"board:{role.value}") as session:
            upsert(session, BoardChoice, [row])
            self._changes.note(
                "chose_board", "board", role.value, by=by, codes=chosen, reason=reason
            )
        return self.of(role)
