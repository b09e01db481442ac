"""What editors do, and what the worker finishes for them."""

from datetime import timedelta
from itertools import cycle

from writing.work import DAY, YEAR

from content_hub.campaigns.prices import BASE
from content_hub.rebuilding import rebuild_shelf
from content_hub.suggestions import Answer
from content_hub.tagging_runs import Chosen
from content_hub.types import Field, Kind
from kernel.clock import utc_now

HOUR = timedelta(hours=1)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8"
    "cfc00000030101009e0a2fbf0000000049454e44ae426082"
)
PAGES = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 90 90]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


def acts(work):
    """By name, in the order in which they are done."""
    yield from _words(work)
    yield from _materials(work)
    yield from _shelves(work)
    yield from _many(work)
    yield from _campaigns(work)


def _words(work):
    c, other = work.c, cycle(["town", None])
    under = c.taxonomy.create("康养", "topic", by="t").id
    yield "create a tag", lambda: c.taxonomy.create(f"标签{work.n}", "topic", by="t")
    yield "ship the tags", lambda: c.taxonomy.ship(by="t")
    yield "rename a tag", lambda: c.taxonomy.rename("town", zh=f"养老{work.n}", by="t")
    yield "move a tag", lambda: c.taxonomy.move(under, next(other), by="t")
    yield "merge a tag that a thousand wear, and undo it", lambda: _merged(work)
    yield "relate and retire", lambda: _retired(work)
    yield (
        "set a word rule",
        lambda: c.compliance.set_rule(f"词{work.n}", by="t", kind="forbidden", severity="block"),
    )
    yield "set a policy", lambda: c.policies.set("script", by="t", regulated=False)
    yield (
        "add a type",
        lambda: c.types.add(
            f"type{work.n}", by="t", zh="类", fields=[Field("note", Kind.TEXT, "备注", "Note")]
        ),
    )


def _merged(work):
    tags = work.c.taxonomy
    tags.merge("town", tags.create(f"社区{work.n}", "topic", by="t").id, by="t")
    (merged,) = tags.acts.latest(1)
    while tags.acts.settle():
        pass
    tags.acts.undo(merged.id, by="t")
    while tags.acts.settle():
        pass


def _retired(work):
    tags = work.c.taxonomy
    made = [tags.create(f"词{work.n}", "topic", by="t").id for _ in range(2)]
    tags.relate(made[0], made[1:], by="t")
    tags.retire(made[0], by="t")
    acts = [each.id for each in tags.acts.latest(2)]
    tags.acts.undo(tags.acts.bundle(acts[::-1], by="t").id, by="t")


def _answered(work):
    one = work.materials[40 + work.n % 50]
    answers = [Answer(one, "stage.deliver", accept=False)]
    work.c.suggestions.take_back(work.c.suggestions.answer(answers, by="t").batch, by="t")


def _materials(work):
    c, one = work.c, work.materials[0]
    yield "create", work.material
    yield "edit", lambda: c.materials.edit(one, title=f"改 {work.n}", by="t")
    yield "restore", lambda: c.materials.restore(one, 1, by="t")
    yield (
        "register",
        lambda: c.materials.register(
            "douyin", f"v{work.n}", "https://example.com/v", by="t", title="短视频"
        ),
    )
    yield "answer a proposal, and take it back", lambda: _answered(work)
    yield "comment", lambda: c.comments.settle(c.comments.say(one, "看一下", by="t").id, by="t")
    yield (
        "acknowledge",
        lambda: c.compliance.acknowledge(one, [c.compliance.rules()[0].word], by="t"),
    )
    yield (
        "note an approval",
        lambda: c.compliance.approve_number(
            one, "A1", opens=utc_now(), closes=utc_now() + YEAR, by="t"
        ),
    )
    yield "withdraw it", lambda: c.compliance.withdraw_approval(one, by="t")
    yield "archive", lambda: (c.reviews.archive(one, by="t"), c.reviews.take_out(one, by="t"))
    c.types.add("article", by="t", zh="文章")
    c.policies.set("article", by="t", steps=1, four_eyes=True)
    yield (
        "review",
        lambda: c.reviews.submit(
            c.materials.create("article", "文章", body="正文", by="t").id, by="t"
        ),
    )
    picture = iter(PIXEL + bytes([n]) for n in range(200))
    yield "upload", lambda: c.media.take(next(picture), by="t")
    yield "turn a page", lambda: c.media.rendition(c.media.take(PAGES, by="t").id, "page-1")


