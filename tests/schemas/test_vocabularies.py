"""Tags on platforms through GraphQL: a facet is shared, customers are marked, and who may."""

from kernel.actors import Actor, Role
from kernel.events import Handle

ADMIN = Actor(id="stf_boss", role=Role.ADMIN)
SHARE = """mutation ($input: ShareFacetInput!) { shareFacet(input: $input) {
  sharedFacet { channel facet there reason } problems { code field } } }"""
MARK = """mutation ($input: MarkCustomersInput!) { markCustomers(input: $input) {
  marked problems { code field } } }"""
SEEN = "{ sharedFacets { facet there } }"


class Library:
    """A platform that takes tags."""

    writes_to = "external_userid"

    def __init__(self):
        self.kept, self.worn = {}, []

    def put_words(self, group, wanted):
        self.kept = {each.label: group for each in wanted.values()}
        return {tag: f"et-{tag}" for tag in wanted}

    def mark(self, handle, add, remove):
        self.worn.append((handle.value, list(add), list(remove)))


def test_a_facet_is_shared_and_a_customer_wears_one_of_its_tags(house):
    door = Library()
    house.vocabularies._channels._factories["library"] = lambda *_: door
    there = house.accounts.add(
        code="w", name="企业微信", kind="library", ecosystem="wechat", by="t"
    )
    rich = house.taxonomy.create("高净值", "audience", code="rich", by="t")
    told = house.ask(SHARE, ADMIN, input={"channel": "w", "facet": "audience"})["shareFacet"]
    assert told["sharedFacet"] == {
        "channel": there.id, "facet": "audience", "there": True, "reason": ""
    }  # fmt: skip
    assert door.kept == {"高净值": "人群"}
    assert house.ask(SEEN, ADMIN)["sharedFacets"] == [{"facet": "audience", "there": True}]

    handle = Handle("external_userid", there.id, "wm1")
    house.tell(house.event("followed", handle, account=there.id))
    her = house.identities.customer_of(handle)
    asked = {"channel": "w", "customers": [her], "add": ["rich"]}
    assert house.ask(MARK, ADMIN, input=asked)["markCustomers"] == {"marked": 1, "problems": []}
    assert door.worn == [("wm1", [f"et-{rich.id}"], [])]


def test_a_facet_that_there_is_not_and_a_channel_that_takes_none_say_so(house):
    account = next(each for each in house.accounts.all() if each.kind == "app")
    asked = {"channel": account.code, "facet": "audience"}
    told = house.ask(SHARE, ADMIN, input=asked)["shareFacet"]
    assert [each["code"] for each in told["problems"]] == ["channel_takes_no_tags"]
