"""Tags of ours in a corporation's WeCom: made, renamed, worn there, and not brought back in."""

import pytest

from channels.accounts import Accounts, Channels, Sealer
from channels.vocabularies import TakesWords, Vocabularies
from content_hub.tags import Taxonomy
from kernel.errors import Conflict, Invalid
from kernel.events import Handle


@pytest.fixture
def taxonomy(records, changes):
    return Taxonomy(records, changes)


@pytest.fixture
def accounts(records, changes, clock):
    kept = Accounts(records, changes, Sealer({"k": bytes(32)}), clock)
    kept.add(code="wecom", name="长河", kind="wecom", ecosystem="wechat", by="t")
    kept.add(code="app", name="App", kind="app", ecosystem="own_app", by="t")
    return kept


@pytest.fixture
def vocabularies(records, changes, accounts, adapted, channel, taxonomy, clock):
    there = accounts.one("wecom")
    made = adapted(channel.wire._http, channel.wire._host, there.id)
    assert isinstance(made, TakesWords)
    channels = Channels(accounts, {"wecom": lambda *_: made, "app": lambda *_: object()})
    return Vocabularies(records, changes, accounts, channels, taxonomy, clock)


def there(platform):
    """The platform's tags, by group."""
    return sorted((row["grp_name"], row["name"]) for row in platform.seen["tags"])


def test_a_facet_is_kept_there_and_follows_what_is_made_and_renamed(
    vocabularies, taxonomy, platform
):
    taxonomy.create("高净值", "audience", code="rich", by="li")
    kept = vocabularies.share("wecom", "audience", by="li")
    assert (kept.reason, there(platform)) == ("", [("人群", "高净值")])

    taxonomy.create("三口之家", "audience", code="family", by="li")
    taxonomy.rename("rich", zh="私行客户", by="li")
    assert vocabularies.finish() == 1
    assert there(platform) == [("人群", "三口之家"), ("人群", "私行客户")]
    assert vocabularies.finish() == 0


def test_two_of_one_name_are_told_apart_by_what_they_lie_under(vocabularies, taxonomy, platform):
    for code, zh in (("south", "华南"), ("north", "华北")):
        top = taxonomy.create(zh, "audience", code=code, by="li")
        taxonomy.create("新客", "audience", parent=top.id, by="li")
    vocabularies.share("wecom", "audience", by="li")
    assert {name for _, name in there(platform)} == {"华南", "华北", "华南·新客", "华北·新客"}


def test_a_lost_answer_makes_no_second_tag(vocabularies, taxonomy, platform):
    taxonomy.create("高净值", "audience", code="rich", by="li")
    platform.control("knobs", {"lose_answer": {"path": "add_corp_tag", "times": 1}})
    assert vocabularies.share("wecom", "audience", by="li").reason
    assert vocabularies.share("wecom", "audience", by="li").reason == ""
    assert there(platform) == [("人群", "高净值")]


def test_what_an_administrator_named_alike_is_used_and_never_renamed(
    vocabularies, taxonomy, platform
):
    world = platform.world
    world.friends.tag(world.accounts.corp("wecom"), "g1", "人群", "高净值", ours=False)
    taxonomy.create("高净值", "audience", code="rich", by="li")
    vocabularies.share("wecom", "audience", by="li")
    assert there(platform) == [("人群", "高净值")]
    taxonomy.rename("rich", zh="私行客户", by="li")
    vocabularies.finish()
    assert there(platform) == [("人群", "私行客户"), ("人群", "高净值")]


def test_what_is_ours_there_is_not_brought_in_again(vocabularies, taxonomy, platform):
    world = platform.world
    world.friends.tag(world.accounts.corp("wecom"), "g2", "来源", "老客转介", ours=False)
    taxonomy.create("高净值", "audience", code="rich", by="li")
    vocabularies.share("wecom", "audience", by="li")
    assert [row["zh"] for _, row in vocabularies.rows("wecom")] == ["来源", "老客转介"]


def test_customers_wear_it_there(vocabularies, taxonomy, platform, accounts, friend):
    rich = taxonomy.create("高净值", "audience", code="rich", by="li")
    hers = [Handle(friend.kind, accounts.one("wecom").id, friend.value)]
    with pytest.raises(Invalid):
        vocabularies.mark("wecom", hers, add=[rich.id], by="li")
    vocabularies.share("wecom", "audience", by="li")
    (tag,) = platform.seen["tags"]

    for _ in range(2):
        assert vocabularies.mark("wecom", hers, add=["rich"], by="li") == 1
    (worn,) = [one["tags"] for one in platform.seen["friends"] if one["external"] == friend.value]
    assert worn == f'["{tag["id"]}"]'
    vocabularies.mark("wecom", hers, remove=["rich"], by="li")
    (worn,) = [one["tags"] for one in platform.seen["friends"] if one["external"] == friend.value]
    assert worn == "[]"


def test_a_name_too_long_and_a_platform_without_tags_say_so(vocabularies, taxonomy):
    taxonomy.create("很" * 31, "audience", code="long", by="li")
    assert vocabularies.share("wecom", "audience", by="li").reason == "corp_tag_name_long"
    with pytest.raises(Conflict):
        vocabularies.share("app", "audience", by="li")
    with pytest.raises(Invalid):
        vocabularies.share("wecom", "nothing", by="li")
