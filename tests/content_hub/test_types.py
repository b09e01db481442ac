"""Every type has its own fields, tracking and channels; a company adds to them as it runs."""

import pytest

from content_hub.types import BUILT_IN, Field, Kind, Types
from kernel.errors import Conflict, Invalid


@pytest.mark.rule("R5.1")
@pytest.mark.parametrize("code", BUILT_IN)
def test_every_type_that_ships_tells_what_it_reports_and_where_it_fits(types, code):
    kind = types.one(code)

    assert kind.tracking
    assert kind.channels
    assert kind.zh
    assert kind.en


def test_a_field_name_has_one_kind_in_everything_that_ships():
    kinds = {}
    for kind in BUILT_IN.values():
        for field in kind.fields:
            assert kinds.setdefault(field.name, field.kind) is field.kind


@pytest.mark.rule("R5.2")
def test_an_unknown_type_is_refused_by_name(types):
    with pytest.raises(Invalid) as refusal:
        types.one("hologram")

    assert (refusal.value.field, refusal.value.reason) == ("type", "unknown_material_type")


@pytest.mark.parametrize(
    ("code", "name", "value", "kept"),
    [
        ("proposal", "premium", "5000", 5000),
        ("proposal", "premium", 12.5, 12.5),
        ("poster", "rep_card", "yes", True),
        ("product_note", "risk_level", "R2", "R2"),
        ("livestream", "products", "年金\n\n重疾", ["年金", "重疾"]),
        ("script", "tips", "  先寒暄 ", "先寒暄"),
        ("image_text", "next_url", "https://e.cn/a", "https://e.cn/a"),
    ],
)
def test_values_are_kept_as_what_they_are(types, code, name, value, kept):
    assert types.read(code, {name: value}) == ({name: kept}, [])


@pytest.mark.parametrize(
    ("code", "name", "value", "reason"),
    [
        ("proposal", "premium", "many", "not_a_number"),
        ("proposal", "premium", "nan", "not_a_number"),
        ("proposal", "premium", True, "not_a_number"),
        ("poster", "rep_card", "maybe", "not_a_flag"),
        ("product_note", "risk_level", "R9", "not_a_choice"),
        ("image_text", "author", "x" * 201, "too_long"),
        ("image_text", "author", 5, "not_a_text"),
        ("image_text", "author", "\ud800", "broken_text"),
        ("image_text", "next_url", "javascript:alert(1)", "not_a_link"),
        ("image_text", "next_url", "//evil.example", "not_a_link"),
        ("livestream", "products", 7, "not_a_list"),
        ("script", "wings", "2", "unknown_field"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_field(types, code, name, value, reason):
    (flaw,) = types.check(code, {name: value})

    assert flaw.reason == reason
    assert flaw.field in {f"fields.{name}", "fields"}


def test_a_company_adds_types_and_fields_as_it_runs(records, changes, types):
    before = changes.version()
    types.add(
        "podcast",
        zh="播客",
        en="Podcast",
        fields=[Field("episode", Kind.NUMBER, "期数", "Episode", required=True)],
        tracking=["played_audio"],
        channels=["audio"],
        by="li",
    )
    types.add("script", fields=[Field("dialect", Kind.TEXT, "方言", "Dialect")], by="li")

    elsewhere = Types(records, changes)
    assert elsewhere.one("podcast").tracking == ("played_audio",)
    assert [flaw.reason for flaw in elsewhere.check("podcast", {})] == ["missing"]
    assert elsewhere.read("script", {"dialect": "沪语"})[0] == {"dialect": "沪语"}
    assert changes.version() > before


def test_a_field_is_not_of_two_kinds(types):
    with pytest.raises(Conflict) as refusal:
        types.add("podcast", fields=[Field("price", Kind.NUMBER, "价格", "Price")], by="li")

    assert refusal.value.reason == "field_of_another_kind"
    with pytest.raises(Invalid):
        types.one("podcast")
