"""Campaigns (活动): a window that placements share, its parameters (参数) and prizes (名额).

They move together; what is won is never more than was promised. Places nothing, knows no channel.
"""

from content_hub.campaigns.draws import Draw, Draws
from content_hub.campaigns.keeper import Campaigns
from content_hub.campaigns.parameters import (
    DISCOUNT,
    Held,
    Parameter,
    ParameterChange,
    Parameters,
)
from content_hub.campaigns.prices import Purchase, Purchases
from content_hub.campaigns.records import Campaign, CampaignKind, Operation, window_flaws

__all__ = [
    "DISCOUNT", "Campaign", "CampaignKind", "Campaigns", "Draw", "Draws", "Held", "Operation",
    "Parameter", "ParameterChange", "Parameters", "Purchase", "Purchases", "window_flaws",
]  # fmt: skip
