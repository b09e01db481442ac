"""A segment's members as a sheet (人群名单): ids and since when, for a page and a command alike."""

from __future__ import annotations

import csv
import io

from data_hub.segments.keeping import Segments
from data_hub.segments.records import Segment

_ROWS = 500


def members_csv(segments: Segments, segment: Segment) -> str:
    """Everybody who is in, one a line."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["customer", "since"])
    after = ""
    while page := segments.members(segment.id, after, _ROWS):
        since = segments.of(page)
        rows.writerows([each, since[each].get(segment.id, "")] for each in page)
        after = page[-1]
    return out.getvalue()
