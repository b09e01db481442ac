"""A whole company (整体搬家): written out of its stores, and brought into others, verified."""

from juzhen.transfer.whole.arriving import arrive
from juzhen.transfer.whole.drained import drain
from juzhen.transfer.whole.leaving import leave

__all__ = ["arrive", "drain", "leave"]
