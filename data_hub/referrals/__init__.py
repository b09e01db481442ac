"""Referrals (转介绍): whose code brought whom, what they bought since, what is owed for it.

Tells who invited and what the ledger says; money is paid elsewhere, by people, and noted here.
"""

from data_hub.referrals.chains import Brought, Chain, Chains, Inviter, Ledger, Step
from data_hub.referrals.keeping import Referrals
from data_hub.referrals.rewards import cents

__all__ = ["Brought", "Chain", "Chains", "Inviter", "Ledger", "Referrals", "Step", "cents"]
