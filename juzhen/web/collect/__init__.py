"""Collecting (行为采集): the doors that behaviour comes in by, on Segment's wire and 神策's.

The front answers them itself: decode, check, hand to the shared commit, answer once it is durable.
The same doors stand in the Flask application, for tests and for those who mount it alone. What a
call means is `schemas.segment`'s and `schemas.sensors`' business.
"""

from juzhen.web.collect.doors import Collect, blueprint, collect
from juzhen.web.collect.wires import Owner

__all__ = ["Collect", "Owner", "blueprint", "collect"]
