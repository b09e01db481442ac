"""Customers (客户): the people behind the handles, as far as the asker may see them.

Names and phones are masked unless the asker is the rep who looks after her. Decides nothing about
who is who, and offers nothing.
"""

from data_hub.customers.happenings import Happening, sentence
from data_hub.customers.relations import Relation, Relations
from data_hub.customers.revealing import A_DAY, Reveals
from data_hub.customers.seeing import Customer, Customers, CustomersSeen
from data_hub.masks import mask_handle, mask_name, mask_phone, mask_text, mask_trait, spell_trait

__all__ = [
    "A_DAY",
    "Customer",
    "Customers",
    "CustomersSeen",
    "Happening",
    "Relation",
    "Relations",
    "Reveals",
    "mask_handle",
    "mask_name",
    "mask_phone",
    "mask_text",
    "mask_trait",
    "sentence",
    "spell_trait",
]
