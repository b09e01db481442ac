"""Content types (内容类型): what a material of each type holds, reports and asks of a channel.

Ten come built in; a company adds types, and fields to any type, at run time: that is a row here
and never a new column, because values live in the material's one JSON column. Keeps no values.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content_hub import richtext
from kernel.errors import Conflict, Flaw, Invalid
from kernel.values import dataclass
from stores.changes import Changes
from stores.records import Record, Records
from stores.remembered import Remembered


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    HTML = "html"
    NUMBER = "number"
    FLAG = "flag"
    DATE = "date"
    CHOICE = "choice"
    LIST = "list"
    LINK = "link"
    MEDIA = "media"


_LIMITS = {Kind.TEXT: 200, Kind.LONG_TEXT: 5_000, Kind.HTML: 200_000, Kind.LINK: 2_000}
_LIST_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a type. A field name has one kind in the whole company."""

    name: str
    kind: Kind
    zh: str
    en: str
    required: bool = False
    choices: tuple[str, ...] = ()

    @property
    def limit(self) -> int:
        """Characters, for texts; entries, for lists."""
        return _LIMITS.get(self.kind, _LIST_LIMIT if self.kind is Kind.LIST else 200)


@dataclass(frozen=True, slots=True)
class ContentType:
    """What is true for every material of a type."""

    code: str
    zh: str
    en: str
    fields: tuple[Field, ...]
    tracking: tuple[str, ...]
    """The tracking spec (埋点): kinds of event that a material of this type reports."""
    channels: frozenset[str]
    """Capabilities of which a channel needs at least one to show it."""
    body: str = "html"
    """``html``, or ``text`` for what is spoken or pasted."""
    needs: tuple[str, ...] = ()
    """Parts besides title and tag without which it does not go on the shelf."""


def _field(name: str, kind: Kind, zh: str, en: str, *choices: str) -> Field:
    return Field(name, kind, zh, en, choices=choices)


_OFFER = (
    _field("product_code", Kind.TEXT, "产品代码", "Product code"),
    _field("price", Kind.TEXT, "价格", "Price"),
    _field("benefit", Kind.TEXT, "客户利益", "Benefit"),
    _field("next_step", Kind.TEXT, "下一步", "Next step"),
    _field("next_url", Kind.LINK, "下一步链接", "Link of the next step"),
    _field("promo_level", Kind.CHOICE, "促销力度", "Size of the promotion", "small", "large"),
    _field("price_cut", Kind.FLAG, "含降价", "Cuts a price"),
)
_PRODUCT = (
    _field("risk_level", Kind.CHOICE, "风险等级", "Risk level", "R1", "R2", "R3", "R4", "R5"),
)
_DOCUMENT = _field("document", Kind.MEDIA, "PDF 文件", "PDF document")
_VIDEO = _field("video", Kind.MEDIA, "视频文件", "Video file")

