"""Notices (出站通知, Webhooks): systems outside are told what comes onto shelves and what changes.

Signed as Standard Webhooks, tried again for three days, told again on request; 410 ends it. A
notice says which thing and what happened, and never anything of a customer. What a channel shows is
another matter: that is a delivery.
"""

from channels.notices.carrying import Carrying
from channels.notices.records import KINDS, Notice, Subscription, Told
from channels.notices.subscriptions import Subscriptions
from channels.notices.telling import Telling

__all__ = ["KINDS", "Carrying", "Notice", "Subscription", "Subscriptions", "Telling", "Told"]
