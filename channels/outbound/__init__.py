"""Outbound (出站): the one way out of the process, its rate gates and its breakers."""

from channels.outbound.asking import Question, asked, fields
from channels.outbound.breaker import Breakers
from channels.outbound.client import Outbound
from channels.outbound.gate import RateGate
from channels.outbound.proxy import Proxy, proxy_of
from channels.outbound.words import Answer, Http

__all__ = [
    "Answer",
    "Breakers",
    "Http",
    "Outbound",
    "Proxy",
    "Question",
    "RateGate",
    "asked",
    "fields",
    "proxy_of",
]
