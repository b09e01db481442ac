"""Deliveries (发件箱): one row for one thing to be shown or said, and how far it got.

``record`` is the row; ``ledger`` answers questions, ``claiming`` says who is served next,
``settling`` what came of it, ``outbox`` is the keeper. ``gating`` waits for places under the caps,
``retries`` is the rule of trying again, ``heartbeat`` keeps the leases of running sends,
``courier`` makes the call and tells what came of it.
"""

from channels.deliveries.courier import Courier
from channels.deliveries.gating import Gating
from channels.deliveries.heartbeat import Heartbeat
from channels.deliveries.outbox import Deliveries
from channels.deliveries.record import OPTED_OUT, Delivery, Lane, State

__all__ = [
    "OPTED_OUT", "Courier", "Deliveries", "Delivery", "Gating", "Heartbeat", "Lane", "State",
]  # fmt: skip
