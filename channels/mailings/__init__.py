"""Mailings (合并群发): deliveries of one broadcast that leave together, in the name of one rep.

Where a platform has reps confirm what is sent, each of them confirms once for all of hers. Every
customer keeps a delivery of her own; a mailing only carries them. ``record`` is the row,
``keeper`` gathers what goes along, reminds and takes back, ``posting`` calls the platform and
notes what came of it.
"""

from channels.mailings.keeper import Mailings
from channels.mailings.posting import MailPost
from channels.mailings.record import Mailing

__all__ = ["MailPost", "Mailing", "Mailings"]
