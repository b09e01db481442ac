"""Publishing (发布与撤下): from the shelf to the channels and back.

``keeper`` holds the acts and the duties, ``promising`` makes deliveries of what is promised on the
shelf, ``carrying`` asks the last question and has the calls made.
"""

from channels.publishing.keeper import Publishing, Retired

__all__ = ["Publishing", "Retired"]
