"""One campaign runs through all platforms of the demo, and the sandbox's first page leads there."""

import json
import shutil
from urllib.parse import parse_qsl
from urllib.request import urlopen

import pytest

from channels.base import Callback
from juzhen.console.split import ends
from juzhen.demo.build import move
from juzhen.demo.home import settings_of
from juzhen.demo.platforms import ARTICLE, CAMPAIGN, POSTER
from juzhen.sandbox.app import Process
from juzhen.sandbox.shop import _signed
from juzhen.sandbox.world import Settings
from juzhen.wiring import assemble
from tests.flows.company import eventually
from tests.rounds import send_due


@pytest.fixture
def sandbox(home, tmp_path):
    """The demo's own, with its people and secrets, on a port of its own."""
    shutil.copytree(home / "sandbox", tmp_path / "sandbox")
    process = Process(Settings(folder=tmp_path / "sandbox"), 0)
    process.world.knobs.turn({"review_seconds": 0})
    process.start()
    yield process
    process.stop()


@pytest.fixture
def platform(home, sandbox, tmp_path):
    """The same company beside that sandbox."""
    shutil.copytree(home, tmp_path / "company")
    settings = settings_of(tmp_path / "company", sandbox.port - 1)
    move(tmp_path / "company", settings)
    opened = assemble(settings)
    yield opened
    opened.close()


def placements(platform):
    """What stands of the campaign's two, by the account's code."""
    wanted = {platform.materials.one(code).id for code in (ARTICLE, POSTER)}
    return {
        account.code: placement
        for account in platform.accounts.all()
        for placement in platform.shelf.standing(account.id)
        if placement.material in wanted
    }


def test_it_is_placed_on_every_platform_within_the_campaign(platform, sandbox):
    article, poster = (platform.materials.one(code) for code in (ARTICLE, POSTER))
    shown = {code: each.material for code, each in placements(platform).items()}
    assert shown == {
        "account_official": article.id, "channel_app": article.id, "wecom": article.id,
        "mini": article.id, "xiaohongshu": article.id, "douyin": poster.id, "letters": article.id,
        "push": article.id,
    }  # fmt: skip
    campaign = platform.campaigns.one(CAMPAIGN)
    assert {each.campaign for each in placements(platform).values()} == {campaign.id}
    runs = json.loads((sandbox.world.settings.folder / "campaign.json").read_text("utf-8"))
    assert runs == {
        "campaign": campaign.name,
        "code": CAMPAIGN,
        "article": article.title,
        "poster": poster.title,
    }


def test_every_platform_shows_it_once_the_worker_has_carried_it(platform, sandbox):
    for code in ("account_official", "letters", "wecom", "xiaohongshu", "douyin"):
        placement = placements(platform)[code]
        platform.deliveries.queue(
            account=placement.account, occasion=placement.id, placement=placement.id,
            material=placement.material, by="t",
        )  # fmt: skip
    while platform.publishing.carry():
        pass  # a round is short, however slow the machine
    sandbox.world.beat()

    world, (corp,) = sandbox.world, sandbox.world.accounts.corps()
    assert any("康养社区开放日" in row["articles"] for row in world.press.everything())
    (moment,) = world.tasks.moments(corp)
    assert "康养社区开放日" in moment["told"]["text"]["content"]
    assert len(moment["posts"]) == len(corp.reps) == 3
    (work,) = world.studio.works("douyin")
    assert "康养社区" in work["title"]
    (letters,) = [each for each in world.accounts.officials() if each.code == "letters"]
    (mass,) = world.masses.waiting(letters)
    world.masses.confirm(letters, mass["msg_id"])
    assert not world.masses.waiting(letters)
    (handed,) = platform.hand_offs.page().items
    assert "康养社区开放日" in handed.title


def test_people_are_told_on_four_ways_and_the_rep_confirms_the_mass_message(platform, sandbox):
    for _ in range(20):
        platform.planning.run()
        send_due(platform.publishing)
        platform.mailings.gather()
        platform.mail_post.run()
    world, (corp,) = sandbox.world, sandbox.world.accounts.corps()
    (task,) = world.tasks.waiting(corp, "rep-01")
    (broadcast,) = platform.broadcasts.of_campaign(platform.campaigns.one(CAMPAIGN).id)
    counts = platform.broadcasts.counts([broadcast.id])[broadcast.id]
    assert counts.total == 12  # all her friends: who is not written to now is told why
    assert counts.states["awaiting_person"] == task["customers"] >= 6
    assert sum(counts.reasons.values()) >= 12 - task["customers"]
    (gateway,) = world.accounts.gateways()
    assert len(texts := world.texts.all(gateway.code)) == 4
    assert all(each["words"].startswith("【禾嘉人寿】") for each in texts)
    (mini,) = [each for each in world.accounts.officials() if each.mini]
    told = [m for p in world.followers.of(mini) for m in world.followers.inbox(p["openid"])]
    assert len(told) == 4
    world.tasks.confirm(corp, "rep-01", task["msgid"])
    assert not world.tasks.waiting(corp, "rep-01")
    assert {each["status"] for each in world.tasks.sends(task["msgid"])} == {1}


