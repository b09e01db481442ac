"""Caches (页缓存): how much of its files SQLite keeps in the memory of one process.

Every thread has connections of its own, each with a cache of pages that only grows: what they keep
in all is bounded here, by the one limit that SQLite knows for a process. Beyond it a connection
that needs another page gives up its oldest.
"""

from __future__ import annotations

EACH = "cache_size=-4096"
"""A pragma: 4 MB a connection."""
ALL = "soft_heap_limit=67108864"
"""A pragma: 64 MB a process. Any connection sets it for all."""
