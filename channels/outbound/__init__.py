"""Outbound (出站): the one way out of the process, its rate gates and its breakers."""

from channels.outbound.breaker import Breakers
from channels.outbound.client import Answer, Http, Outbound
from channels.outbound.gate import RateGate

__all__ = ["Answer", "Breakers", "Http", "Outbound", "RateGate"]
