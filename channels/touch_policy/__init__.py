"""The touch policy (轻骚扰): one gate in front of every marketing touch of every account.

``policy`` is what a company may choose, ``rules`` the one decision, ``ledger`` what a decision has
to know, ``keeper`` reserves the places, ``moods`` says who is left in peace,
``saying`` tells a rep why not now, ``simulation`` plays the last month under another policy.
"""

from channels.touch_policy.keeper import GATE, SLICE, Allowance, Reserved, TouchPolicy
from channels.touch_policy.ledger import Natures, Persons
from channels.touch_policy.moods import Moods
from channels.touch_policy.policy import Caps, Policy
from channels.touch_policy.simulation import Simulation, Simulations
from channels.touch_policy.touch import (
    Advised,
    Decision,
    Kind,
    Known,
    Nature,
    Person,
    Touch,
    Verdict,
)

__all__ = [
    "GATE",
    "SLICE",
    "Advised",
    "Allowance",
    "Caps",
    "Decision",
    "Kind",
    "Known",
    "Moods",
    "Nature",
    "Natures",
    "Person",
    "Persons",
    "Policy",
    "Reserved",
    "Simulation",
    "Simulations",
    "Touch",
    "TouchPolicy",
    "Verdict",
]
