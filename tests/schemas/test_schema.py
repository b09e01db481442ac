"""What can be asked and done through GraphQL, on real stores."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from channels.base import Message
from kernel.actors import Actor, Role
from kernel.events import Event, Handle
from tests.schemas.conftest import BASE, DAY, HOUR, RECOMMEND, SHELF, app, editor

TITLES = "query($channel: ID!) { shelf(channel: $channel) { nodes { id title } } }"


def titles(house, actor=None, **more):
    data = house.ask(TITLES, actor, channel=house.app.id, **more)
    return [node["title"] for node in data["shelf"]["nodes"]]


def test_the_contracts_shelf_query_runs_as_it_stands(house):
    home = house.tag("养老社区", en="Retirement home", code="home")
    id_ = house.shown("参观养老社区", "养老社区")
    data = house.ask(SHELF, app(house.app.id), channel="app", tags=["home"])["shelf"]
    assert data["totalCount"] == 1
    assert data["pageInfo"] == {"hasNextPage": False, "endCursor": None}
    (node,) = data["nodes"]
    assert node["id"] == id_
    assert node["tags"] == [{"id": home, "label": "养老社区", "facet": "topic"}]
    assert node["cover"] is None
    assert node["opens"] == "2026-03-02T08:00:00+00:00"
    code = node["trackedUrl"].removeprefix(f"{BASE}/t/")
    assert house.links.open(code) == (id_, house.app.id, "", "")


def test_the_contracts_recommendations_query_runs_as_it_stands(house):
    house.library(each=2)
    rep = house.hire("r1", name="李丽")
    her = house.meet(rep=rep, name="王芳", gender="f")
    data = house.ask(RECOMMEND, rep, customer=house.id_of(her))["recommendations"]
    assert data["id"].startswith("off_")
    assert [item["position"] for item in data["items"]] == list(range(1, 11))
    assert {"script", "product_note"} <= {item["material"]["type"] for item in data["items"]}
    for item in data["items"]:
        total = sum(reason["weight"] for reason in item["reasons"])
        assert abs(total - item["score"]) < 1e-9
        assert item["script"]["text"].startswith("王女士您好")


def test_nothing_is_shown_before_it_opens_or_after_it_closes(house, clock):
    made = house.materials.create("script", "限时", by="li", tags=[house.tag("理财")])
    house.shelf.place(made.id, house.app.id, opens=clock() + HOUR, closes=clock() + DAY, by="li")
    front = app(house.app.id)
    one = "query($id: ID!) { material(id: $id) { title } }"
    assert titles(house, front) == []
    assert house.errors(one, front, id=made.id)[0]["extensions"]["code"] == "not_found"
    clock.move(HOUR - timedelta(microseconds=1))
    assert titles(house, front) == []
    clock.move(timedelta(microseconds=1))
    assert titles(house, front) == ["限时"]
    assert house.ask(one, front, id=made.id) == {"material": {"title": "限时"}}
    clock.move(DAY - HOUR - timedelta(microseconds=1))
    assert titles(house, front) == ["限时"]
    clock.move(timedelta(microseconds=1))
    assert titles(house, front) == []
    assert house.errors(one, front, id=made.id)[0]["extensions"]["code"] == "not_found"


def test_a_developer_may_ask_what_will_be_shown_at_another_moment(house):
    house.shown("现在")
    query = "query($c: ID!, $at: Moment) { shelf(channel: $c, at: $at) { nodes { title } } }"
    later = house.ask(query, app(house.app.id), c="app", at="2027-01-01T00:00:00+08:00")
    assert later == {"shelf": {"nodes": []}}
    customer = Actor(id="u", role=Role.CUSTOMER, account=house.app.id, customer="user:a:1")
    (refused,) = house.errors(query, customer, c="app", at="2027-01-01T00:00:00+08:00")
    assert refused["extensions"]["code"] == "forbidden"
    (naive,) = house.errors(query, app(house.app.id), c="app", at="2027-01-01T00:00:00")
    assert naive["extensions"]["errors"][0]["field"] == "at"


def test_a_front_end_sees_no_other_accounts_shelf(house):
    other = house.accounts.add(code="oa", name="号", kind="app", ecosystem="wechat", by="li")
    (error,) = house.errors(TITLES, app(house.app.id), channel=other.id)
    assert error["extensions"]["code"] == "not_found"
    (error,) = house.errors("{ materials { nodes { id } } }", app(house.app.id))
    assert error["extensions"]["code"] == "forbidden"


def test_content_of_another_unit_looks_like_missing(house):
    made = house.materials.create("script", "分公司内部", unit="unt_1", by="li")
    stranger = editor(units=frozenset({"", "unt_2"}), reach=frozenset({"unt_2"}), unit="unt_2")
    query = "query($id: ID!) { material(id: $id) { title } }"
    missing = house.errors(query, stranger, id="mat_none")[0]["extensions"]
    assert house.errors(query, stranger, id=made.id)[0]["extensions"] == missing
    retire = (
        "mutation($i: RetireMaterialInput!) { retireMaterial(input: $i) { problems { code } } }"
    )
    (error,) = house.errors(retire, stranger, i={"material": made.id})
    assert error["extensions"]["code"] == "not_found"
    assert house.ask("{ materials { totalCount } }", stranger) == {"materials": {"totalCount": 0}}


def test_headquarters_content_is_read_and_not_changed_by_a_branch(house):
    made = house.materials.create("script", "总部", by="li")
    branch = editor(units=frozenset({"", "unt_2"}), reach=frozenset({"unt_2"}), unit="unt_2")
    edit = """mutation($m: ID!) {
      editMaterial(input: {material: $m, title: "改"}) { problems { code } } }"""
    (error,) = house.errors(edit, branch, m=made.id)
    assert error["extensions"]["code"] == "forbidden"


_PROBE = "SELECT name, number FROM versions"


@contextmanager
def statements(records):
    """What is asked of the records meanwhile."""
    seen = []

    def note(connection, cursor, statement, *rest):
        if not statement.startswith(("BEGIN", "SAVEPOINT")):
            seen.append(statement)

    event.listen(records.engine, "before_cursor_execute", note)
    if records.looks:
        records.looks.heard = lambda said: said.startswith(_PROBE) or seen.append(said)
    yield seen
    event.remove(records.engine, "before_cursor_execute", note)
    if records.looks:
        records.looks.heard = None


def test_the_core_query_takes_two_statements_at_most(house, records):
    for n in range(12):
        house.shown(f"图文{n}", "养老社区", "理财")
    tags, front = [house.tag("养老社区")], app(house.app.id)
    house.ask(SHELF, front, channel="app", tags=tags)
    with statements(records) as seen:
        data = house.ask(SHELF, front, channel="app", tags=tags, first=10)
    assert len(data["shelf"]["nodes"]) == 10
    probes = [each for each in seen if "max(opens)" in each]
    assert len(probes) <= 1
    assert 1 <= len(seen) - len(probes) <= 2, seen


def test_the_total_is_counted_for_nobody_who_does_not_ask(house, records):
    house.shown("图文")
    asked = "query($c: ID!, $t: Boolean!) { shelf(channel: $c) { totalCount @include(if: $t) } }"
    with statements(records) as seen:
        house.ask(asked, app(house.app.id), c="app", t=False)
        assert not [each for each in seen if "count(*)" in each]
        house.ask(asked, app(house.app.id), c="app", t=True)
        assert [each for each in seen if "count(*)" in each]


def test_a_page_costs_as_many_statements_as_one_of_its_things(house, records):
    for n in range(8):
        house.shown(f"图文{n}", "养老社区")
        house.meet(f"138001380{n:02}")
    admin, most = Actor(id="a", role=Role.ADMIN), {}
    for query, limit in {
        "{ materials { nodes { title tags { label parent { label } } } } }": 5,
        '{ shelf(channel: "app") { nodes { material { body owner } } } }': 7,
        "{ customers { nodes { name rep leans { weight tag { label } } } } }": 7,
        "{ deliveries { nodes { state material { title } } } }": 3,
    }.items():
        with statements(records) as seen:
            house.ask(query, admin)
        most[query] = (len(seen), limit)
    assert all(count <= limit for count, limit in most.values()), most


def test_a_material_is_made_tagged_placed_moved_and_retired(house, clock):
    house.tag("养老社区", code="home")
    make = """mutation($input: CreateMaterialInput!) {
      createMaterial(input: $input) {
        material { id code tags { id } fields(names: ["scene"]) { name value } }
        problems { field code message } } }"""
    given = {
        "code": "open1",
        "type": "script",
        "title": "开场",
        "fields": [{"name": "scene", "value": "初见"}],
    }
    made = house.ask(make, input=given)["createMaterial"]
    assert made["problems"] == []
    assert made["material"]["fields"] == [{"name": "scene", "value": "初见"}]
    place = """mutation($input: PlaceMaterialInput!) { placeMaterial(input: $input) {
      placement { id state channel material { title } } problems { field code message } } }"""
    window = {"opens": "2026-03-02T09:00:00Z", "closes": "2026-03-09T17:00:00+08:00"}
    where = {"material": "open1", "channel": "app"}
    bare = house.ask(place, input=where)["placeMaterial"]
    assert bare["placement"] is None
    assert {each["field"] for each in bare["problems"]} == {"tags", "opens", "closes"}
    tag = """mutation { tagMaterials(input: {materials: ["open1"], add: ["home"]}) {
      materials { code tags { code } } problems { code } } }"""
    tagged = house.ask(tag)["tagMaterials"]
    assert tagged == {"materials": [{"code": "open1", "tags": [{"code": "home"}]}], "problems": []}
    placed = house.ask(place, input=where | window)["placeMaterial"]
    assert placed["problems"] == []
    assert placed["placement"]["state"] == "standing"
    assert placed["placement"]["material"] == {"title": "开场"}
    again = house.ask(place, input=where | window)["placeMaterial"]
    assert [each["code"] for each in again["problems"]] == ["already_placed"]
    move = """mutation($p: ID!) {
      movePlacement(input: {placement: $p, opens: "2026-03-03T00:00:00Z"}) {
        placement { state } problems { code } } }"""
    moved = house.ask(move, p=placed["placement"]["id"])["movePlacement"]
    assert moved == {"placement": {"state": "waiting"}, "problems": []}
    assert titles(house) == []
    clock.move(DAY)
    assert titles(house) == ["开场"]
    gone = house.ask(
        'mutation { retireMaterial(input: {material: "open1"})'
        " { material { id } cancelled inFlight } }"
    )
    assert gone["retireMaterial"] == {
        "material": {"id": made["material"]["id"]}, "cancelled": 0, "inFlight": 0,
    }  # fmt: skip
    assert titles(house) == []


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("2026-03-02T09:00:00", "moment_without_zone"),
        ("2026-02-30T09:00:00Z", "not_a_moment"),
        ("tomorrow", "not_a_moment"),
        ("", "not_a_moment"),
        ("0001-01-01T00:00:00+14:00", "not_a_moment"),
        ("3026-03-02T09:00:00Z", "moment_out_of_range"),
    ],
)
def test_times_that_cannot_be_meant_are_problems_that_name_the_field(house, moment, code):
    house.shown("图文")
    place = """mutation($o: Moment) { placeMaterial(input:
      {material: "m", channel: "app", opens: $o, closes: "2026-04-01T00:00:00Z"})
      { problems { field code } } }"""
    house.materials.create("script", "话术", code="m", by="li", tags=[house.tag("理财")])
    problems = house.ask(place, o=moment)["placeMaterial"]["problems"]
    assert problems == [{"field": "opens", "code": code}]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"type": "nonsense", "title": "一"}, "type"),
        ({"type": "script", "title": ""}, "title"),
        ({"type": "script", "title": "长" * 22_000}, "title"),
        ({"type": "script", "title": "一", "tags": ["no such"]}, "tags"),
        ({"type": "script", "title": "一", "fields": [{"name": "nope", "value": 1}]}, "fields"),
        ({"type": "script", "title": "一", "code": "a b"}, "code"),
    ],
)
def test_what_a_material_may_not_be_is_a_problem_that_names_the_field(house, sent, field):
    make = """mutation($i: CreateMaterialInput!) {
      createMaterial(input: $i) { material { id } problems { field message } } }"""
    told = house.ask(make, i=sent)["createMaterial"]
    assert told["material"] is None
    assert [each["field"] for each in told["problems"]] == [field]


def test_tags_are_made_renamed_merged_and_found_by_their_synonyms(house):
    make = """mutation($l: String!, $c: String) { createTag(input:
      {label: $l, facet: "topic", code: $c, synonyms: ["养老院"]}) {
        tag { id code label } problems { code } } }"""
    first = house.ask(make, l="养老社区", c="home")["createTag"]["tag"]
    assert house.ask(make, l="养老社区")["createTag"]["problems"] == [{"code": "tag_exists"}]
    second = house.ask(make, l="康养社区", c="care")["createTag"]["tag"]
    house.ask('mutation { renameTag(input: {tag: "home", label: "养老家园"}) { tag { id } } }')
    house.ask('mutation { addSynonyms(input: {tag: "home", synonyms: ["银发"]}) { tag { id } } }')
    found = house.ask('{ tags(text: "银发") { nodes { id label synonyms } totalCount } }')["tags"]
    assert found["nodes"][0]["label"] == "养老家园"
    assert found["nodes"][0]["synonyms"] == ["养老院", "银发"]
    house.ask('mutation { mergeTags(input: {tag: "care", into: "home"}) { tag { id } } }')
    gone = house.ask("query($id: ID!) { tag(id: $id) { id } }", id=second["id"])
    assert gone == {"tag": {"id": first["id"]}}


def test_campaigns_are_made_and_moved(house):
    make = """mutation { createCampaign(input: {name: "开门红", code: "red",
      opens: "2026-03-01T00:00:00Z", closes: "2026-03-31T00:00:00Z"})
      { campaign { code opens } problems { code } } }"""
    assert house.ask(make)["createCampaign"]["problems"] == []
    move = """mutation { moveCampaign(input: {campaign: "red", opens: "2026-03-03T00:00:00Z"})
      { campaign { closes } problems { code } } }"""
    assert house.ask(move)["moveCampaign"]["campaign"] == {"closes": "2026-04-02T00:00:00+00:00"}
    running = house.ask("{ campaigns(running: true) { nodes { code } } }")["campaigns"]["nodes"]
    assert running == []
    assert house.ask('{ campaign(id: "red") { name } }') == {"campaign": {"name": "开门红"}}


def test_a_customer_is_found_by_any_handle_and_tells_her_timeline(house):
    material = house.shown("参观养老社区", "养老社区")
    rep = house.hire("r1")
    her = house.meet(rep=rep, name="王芳")
    house.tell(house.event("read_material", her, material))
    query = """query($h: String!) { customers(filter: {handle: $h}) {
      totalCount nodes { name masked rep leans { tag { label } weight }
        timeline(first: 5) {
          totalCount nodes { id kind at source sentence material { title } } } } } }"""
    (found,) = house.ask(query, rep, h="13800138000")["customers"]["nodes"]
    assert (found["name"], found["masked"], found["rep"]) == ("王芳", False, rep.staff)
    assert found["timeline"]["totalCount"] == 2
    kinds = [node["kind"] for node in found["timeline"]["nodes"]]
    assert sorted(kinds) == ["identified", "read_material"]
    assert found["leans"][0]["tag"] == {"label": "养老社区"}
    only = query.replace("timeline(first: 5)", 'timeline(first: 5, kinds: ["Material Read", "x"])')
    (found,) = house.ask(only, rep, h="13800138000")["customers"]["nodes"]
    assert [node["kind"] for node in found["timeline"]["nodes"]] == ["read_material"]
    assert found["timeline"]["totalCount"] == 1
    stranger = house.hire("r2", name="赵六")
    assert house.ask(query, stranger, h="13800138000")["customers"]["totalCount"] == 0
    (error,) = house.errors("{ customers { totalCount } }", editor())
    assert error["extensions"]["code"] == "forbidden"


def test_a_rep_opens_and_finishes_her_red_dots(house):
    rep = house.hire("r1")
    her = house.meet(rep=rep)
    material = house.shown("保单到期")
    first = house.reminders.remind(
        rep.staff, "maturity", str(her), "2026", material=material, evidence={"days": 3}
    )
    house.reminders.remind(rep.staff, "came_back", str(her), "2026-03")
    me = """{ me { role unreadReminders
      reminders { totalCount
        nodes { id kind operation unread customer evidence material { title } } } } }"""
    told = house.ask(me, rep)["me"]
    assert told["unreadReminders"] == told["reminders"]["totalCount"] == 2
    assert {node["customer"] for node in told["reminders"]["nodes"]} == {house.id_of(her)}
    assert {node["operation"] for node in told["reminders"]["nodes"]} == {"data"}
    opening = "mutation($r: ID!) { openReminder(input: {reminder: $r}) { reminder { unread } } }"
    assert house.ask(opening, rep, r=first.id)["openReminder"]["reminder"] == {"unread": False}
    assert house.ask(me, rep)["me"]["unreadReminders"] == 1
    (error,) = house.errors(opening, house.hire("r2"), r=first.id)
    assert error["extensions"]["code"] == "not_found"


def test_a_rep_sends_a_material_once_a_day_to_who_is_known_on_the_channel(house):
    rep = house.hire("r1")
    her = Handle("user", house.app.id, "u1")
    house.tell(Event(id="e", kind="identified", at=house.clock(), account=house.app.id, handle=her))
    house.customers.entrust(her, rep.staff, by="li")
    material = house.shown("参观养老社区")
    send = """mutation($c: ID!, $m: ID!) {
      sendMaterial(input: {customer: $c, material: $m, channel: "app"})
      { delivery { id state material { title } } problems { code } } }"""
    sent = house.ask(send, rep, c=house.id_of(her), m=material)["sendMaterial"]
    assert sent["problems"] == []
    assert sent["delivery"]["material"] == {"title": "参观养老社区"}
    again = house.ask(send, rep, c=house.id_of(her), m=material)["sendMaterial"]
    assert again["delivery"]["id"] == sent["delivery"]["id"]
    elsewhere = house.meet(rep=rep)
    told = house.ask(send, rep, c=house.id_of(elsewhere), m=material)["sendMaterial"]
    assert told["problems"] == [{"code": "not_reached_on_this_channel"}]

    note = """mutation($c: ID!, $m: ID!) {
      sendMaterial(input: {customer: $c, material: $m, channel: "app", words: "翻 倍，＿＿您"})
      { problems { code field } } }"""
    house.compliance.set_rule("翻倍", kind="forbidden", severity="block", by="wang")
    said = house.ask(note, rep, c=house.id_of(her), m=house.shown("理财须知"))["sendMaterial"]
    assert said["problems"] == [  # as in the workbench: the same words at every door
        {"code": "words_may_not_be_said", "field": "words"},
        {"code": "words_have_gaps", "field": "words"},
    ]


def test_a_day_on_which_something_is_sent_once_is_the_companys(house):
    rep = house.hire("r1")
    her = Handle("user", house.app.id, "u1")
    house.tell(Event(id="e", kind="identified", at=house.clock(), account=house.app.id, handle=her))
    house.customers.entrust(her, rep.staff, by="li")
    material = house.shown("参观养老社区")
    send = """mutation($c: ID!, $m: ID!) {
      sendMaterial(input: {customer: $c, material: $m, channel: "app"}) { delivery { id } } }"""

    def sent():
        told = house.ask(send, rep, c=house.id_of(her), m=material)
        return told["sendMaterial"]["delivery"]["id"]

    monday = sent()
    tuesday = house.zone.at(house.zone.day(house.clock()) + DAY)
    house.clock.now = tuesday + 7 * HOUR + timedelta(minutes=59)
    early = sent()
    house.clock.move(timedelta(minutes=2))  # a day begins in UTC
    assert sent() == early != monday


def test_deliveries_counts_and_search_are_answered_as_pages(house):
    material = house.shown("参观养老社区", "养老社区")
    her = house.meet()
    house.tell(*(house.event("read_material", her, material, ago=HOUR * n) for n in range(3)))
    admin = Actor(id="a", role=Role.ADMIN)
    counts = """{ counts(by: [KIND, MATERIAL], kind: "read_material") {
      totalCount nodes { key count } } }"""
    assert house.ask(counts, admin)["counts"] == {
        "totalCount": 1, "nodes": [{"key": ["read_material", material], "count": 3}],
    }  # fmt: skip
    house.finding.follow()
    found = house.ask('{ search(text: "养老") { totalCount nodes { id } } }')["search"]
    assert found == {"totalCount": 1, "nodes": [{"id": material}]}
    assert house.ask("{ deliveries { totalCount nodes { id } } }")["deliveries"]["totalCount"] == 0
    (error,) = house.errors('{ counts(by: [DAY], since: "2026-13-01") { totalCount } }', admin)
    assert error["extensions"]["errors"][0]["field"] == "since"


def test_an_error_says_its_code_and_nothing_of_the_document(house):
    for query in (
        "{ secretThing }",
        "{ shelf(channel: secretThing) { totalCount } }",
        "{ secretThing",
    ):
        for error in house.errors(query, app(house.app.id)):
            assert error["extensions"]["code"] == "invalid"
            assert "Did you mean" not in error["message"]
            assert "|" not in error["message"]


def test_who_holds_a_front_ends_token_learns_nothing_of_the_schema(house):
    for query in ("{ __schema { types { name } } }", '{ __type(name: "Material") { name } }'):
        (error,) = house.errors(query, app(house.app.id))
        assert error["extensions"]["code"] == "forbidden"
        house.ask(query)
    (error,) = house.errors("{ shelfs { totalCount } }", app(house.app.id))
    assert "shelf" not in error["message"].removeprefix("Cannot query field 'shelfs'")
    (error,) = house.errors("{ shelfs { totalCount } }")
    assert "Did you mean" in error["message"]


def test_a_customer_reads_what_was_said_to_her_and_to_nobody_else(house):
    for key, who in (("k1", "u-1"), ("k2", "u-2"), ("k3", "u-1")):
        message = Message(
            handle=Handle("user", house.app.id, who), text=f"您好 {key}", link=f"{BASE}/t/{key}"
        )
        house.inbox.put(message, account=house.app.id, key=key)
    asking = "{ me { inbox(first: 5) { totalCount nodes { id text link material read } } } }"
    her = f"user:{house.app.id}:u-1"
    customer = Actor(
        id=her, role=Role.CUSTOMER, account=house.app.id, customer=her, reach=frozenset()
    )

    inbox = house.ask(asking, customer)["me"]["inbox"]
    nodes = inbox["nodes"]
    assert inbox["totalCount"] == len(nodes)
    assert [(node["id"], node["text"]) for node in nodes] == [("k3", "您好 k3"), ("k1", "您好 k1")]
    assert nodes[0] | {"id": "", "text": ""} == {
        "id": "", "text": "", "link": f"{BASE}/t/k3", "material": None, "read": None,
    }  # fmt: skip
    (error,) = house.errors(asking, editor())
    assert error["extensions"]["code"] == "forbidden"
