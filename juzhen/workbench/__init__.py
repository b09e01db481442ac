"""The workbench (员工工作台): what a rep does on her phone, between two customers.

Red dots, customers with what to say and why, sharing with a light edit. Phone first, two levels of
menu, every page without JavaScript. Knows the keepers and no rule of theirs.
"""

from juzhen.workbench.pages import blueprint

__all__ = ["blueprint"]