def _shelves(work):
    c = work.c
    fresh = work.place(work.material(), work.app)
    yield (
        "place",
        lambda: c.publishing.place(
            work.material(), work.app, opens=utc_now(), closes=utc_now() + DAY, by="t"
        ),
    )
    yield (
        "move a placement",
        lambda: c.shelf.move(fresh.id, closes=utc_now() + timedelta(days=2), by="t"),
    )
    picture = c.media.take(PIXEL, by="t").id
    yield "hold back", lambda: c.licences.embargo(work.materials[1], utc_now() + DAY, by="t")
    yield (
        "license a file",
        lambda: c.licences.license(picture, opens=None, closes=utc_now() + YEAR, by="t"),
    )
    for each in work.materials[800:860]:
        later = utc_now() + 10 * DAY
        c.shelf.place(each, work.accounts[2], opens=later, closes=later + DAY, by="t")
    yield "shift a week, and undo it", lambda: _shifted(work)
    yield "make a slot", lambda: c.shelf.make_slot(work.app, f"slot{work.n}", by="t")
    yield "retire everywhere", lambda: c.publishing.retire(work.materials[work.n % 100], by="t")
    yield "products", lambda: _products(work)


def _shifted(work):
    shifting, now = work.c.shifting, utc_now()
    run = shifting.shift(now + 9 * DAY, now + 12 * DAY, 7, by="t").id
    shifting.go_on(run)
    shifting.undo(run, by="t")


def _products(work):
    made = [work.c.products.add(f"p{work.n}", "产品", price="1 元", by="t") for _ in range(2)]
    work.c.products.edit(made[0].id, by="t", name="新名")
    work.c.products.relate(made[0].id, made[1].id, "peripheral", by="t")


def _many(work):
    c = work.c
    few = c.taxonomy.create("少数", "topic", by="t", code="few").id
    c.materials.tag(work.materials[600:630], [few], by="t")
    rows = [(n, {"code": f"in{n}", "type": "script", "title": f"话术{n}"}) for n in range(2, 42)]

    def tag_all():
        run = c.tagging_runs.begin(["stage.connect"], by="t", chosen=Chosen(tags=["few"])).id
        while c.tagging_runs.finish():
            pass
        c.tagging_runs.undo(run, by="t")
        while c.tagging_runs.finish():
            pass

    def bring():
        c.bringing.undo(c.bringing.bring(rows, source="a.csv", by="t").run, by="t")

    worn = cycle([{"add": ["stage.deliver"]}, {"add": [], "remove": ["stage.deliver"]}])
    yield "tag a hundred", lambda: c.materials.tag(work.materials[500:600], by="t", **next(worn))
    yield "tag all that a filter finds, and undo it", tag_all
    yield "bring a file in, and undo it", bring
    yield "rebuild the shelf", lambda: rebuild_shelf(c.records, c.changes)
    yield "rebuild the search", c.finding.rebuild


def _campaigns(work):
    c, drive = work.c, work.campaign(f"drive{work.n}")
    yield "create a campaign", work.campaign
    yield "move a campaign with 3,000 placements", lambda: c.campaigns.move("spring", HOUR, by="t")
    yield "parameters", lambda: _parameters(work)
    c.parameters.declare(drive, "prize_quota", 10_000, by="t")
    c.parameters.declare(drive, BASE, 99, by="t")
    yield "draw", lambda: c.draws.draw(drive, work.handle())
    yield "buy at her rank", lambda: c.purchases.buy(drive, work.handle())


def _parameters(work):
    p, drive, name = work.c.parameters, work.campaign(), "share"
    p.declare(drive, name, 1, low=0, high=9, by="t")
    p.tune(drive, name, 3, rule="r", evidence={}, by="t")
    p.set(drive, name, 2, by="t")
    p.roll_back(p.history(drive)[0].id, by="t")