BUILT_IN = {
    each.code: each
    for each in (
        ContentType(
            "script", "话术", "Script",
            (
                _field("scene", Kind.TEXT, "使用场景", "When to say it"),
                _field("tips", Kind.LONG_TEXT, "使用提示", "How to say it"),
            ),
            ("copied_script", "sent_script"), frozenset({"text", "article"}), body="text",
        ),
        ContentType(
            "product_note", "产品说明", "Product note", (_DOCUMENT, *_PRODUCT, *_OFFER),
            ("opened_link", "read_material", "turned_page", "downloaded_file", "shared_material"),
            frozenset({"file", "article"}),
        ),
        ContentType(
            "image_text", "图文", "Image-text",
            (_field("author", Kind.TEXT, "作者", "Author"), *_OFFER),
            ("opened_link", "read_material", "shared_material"), frozenset({"article"}),
        ),
        ContentType(
            "poster", "海报", "Poster",
            (
                _field("slogan", Kind.TEXT, "主标语", "Slogan"),
                _field("rep_card", Kind.FLAG, "海报上印名片", "The rep's card on the poster"),
                *_OFFER,
            ),
            ("opened_link", "read_material", "saved_image", "shared_material"),
            frozenset({"image", "article"}),
        ),
        ContentType(
            "short_video", "短视频", "Short video",
            (
                _VIDEO,
                _field("seconds", Kind.NUMBER, "时长（秒）", "Length in seconds"),
                _field("outline", Kind.LONG_TEXT, "拍摄提纲", "Outline"),
                *_OFFER,
            ),
            ("opened_link", "read_material", "played_video", "shared_material"),
            frozenset({"video", "article"}),
        ),
        ContentType(
            "mini_program_tool", "小程序工具", "Mini-program tool",
            (
                _field("app_id", Kind.TEXT, "小程序 AppID", "App id"),
                _field("path", Kind.TEXT, "页面路径", "Page path"),
                _field("web_url", Kind.LINK, "网页版链接", "Link of the web version"),
                *_OFFER,
            ),
            ("opened_link", "read_material", "used_tool", "shared_material"),
            frozenset({"mini_program", "article"}),
        ),
        ContentType(
            "proposal", "计划书", "Proposal",
            (
                _DOCUMENT,
                _field("premium", Kind.NUMBER, "年交保费", "Premium a year"),
                _field("term_years", Kind.NUMBER, "交费年限", "Years to pay"),
                *_PRODUCT, *_OFFER,
            ),
            ("opened_link", "read_material", "turned_page", "downloaded_file"),
            frozenset({"file", "article"}),
        ),
        ContentType(
            "livestream", "直播", "Livestream",
            (
                _field("starts", Kind.TEXT, "开播时间", "Goes live"),
                _field("speaker", Kind.TEXT, "主讲人", "Speaker"),
                _field("room_url", Kind.LINK, "直播间链接", "Link of the room"),
                _field("products", Kind.LIST, "产品清单", "Products"),
                *_OFFER,
            ),
            ("opened_link", "read_material", "entered_livestream", "shared_material"),
            frozenset({"livestream", "article"}),
        ),
        ContentType(
            "customer_story", "客户故事", "Customer story",
            (
                _field("told_by", Kind.TEXT, "讲述人（化名）", "Told by (pseudonym)"),
                _field("may_publish", Kind.FLAG, "客户已同意公开", "The customer agreed"),
                _VIDEO, *_OFFER,
            ),
            ("opened_link", "read_material", "liked_material", "shared_material"),
            frozenset({"article", "video"}), needs=("may_publish",),
        ),
        ContentType(
            "file", "文件", "File", (_DOCUMENT,),
            ("opened_link", "downloaded_file"), frozenset({"file"}),
        ),
    )
}  # fmt: skip


class TypeAddition(Record, kw_only=True):
    """A type that the company added, or the fields it added to a built-in one."""

    __tablename__ = "content_types"

    code: Mapped[str] = mapped_column(primary_key=True)
    zh: Mapped[str]
    en: Mapped[str]
    fields: Mapped[list[Any]]
    tracking: Mapped[list[str]]
    channels: Mapped[list[str]]
    needs: Mapped[list[str]]


class Types:
    """Every content type the company works with."""

    def __init__(self, records: Records, changes: Changes) -> None:
        self._records = records
        self._changes = changes
        self._known = Remembered(records, changes, "types", _all)

    def all(self) -> list[ContentType]:
        return list(self._known.now().values())

    def one(self, code: str) -> ContentType:
        """Raises `Invalid` naming ``type`` for a type that nobody made."""
        found = self._known.now().get(code)
        if found is None:
            raise Invalid("type", "unknown_material_type", type=str(code)[:60])
        return found

    def check(self, code: str, values: Mapping[str, Any]) -> list[Flaw]:
        """What is wrong with the values of a material of this type."""
        return self.read(code, values)[1]

    def read(self, code: str, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Flaw]]:
        """The values as they are kept, and what is wrong with the others."""
        kept: dict[str, Any] = {}
        flaws: list[Flaw] = []
        fields = {field.name: field for field in self.one(code).fields}
        for name, value in values.items():
            if name not in fields:
                flaws.append(Flaw("fields", "unknown_field", {"name": str(name)[:60]}))
            elif value is not None and value != "":
                try:
                    kept[name] = _READERS[fields[name].kind](fields[name], value)
                except Invalid as wrong:
                    flaws += wrong.flaws
        flaws += [
            Flaw(f"fields.{field.name}", "missing")
            for field in fields.values()
            if field.required and field.name not in kept
        ]
        return kept, flaws

    def add(
        self,
        code: str,
        *,
        by: str,
        zh: str = "",
        en: str = "",
        fields: Sequence[Field] = (),
        tracking: Sequence[str] = (),
        channels: Sequence[str] = (),
        needs: Sequence[str] = (),
    ) -> ContentType:
        """Add a type, or fields to one that exists.

        Raises `Conflict` for a field whose name is of another kind somewhere in the company.
        """
        if not _CODE.fullmatch(code):
            raise Invalid("code", "bad_code")
        with self._records.write("types") as session:
            known = _all(session)
            _check_kinds(known.values(), fields)
            _check_new(known.get(code), fields)
            row = session.get(TypeAddition, code) or TypeAddition(
                code=code, zh=zh or code, en=en or code, fields=[], tracking=[], channels=[],
                needs=[],
            )  # fmt: skip
            row.fields = [*row.fields, *map(_spelled, fields)]
            row.tracking = [*row.tracking, *tracking]
            row.channels = [*row.channels, *channels]
            row.needs = [*row.needs, *needs]
            session.add(row)
            self._changes.count_up("types")
            self._changes.note("added_type", "content_type", code, by=by, content=True)
            session.flush()
            return _all(session)[code]


