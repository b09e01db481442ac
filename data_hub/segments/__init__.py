"""Segments (人群): who belongs together by a rule or on a list, kept live by the digest."""

from data_hub.segments.book import Because, Book, Entry
from data_hub.segments.keeping import Segments, Size, read, written
from data_hub.segments.membership import Membership
from data_hub.segments.previewing import Preview, Previews
from data_hub.segments.records import Fill, Listed, Member, Segment
from data_hub.segments.sentences import sentence
from data_hub.segments.subject import Subject

__all__ = [
    "Because",
    "Book",
    "Entry",
    "Fill",
    "Listed",
    "Member",
    "Membership",
    "Preview",
    "Previews",
    "Segment",
    "Segments",
    "Size",
    "Subject",
    "read",
    "sentence",
    "written",
]
