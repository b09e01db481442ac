"""How a material fared, and what it reports, through GraphQL; its code is run and taken in."""

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from data_hub.catalogue import KINDS, OWN_ACCOUNT, kind_of
from kernel.events import Event, Handle, unpack
from schemas import segment, snippets
from tests.schemas.conftest import app

RECEPTION = """query($m: ID!) { materialReception(material: $m) {
  recommended sent opened contacts unfit { why customers } views { day sittings }
  sittings { seconds page pages channel rep } whole } }"""
SPEC = """query($m: ID!) { trackingSpec(material: $m) {
  events { kind label measures byHouse } snippet } }"""


@pytest.fixture
def read(house):
    """Recommended twice, sent once, opened by two people and a machine, one contact left."""
    made = house.shown("养老规划")
    at = house.clock() - timedelta(days=1)
    her, him, robot = (Handle("cookie", "", each) for each in ("her", "him", "robot"))
    numbers = iter(range(99))

    def told(kind, who=None, minutes=0, **detail):
        return Event(
            id=f"e{next(numbers)}", kind=kind, at=at + timedelta(minutes=minutes), handle=who,
            account=OWN_ACCOUNT if kind == "recommended" else "acc_oa",
            material="" if "materials" in detail else made, rep="stf_li", detail=detail,
        )  # fmt: skip

    house.tell(
        told("recommended", materials=[made, "mat_other"]), told("recommended", materials=[made]),
        told("sent", her),
        told("opened_link", her), told("turned_page", her, 1, seconds=40, page=3, pages=8),
        told("turned_page", her, 2, seconds=20, page=2, pages=8),
        told("read_material", her, 90, seconds=5),
        told("opened_link", him, 5), told("left_contact", him, 6),
        told("opened_link", robot, 7, bot=True),
    )  # fmt: skip
    return made


def test_a_material_tells_what_became_of_it(house, read):
    told = house.ask(RECEPTION, m=read)["materialReception"]
    counted = [told[each] for each in ("recommended", "sent", "opened", "contacts")]
    assert counted == [2, 1, 2, 1]
    assert told["unfit"] == []
    assert (len(told["views"]), told["views"][-2]["sittings"], told["whole"]) == (30, 3, True)
    assert sum(each["sittings"] for each in told["views"]) == 3


def test_a_sitting_tells_how_long_and_how_far_and_ends_when_she_goes_away(house, read):
    told = house.ask(RECEPTION, m=read)["materialReception"]["sittings"]
    dwelt = [(each["seconds"], each["page"], each["pages"]) for each in told]
    assert dwelt == [(5, 0, 0), (0, 0, 0), (60, 3, 8)]
    assert {(each["channel"], each["rep"]) for each in told} == {("acc_oa", "stf_li")}


def test_what_became_of_it_is_for_our_own_people_and_the_spec_for_front_ends_too(house, read):
    front = app(house.app.id)
    assert house.errors(RECEPTION, front, m=read)[0]["extensions"]["code"] == "forbidden"
    told = house.ask(SPEC, front, m=read)["trackingSpec"]
    kinds = [each["kind"] for each in told["events"]]
    assert kinds == list(house.types.one("image_text").tracking)
    hidden = house.materials.create("poster", "内部", by="li").id
    assert house.errors(SPEC, front, m=hidden)[0]["extensions"]["code"] == "not_found"


@pytest.mark.rule("R5.1")
def test_every_type_has_tracking_events_that_we_know(house):
    for type_ in house.types.all():
        assert type_.tracking, type_.code
        assert set(type_.tracking) <= KINDS.keys()


def test_the_snippet_of_every_type_runs_as_it_is_and_is_taken_in(house):
    if not (node := shutil.which("node")):
        pytest.skip("needs Node: apt-get install nodejs")
    stage = """
      const kept = {};
      globalThis.localStorage = { getItem: (k) => kept[k] ?? null, setItem(k, v) { kept[k] = v; } };
      const sent = []; globalThis.fetch = (url, how) => { sent.push([url, how.body]); };
      for (const code of JSON.parse(process.argv[1])) new Function(code)();
      console.log(JSON.stringify(sent));
    """
    specs = {each.code: snippets.spec(each) for each in house.types.all()}
    codes = [snippets.snippet("mat_1", each, "https://juzhen.example") for each in specs.values()]
    ran = subprocess.run(
        [node, "-e", stage, json.dumps(codes)], capture_output=True, text=True, check=True
    )
    kinds = []
    for url, body in json.loads(ran.stdout):
        assert url == "https://juzhen.example/v1/track"
        call = segment.read("/v1/track", lambda _: None, "", body.encode())
        taken = segment.written(
            call, "acc_1", "own_app", datetime.now(UTC), lambda name: kind_of(name).name
        )
        assert (call.key, taken.rejected) == ("WRITE_KEY", [])
        event = unpack(*taken.events)
        assert event.material == "mat_1"
        kinds.append(event.kind)
    expected = [each.kind for own in specs.values() for each in own if not each.by_house]
    assert kinds == expected


def test_no_label_or_kind_of_a_companys_own_ends_the_code(house):
    evil = '</script>"; alert(1); //'
    told = [snippets.Reported(evil, "行\n alert(2)", (), by_house=False)]
    code = snippets.snippet(evil, told, "https://juzhen.example")
    assert "</script>" not in code
    assert code.splitlines()[-1].endswith("// 行 alert(2)")
