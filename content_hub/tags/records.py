"""What is kept of tags (标签, 贴标): the tag, and that it is on a material."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from kernel.ids import new_id
from kernel.values import dataclass
from stores.records import Record


@dataclass(frozen=True, slots=True)
class Facet:
    """One respect in which materials are told apart (维度)."""

    code: str
    zh: str
    en: str


FACETS = {
    code: Facet(code, zh, en)
    for code, zh, en in (
        ("topic", "主题", "Topic"),
        ("stage", "阶段", "Stage"),
        ("purpose", "用途", "Purpose"),
        ("resistance", "阻力", "Resistance"),
        ("need", "需求", "Need"),
        ("trust_device", "信任状", "Trust device"),
        ("tone", "调性", "Tone"),
        ("persona", "人设", "Persona"),
        ("audience", "人群", "Audience"),
    )
}


class Tag(Record, kw_only=True):
    """One word of the company's vocabulary. A merged one stays, to redirect who still names it."""

    __tablename__ = "tags"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("tag"))
    code: Mapped[str] = mapped_column(unique=True)
    facet: Mapped[str] = mapped_column(index=True)
    zh: Mapped[str]
    en: Mapped[str]
    synonyms: Mapped[list[str]]
    pinyin: Mapped[str]
    """Full spelling and initials, to find 养老 by yanglao and yl."""
    parent: Mapped[str | None] = mapped_column(default=None)
    merged_into: Mapped[str | None] = mapped_column(default=None)
    retired: Mapped[datetime | None] = mapped_column(default=None)
    """Stays on what wears it; nothing else gets it from then on."""
    owner: Mapped[str] = mapped_column(default="")
    """Who answers for the word; empty is whoever manages tags."""
    related: Mapped[list[str]] = mapped_column(default_factory=list)

    def label(self, language: str = "zh") -> str:
        return self.en if language == "en" else self.zh


class Tagging(Record, kw_only=True):
    """This tag is on that material: as somebody put it on, be it merged into another since."""

    __tablename__ = "taggings"
    __table_args__ = (Index("ix_taggings_tag", "tag", "material"),)

    material: Mapped[str] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
    by: Mapped[str]
    at: Mapped[datetime]


class TagAct(Record, kw_only=True):
    """One act on the vocabulary: what it changed, and how far the shelf has followed."""

    __tablename__ = "tag_acts"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("tga"))
    act: Mapped[str]
    tag: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]
    before: Mapped[dict[str, Any]]
    """By tag, the fields that it changed, as they were."""
    after: Mapped[dict[str, Any]]
    touched: Mapped[list[str]]
    """Tags whose materials are found elsewhere from then on."""
    upto: Mapped[str] = mapped_column(default="")
    """The last material whose rows on the shelf were brought up to it."""
    settled: Mapped[datetime | None] = mapped_column(default=None, index=True)
    undone: Mapped[datetime | None] = mapped_column(default=None)
