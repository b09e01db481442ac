"""Outbound (出站): the one way out of the process, its rate gates and its breakers."""

from channels.outbound.breaker import Breakers
from channels.outbound.client import Answer, Http, Outbound
from channels.outbound.gate import RateGate
from channels.outbound.proxy import Proxy, proxy_of

__all__ = ["Answer", "Breakers", "Http", "Outbound", "Proxy", "RateGate", "proxy_of"]
