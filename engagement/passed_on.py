"""Passed-on tasks (任务随客户走): what is to be done about a customer is her present rep's.

Who sent a content herself is told of its reading, whoever looks after the reader: that stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy import select

from engagement.reminders import Reminder
from kernel.events import Handle
from stores.records import Records
from stores.spelling import chunks

_OF_THE_SENDER = "read_your_share"
Reps = Callable[[Collection[str]], Mapping[str, str]]
"""By customer, who looks after her; empty for nobody."""


def pass_on(records: Records, handles: Mapping[str, Sequence[Handle]], reps: Reps) -> int:
    """Give what is not done about these customers to who looks after them, unread again; what she
    was told herself once is told once. Says how many went over."""
    owners = {str(handle): customer for customer, hers in handles.items() for handle in hers}
    undone = [each for some in chunks(owners) for each in _undone(records, some)]
    now = reps({owners[each.handle] for each in undone}) if undone else {}
    astray = [(each, now[owners[each.handle]]) for each in undone]
    astray = [(each, rep) for each, rep in astray if rep not in {"", each.staff}]
    for each, rep in astray:
        _give(records, each.id, rep, [*map(str, handles[owners[each.handle]])])
    return len(astray)


def _undone(records: Records, handles: Collection[str]) -> list[Reminder]:
    wanted = select(Reminder).where(
        Reminder.handle.in_(handles), Reminder.done.is_(None), Reminder.kind != _OF_THE_SENDER
    )
    with records.read() as session:
        return list(session.scalars(wanted))


def _give(records: Records, reminder: str, rep: str, handles: Collection[str]) -> None:
    with records.write("triggers") as session:
        kept = session.get(Reminder, reminder, with_for_update=True)
        if kept is None or kept.done is not None:
            return
        same = select(Reminder.id).where(
            Reminder.staff == rep, Reminder.kind == kept.kind, Reminder.cycle == kept.cycle,
            Reminder.handle.in_(handles),
        )  # fmt: skip
        if session.scalar(same.limit(1)) is None:
            kept.staff, kept.opened = rep, None
        else:
            session.delete(kept)
