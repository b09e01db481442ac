"""What must hold of the touch policy's places (触达名额不变量): asked by `juzhen check`."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select

from channels.broadcasts.record import Broadcast
from channels.deliveries import Delivery, Lane, State
from channels.touch_policy.record import Touched
from stores.records import Records


def place_flaws(records: Records) -> Iterator[str]:
    """A place under the caps is held by what still waits to go, and by nothing else."""
    going = State.DUE, State.SENDING, State.UNKNOWN
    held = select(Touched.key).outerjoin(Delivery, Delivery.id == Touched.key)
    with records.read() as session:
        for key in session.scalars(held.where(Touched.held, Delivery.id.is_(None)).limit(100)):
            yield f"places: {key} holds one and there is no such delivery"
        over = held.where(Touched.held, Delivery.state.not_in(going))
        for key in session.scalars(over.limit(100)):
            yield f"places: {key} holds one and goes no further"
        gated = held.where(Delivery.state == State.DUE, Delivery.lane == Lane.GATED)
        for key in session.scalars(gated.limit(100)):
            yield f"places: {key} has one and waits for one"
        for key in session.scalars(select(Touched.key).where(Touched.weight < 0).limit(100)):
            yield f"places: {key} weighs less than nothing"


def broadcast_flaws(records: Records) -> Iterator[str]:
    """No more was queued for a broadcast than it planned. (Less may be left: people are erased.)"""
    queued = func.count(Delivery.id)
    over = (
        select(Broadcast.id, Broadcast.planned, queued)
        .join(Delivery, Delivery.broadcast == Broadcast.id, isouter=True)
        .group_by(Broadcast.id, Broadcast.planned)
        .having(queued > Broadcast.planned)
    )
    with records.read() as session:
        for id_, planned, count in session.execute(over.limit(100)):
            yield f"broadcast {id_} planned {planned} deliveries, and {count} are there"
