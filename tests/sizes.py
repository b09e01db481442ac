"""How big a fault test is: what fits CI, or its full size (``make soak``)."""

import os

SOAK = os.environ.get("JUZHEN_SOAK") == "1"


def sized(here, full):
    """The size for this run."""
    return full if SOAK else here


def turns(full):
    """For parametrize: once in CI, again and again in a soak."""
    return range(sized(1, full))
