"""Embargoes, licences and shifting through GraphQL."""

from datetime import timedelta

from kernel.actors import Actor, Role
from tests.console.test_acts import picture
from tests.schemas.conftest import SHELF

DAY = timedelta(days=1)


def shown(house):
    return {each["title"] for each in house.ask(SHELF, channel="app")["shelf"]["nodes"]}


def place(house, title, days=0):
    tag = house.taxonomy.find("养老")[0].id if house.taxonomy.find("养老") else None
    tag = tag or house.taxonomy.create("养老", "topic", by="li").id
    made = house.materials.create("script", title, tags=[tag], by="li")
    opens = house.clock() + days * DAY
    placed = house.shelf.place(made.id, house.app.id, opens=opens, closes=opens + DAY, by="li")
    return made, placed


def test_an_embargo_holds_back_and_is_lifted(house):
    made, _ = place(house, "禁发的")
    hold = """mutation($m: ID!, $u: Moment) { embargoMaterial(input: {material: $m, until: $u}) {
      embargo { until material { id } } problems { code } } }"""
    told = house.ask(hold, m=made.id, u=(house.clock() + DAY).isoformat())["embargoMaterial"]
    assert told["embargo"]["material"] == {"id": made.id}
    assert "禁发的" not in shown(house)
    assert house.ask(hold, m=made.id)["embargoMaterial"]["embargo"]["until"] is None
    assert "禁发的" in shown(house)


def test_a_week_is_looked_at_shifted_and_put_back(house):
    _, placed = place(house, "下周的", days=2)
    shift = """mutation($s: Moment!, $u: Moment!, $d: Int!, $p: Boolean) { shiftShelf(input: {
      since: $s, until: $u, days: $d, channel: "app", preview: $p}) {
      shift { id planned moved left { placement code message } } problems { code field } } }"""
    week = {
        "s": (house.clock() + DAY).isoformat(), "u": (house.clock() + 8 * DAY).isoformat(), "d": 3,
    }  # fmt: skip
    seen = house.ask(shift, p=True, **week)["shiftShelf"]["shift"]
    assert (seen["id"], seen["planned"], seen["left"]) == (None, 1, [])
    done = house.ask(shift, **week)["shiftShelf"]["shift"]
    assert done["moved"] == 1
    assert house.shelf.one(placed.id).opens == placed.opens + 3 * DAY
    undo = "mutation($s: ID!) { undoShift(input: {shift: $s}) { shift { undone } } }"
    assert house.ask(undo, s=done["id"])["undoShift"]["shift"]["undone"]
    assert house.shelf.one(placed.id).opens == placed.opens
    (problem,) = house.ask(shift, **(week | {"d": 0}))["shiftShelf"]["problems"]
    assert problem["field"] == "days"


def test_a_licence_of_no_file_is_not_found(house):
    (gone,) = house.errors('{ licence(media: "med_none") { opens } }')
    assert gone["extensions"]["code"] == "not_found"


def test_each_file_tells_how_many_materials_show_it(house):
    shown, spare = (house.media.take(picture(each), by="li").id for each in (1, 2))
    for code in ("a", "b"):
        house.materials.create("poster", f"海报 {code}", cover=shown, by="li")
    body = f'<p><img src="/media/{shown}/cover"></p>'
    third = house.materials.create("image_text", "图文", body=body, by="li")
    ask = """query($u: Boolean) { mediaFiles(unused: $u) {
      totalCount nodes { id kind seconds uses media { url } } } }"""
    told = house.ask(ask)["mediaFiles"]
    assert [(each["id"], each["uses"]) for each in told["nodes"]] == [(spare, 0), (shown, 3)]
    assert told["totalCount"] == 2
    assert house.ask(f'{{ licence(media: "{shown}") {{ uses }} }}')["licence"]["uses"] == 3
    (alone,) = house.ask(ask, u=True)["mediaFiles"]["nodes"]
    assert alone["id"] == spare
    house.materials.edit(third.id, body="<p>没有图了</p>", by="li")
    assert house.ask(f'{{ licence(media: "{shown}") {{ uses }} }}')["licence"]["uses"] == 2


def test_the_files_are_for_those_who_read_the_library(house):
    front = Actor(id="tok_1", role=Role.CHANNEL_APP, account=house.app.id)
    (no,) = house.errors("{ mediaFiles { totalCount } }", front)
    assert no["extensions"]["code"] == "forbidden"
    (wrong,) = house.errors('{ mediaFiles(kind: "music") { totalCount } }')
    assert wrong["extensions"]["code"] == "invalid"