_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")


def _all(session: Session) -> dict[str, ContentType]:
    known = dict(BUILT_IN)
    for row in session.scalars(select(TypeAddition).order_by(TypeAddition.code)):
        base = known.get(row.code) or ContentType(row.code, row.zh, row.en, (), (), frozenset())
        known[row.code] = replace(
            base,
            fields=(*base.fields, *map(_read_field, row.fields)),
            tracking=(*base.tracking, *row.tracking),
            channels=base.channels | set(row.channels),
            needs=(*base.needs, *row.needs),
        )
    return known


def _check_kinds(known: Any, fields: Sequence[Field]) -> None:
    kinds = {field.name: field.kind for each in known for field in each.fields}
    for field in fields:
        if not _CODE.fullmatch(field.name):
            raise Invalid("fields", "bad_code")
        if kinds.setdefault(field.name, field.kind) is not field.kind:
            raise Conflict(
                "field_of_another_kind", field=f"fields.{field.name}", name=field.name,
                kind=kinds[field.name].value,
            )  # fmt: skip


def _check_new(kind: ContentType | None, fields: Sequence[Field]) -> None:
    there = {field.name for field in kind.fields} if kind else set()
    for field in fields:
        if field.name in there:
            raise Conflict("field_is_there", name=field.name)
        there.add(field.name)
        flaws = list(richtext.text_flaws("zh", field.zh, 60, required=True))
        flaws += richtext.text_flaws("en", field.en, 60)
        if field.kind is Kind.CHOICE and not field.choices:
            flaws.append(Flaw("choices", "missing"))
        if flaws:
            raise Invalid.because(flaws)


def _spelled(field: Field) -> dict[str, Any]:
    return {
        "name": field.name, "kind": field.kind.value, "zh": field.zh, "en": field.en,
        "required": field.required, "choices": list(field.choices),
    }  # fmt: skip


def _read_field(kept: Mapping[str, Any]) -> Field:
    return Field(**{**kept, "kind": Kind(kept["kind"]), "choices": tuple(kept["choices"])})


def _text(field: Field, value: Any) -> str:
    if flaws := list(richtext.text_flaws(f"fields.{field.name}", value, field.limit)):
        raise Invalid.because(flaws)
    return richtext.tidy(value)


def _html(field: Field, value: Any) -> str:
    return richtext.clean(_text(field, value))


def _number(field: Field, value: Any) -> int | float:
    try:
        number = float(value)
        if isinstance(value, bool) or not abs(number) < 1e15:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise Invalid(f"fields.{field.name}", "not_a_number") from None
    return int(number) if number.is_integer() else number


def _flag(field: Field, value: Any) -> bool:
    told = str(value).lower()
    if told not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
        raise Invalid(f"fields.{field.name}", "not_a_flag")
    return told in {"true", "1", "yes", "on"}


def _date(field: Field, value: Any) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise Invalid(f"fields.{field.name}", "not_a_date") from None


def _choice(field: Field, value: Any) -> str:
    if value not in field.choices:
        raise Invalid(f"fields.{field.name}", "not_a_choice", choices=[*field.choices])
    return str(value)


def _list(field: Field, value: Any) -> list[str]:
    entries = value.splitlines() if isinstance(value, str) else value
    if not isinstance(entries, list | tuple):
        raise Invalid(f"fields.{field.name}", "not_a_list")
    if len(entries) > field.limit:
        raise Invalid(f"fields.{field.name}", "too_long", limit=field.limit, length=len(entries))
    return [read for entry in entries if (read := _text(field, entry))]


def _link(field: Field, value: Any) -> str:
    link = _text(field, value)
    if not link.startswith(("https://", "http://", "tel:", "/")) or link.startswith("//"):
        raise Invalid(f"fields.{field.name}", "not_a_link")
    return link


_READERS = {
    Kind.TEXT: _text, Kind.LONG_TEXT: _text, Kind.HTML: _html, Kind.NUMBER: _number,
    Kind.FLAG: _flag, Kind.DATE: _date, Kind.CHOICE: _choice, Kind.LIST: _list, Kind.LINK: _link,
    Kind.MEDIA: _text,
}  # fmt: skip