def test_the_companys_gateway_is_pushed_what_is_placed_and_said_and_its_no_for_good_pauses_it(
    platform, sandbox
):
    placement = placements(platform)["push"]
    platform.deliveries.queue(
        account=placement.account, occasion=placement.id, placement=placement.id,
        material=placement.material, by="t",
    )  # fmt: skip
    platform.publishing.carry()
    send_due(platform.publishing)
    taken = sandbox.world.hooks.taken("push")
    assert sorted(each["kind"] for each in taken) == ["message.sent"] * 2 + ["post.placed"]
    with urlopen(f"http://127.0.0.1:{sandbox.port}/push/push?lang=zh") as page:
        shown = page.read().decode()
    assert shown.count("签名有效") == 3
    assert shown.count("您预约的康养社区开放日") == 2
    assert "康养社区开放日：周六来走走" in shown

    sandbox.world.hooks.decide("push", "gone")
    her = next(
        each.handle
        for each in platform.deliveries.page(account=placement.account).items
        if each.handle
    )
    platform.publishing.send(her, "push", occasion="t:2", purpose="service", by="t", words="再说")
    send_due(platform.publishing)
    assert platform.accounts.one("push").paused


def test_the_first_page_says_where_to_look(sandbox):
    with urlopen(f"http://127.0.0.1:{sandbox.port}/?lang=zh") as page:
        shown = page.read().decode()
    assert "活动“康养社区开放日”正走过所有平台" in shown
    for code in (
        "/wecom/wecom/reps/rep-01",
        "/accounts/wx",
        "/douyin/douyin",
        "/sms/sms",
        "/push/push",
        "/console/campaigns/community",
    ):
        assert code in shown, code


def test_her_rep_posts_the_moment_and_her_customers_see_it(platform, sandbox):
    placement = placements(platform)["wecom"]
    platform.deliveries.queue(
        account=placement.account, occasion=placement.id, placement=placement.id,
        material=placement.material, by="t",
    )  # fmt: skip
    platform.publishing.carry()
    world, (corp,) = sandbox.world, sandbox.world.accounts.corps()
    (friend, *_) = world.friends.of_rep(corp, "rep-01")
    page = f"http://127.0.0.1:{sandbox.port}/wecom/wecom/people/{friend['external']}"
    with urlopen(page) as before:
        assert "周六来走走" not in before.read().decode()
    world.tasks.post(corp, "rep-01", world.tasks.moments(corp)[0]["moment_id"])
    with urlopen(page) as after:
        assert "周六来走走" in after.read().decode()


def test_the_mini_program_is_a_front_end_with_a_token_that_answers_its_own_shelf(platform, sandbox):
    (mini,) = [each for each in sandbox.world.accounts.apps() if each.code == "mini"]
    actor = platform.access.of_token(mini.token)
    assert actor.account == platform.accounts.one("mini").id
    with urlopen(f"http://127.0.0.1:{sandbox.port}/?lang=en") as page:
        shown = page.read().decode()
    assert f"/app?code={mini.code}" in shown
    assert "mini program · 24 users" in shown


def test_who_orders_in_the_sandbox_is_heard_as_a_buyer(platform, sandbox):
    till, shops = sandbox.world.till, sandbox.world.accounts.shops()
    assert [each.dialect for each in shops] == ["meituan", "ark"]
    for shop in shops:
        order = till.place(shop, "b_sun", "家庭体检套餐")
        till.change(shop, order, "paid")
        for push in till.pushes(shop.code):
            query, body, _ = _signed(shop, push["body"], 1_772_445_600)
            told = platform.channels.of(shop.code).receive(
                Callback(query=dict(parse_qsl(query.lstrip("?"))), body=body)
            )
            assert [each.handle.value for each in told.events] == ["b_sun"]
    with urlopen(f"http://127.0.0.1:{sandbox.port}/shop/shop_ark?lang=zh") as page:
        assert "已付款" in page.read().decode()


def test_who_leaves_a_contact_on_the_ads_page_comes_in_by_herself(platform, sandbox):
    (advertiser,) = sandbox.world.accounts.advertisers()
    sandbox.world.clues.leave(advertiser, {"name": "赵小姐", "telephone": "13800138999"})
    ocean = platform.accounts.one("ocean").id

    def came():
        platform.ad_leads.pull()  # a day of the last month at a time, as quickly as it may ask
        return platform.ad_leads.of(ocean)

    (lead,) = eventually(came)
    while platform.fold.run() + platform.digest.run():
        pass
    customer = platform.identities.customer_of(lead.handle)
    assert "phone" in {each.kind for each in platform.identities.handles(customer)}


def test_what_each_rep_did_is_no_empty_page(platform):
    while platform.fold.run() + platform.digest.run():
        pass
    told = platform.reports.of("reps", ends(platform.accounts.all()))
    assert len(told.rows) > 3
    assert told.totals[1] > 0
