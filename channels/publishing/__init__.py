"""Publishing (发布与撤下): from the shelf to the channels and back.

``keeper`` holds the acts and the duties. It is made of four parts that do not know one another's
state: ``promises`` holds the shelf against the outbox, ``last_question`` says whether what is due
may still go and what it says, ``sending`` has the calls made; whoever waits for a place under the
caps is `channels.deliveries.gating`'s.
"""

from channels.publishing.keeper import Publishing, Retired

__all__ = ["Publishing", "Retired"]
