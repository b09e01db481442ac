"""What is kept of a material (素材记录), and what follows from the record alone."""

import re
from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from content_hub import products
from content_hub.materials import variants
from kernel.ids import new_id
from stores.records import Record


class Material(Record, kw_only=True):
    """One piece of content. ``number`` counts its edits; values of its type are in ``fields``."""

    __tablename__ = "materials"
    __table_args__ = (
        UniqueConstraint("source_platform", "source_id", name="uq_materials_source"),
        Index("ix_materials_type", "type", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("mat"))
    code: Mapped[str] = mapped_column(unique=True)
    type: Mapped[str]
    title: Mapped[str]
    summary: Mapped[str]
    body: Mapped[str]
    cover: Mapped[str]
    """The id of a media file, or empty."""
    fields: Mapped[dict[str, Any]]
    unit: Mapped[str]
    """Empty is headquarters'."""
    owner: Mapped[str]
    created: Mapped[datetime]
    edited: Mapped[datetime]
    number: Mapped[int] = mapped_column(default=1)
    source_platform: Mapped[str | None] = mapped_column(default=None)
    source_id: Mapped[str | None] = mapped_column(default=None)
    source_url: Mapped[str] = mapped_column(default="")
    archived: Mapped[datetime | None] = mapped_column(default=None)
    variants: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
    """What it says otherwise for an account or in a language, as `variants` reads it."""


def document_of(material: Material) -> dict[str, Any]:
    """What answers about the shelf say of it; its tags are added by the showcase."""
    told = {
        "id": material.id, "code": material.code, "type": material.type,
        "title": material.title, "summary": material.summary, "cover": material.cover,
        "unit": material.unit, "number": material.number, "fields": material.fields,
    }  # fmt: skip
    if otherwise := variants.unbodied(material.variants):
        told["variants"] = otherwise
    return told


def texts_of(material: Material) -> dict[str, str]:
    """Everything of it that is read, by field."""
    told = {"title": material.title, "summary": material.summary, "body": material.body}
    for name, value in material.fields.items():
        if isinstance(value, str):
            told[f"fields.{name}"] = value
    told |= {
        name: value for name, value in variants.flat(material.variants)
        if isinstance(value, str) and not name.endswith(".cover")
    }  # fmt: skip
    return {name: text for name, text in told.items() if text or name == "body"}


_PICTURE = re.compile(r'"/media/(med_[0-9a-z]+)/')


def subjects_of(material: Material) -> set[str]:
    """What it depends on: the product it names, the files it shows."""
    said = dict(variants.flat(material.variants))
    files = {material.cover, *_PICTURE.findall(material.body)}
    files |= {each for value in said.values() for each in _PICTURE.findall(str(value))}
    for value in (*material.fields.values(), *said.values()):
        if str(value).startswith("med_"):
            files.add(value)
    told = {f"media:{file}" for file in files if file}
    if product := material.fields.get("product_code"):
        told.add(products.subject(str(product)))
    return told
