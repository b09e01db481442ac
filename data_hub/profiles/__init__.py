"""Profiles (画像): what a customer's events tell about her, as a fold that any order gives alike.

Does not decide who is who (`data_hub.identities`) nor what to offer her (`matching`).
"""

from data_hub.profiles.folding import fold
from data_hub.profiles.keeping import ProfileRow, Profiles, rows_of
from data_hub.profiles.profile import (
    SHAPE,
    Agreed,
    Holding,
    Profile,
    Purchase,
    Seen,
    Trait,
    paid,
)
from data_hub.profiles.topics import Stamped, Stamps, Topics, TopicStamp

__all__ = [
    "SHAPE",
    "Agreed",
    "Holding",
    "Profile",
    "ProfileRow",
    "Profiles",
    "Purchase",
    "Seen",
    "Stamped",
    "Stamps",
    "TopicStamp",
    "Topics",
    "Trait",
    "fold",
    "paid",
    "rows_of",
]
