"""What a material says for one account or in one language, and what it falls back to."""

from datetime import timedelta

import pytest

from content_hub.compliance import Compliance
from content_hub.finding import Finding
from content_hub.materials import texts_of
from content_hub.materials.variants import Varied
from content_hub.materials.versions import Versions
from content_hub.policies import Policies
from kernel.errors import Conflict, Invalid
from stores.sqlite.search import SqliteSearch

APP, WALL = "acc_app", "acc_wall"


def told(material, account="", language=""):
    said = Varied(material, account, language)
    return said.title, said.summary


@pytest.fixture
def said(materials, material):
    materials.edit(material.id, summary="三步", by="li")
    materials.vary(material.id, language="en", title="Plan", summary="Three steps", by="li")
    materials.vary(material.id, account=APP, title="规划（应用版）", by="li")
    materials.vary(material.id, account=APP, language="en", summary="Tap to begin", by="li")
    return materials.one(material.id)


@pytest.mark.parametrize(
    ("account", "language", "expected"),
    [
        ("", "", ("退休后的养老规划", "三步")),
        (WALL, "zh-CN", ("退休后的养老规划", "三步")),
        (APP, "", ("规划（应用版）", "三步")),
        ("", "en", ("Plan", "Three steps")),
        (APP, "en", ("Plan", "Tap to begin")),
        (APP, "en-GB", ("Plan", "Tap to begin")),
        (WALL, "en-GB", ("Plan", "Three steps")),
        (APP, "ja", ("规划（应用版）", "三步")),
    ],
)
def test_every_field_falls_back_by_itself(said, account, language, expected):
    assert told(said, account, language) == expected


def test_an_emptied_field_falls_back_again_and_the_last_one_takes_the_variant_away(materials, said):
    after = materials.vary(said.id, account=APP, title="", by="li")

    assert told(after, APP) == ("退休后的养老规划", "三步")
    assert "acc_app/" not in after.variants


def test_fields_of_the_type_are_said_otherwise_too(materials):
    poster = materials.create("poster", "海报", fields={"slogan": "安心", "price": "1"}, by="li")
    after = materials.vary(poster.id, language="en", fields={"slogan": "At ease"}, by="li")

    assert Varied(after, "", "en").fields == {"slogan": "At ease", "price": "1"}
    with pytest.raises(Invalid) as refused:
        materials.vary(poster.id, language="en", fields={"colour": "red"}, by="li")
    assert refused.value.flaws[0].field == "fields"


@pytest.mark.parametrize(
    ("where", "field"),
    [({}, "channel"), ({"language": "zh"}, "channel"), ({"language": "English"}, "language"),
     ({"language": "../en"}, "language")],
)  # fmt: skip
def test_a_variant_is_of_something(materials, material, where, field):
    with pytest.raises(Invalid) as refused:
        materials.vary(material.id, title="Plan", by="li", **where)
    assert refused.value.flaws[0].field == field


def test_markup_in_a_variant_is_cleaned_as_everywhere(materials, material):
    after = materials.vary(
        material.id, language="en", body="<p onclick=x()>Hi<script>x()</script></p>", by="li"
    )
    assert after.variants["/en"]["body"] == "<p>Hi</p>"


def test_the_shelf_tells_every_account_its_own(said, shelf, materials, clock):
    for account in (APP, WALL):
        shelf.place(said.id, account, opens=clock(), closes=clock() + timedelta(days=1), by="li")

    def shown(account, language=""):
        (item,) = shelf.page(account, language=language, as_of=shelf.freshness()).items
        return item.title, item.summary

    for _ in range(2):  # the second time from what is kept of the rows
        assert shown(APP) == ("规划（应用版）", "三步")
        assert shown(WALL) == ("退休后的养老规划", "三步")
        assert shown(APP, "en") == ("Plan", "Tap to begin")
    materials.vary(said.id, account=APP, title="新标题", by="li")
    assert shown(APP) == ("新标题", "三步")


def test_versions_compare_and_restore_what_was_said_otherwise(materials, records, said):
    versions, before = Versions(records), said.number
    after = materials.vary(said.id, account=APP, title="又改了", by="wang")

    (difference,) = versions.compare(said.id, before, after.number)
    assert difference == ("variants.acc_app/.title", "规划（应用版）", "又改了")
    restored = materials.restore(said.id, before, by="li", fields=[difference.field])
    assert restored.variants == said.variants
    assert materials.restore(said.id, 1, by="li").variants == {}


def test_two_who_change_different_variants_do_not_meet(materials, said):
    seen = said.number
    materials.vary(said.id, language="en", title="A plan", by="wang", expected=seen)
    materials.vary(said.id, account=APP, title="规划", by="li", expected=seen)
    with pytest.raises(Conflict):
        materials.vary(said.id, language="en", title="Another", by="li", expected=seen)


def test_forbidden_words_and_risk_wording_are_looked_for_in_every_variant(
    materials, said, records, changes, clock
):
    compliance = Compliance(records, changes, clock)
    Policies(records, changes).set("image_text", risk_wording="投资有风险", by="li")
    materials.vary(said.id, account=APP, body="<p>稳赚不赔</p>", by="li")
    told = compliance.findings({said.id: ("image_text", texts_of(materials.one(said.id)))})
    flaws = {(flaw.field, flaw.reason) for flaw in told[said.id].flaws}
    assert ("variants.acc_app/.body", "word_is_forbidden") in flaws
    assert ("variants.acc_app/.body", "needs_risk_wording") in flaws


def test_a_material_is_found_by_its_words_in_another_language(
    materials, records, changes, taxonomy, said, tmp_path
):
    index = SqliteSearch(tmp_path / "search.db", durability="process")
    finding = Finding(index, records, materials, changes, taxonomy)
    while finding.follow():
        pass
    assert [each.id for each in finding.search("three steps").items] == [said.id]
    index.close()
