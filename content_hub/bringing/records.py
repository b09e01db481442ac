"""What is kept of a sheet (导入记录): that it came, and what it did to each material."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from kernel.ids import new_id
from stores.records import Record


class ImportRun(Record, kw_only=True):
    """One sheet that somebody brought in."""

    __tablename__ = "import_runs"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("imp"))
    source: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]
    line: Mapped[int] = mapped_column(default=0)
    """The last line that was dealt with."""
    undone: Mapped[datetime | None] = mapped_column(default=None)


class ImportedRow(Record, kw_only=True):
    """What a run did to one material."""

    __tablename__ = "imported_rows"

    run: Mapped[str] = mapped_column(primary_key=True)
    material: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    """The edit before the run; 0 if the run made it."""
    last: Mapped[int] = mapped_column(default=0, server_default="0")
    """The run's own last edit, if it edited more than once; -1 if somebody else edited between."""
    wished: Mapped[list[str]] = mapped_column(default_factory=list, server_default="[]")
    """The tags that its lines name."""
    put: Mapped[dict[str, Any]] = mapped_column(default_factory=dict, server_default="{}")
    """Those of them that it put on, each with the moment."""

    def untouched(self, number: int) -> bool:
        """Has nobody edited it since the run, if its last edit has this number?"""
        return number == (self.last or self.number + 1)
