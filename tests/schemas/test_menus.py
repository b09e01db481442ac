"""Menus and transfers through GraphQL: decided, told, and who may."""

from channels.accounts import Account
from kernel.actors import Actor, Role

ADMIN = Actor(id="stf_boss", role=Role.ADMIN)
DECIDE = """mutation($input: DecideMenuInput!) { decideMenu(input: $input) {
  menu { channel entries { name key address material { id } } shown reason }
  problems { code field } } }""".replace("material { id }", "material")
MENU = """query($c: ID!) { accountMenu(channel: $c) { entries { name below { name key material } }
  shown reason } }"""
HAND = """mutation($input: HandOverCustomersInput!) { handOverCustomers(input: $input) {
  transfers { id customer giver taker progress reason } problems { code field } } }"""
SEEN = "{ transfers { nodes { id } } }"


class Menu:
    """A channel with a menu and nothing else."""

    def __init__(self):
        self.entries = []

    def put_menu(self, entries):
        self.entries = entries

    def drop_menu(self):
        self.entries = []

    def menu(self):
        return self.entries


def test_a_menu_is_decided_with_codes_of_materials_and_told(house):
    channel = Menu()
    house.menus._channels._factories["menu"] = lambda *_: channel
    house.accounts.add(code="oa", name="公众号", kind="menu", ecosystem="wechat", by="t")
    material = house.materials.create("image_text", "开放日", code="open_day", by="t")
    entries = [{"name": "活动", "below": [{"name": "开放日", "material": "open_day"}]}]
    told = house.ask(DECIDE, ADMIN, input={"channel": "oa", "entries": entries})["decideMenu"]
    assert told["problems"] == []
    assert channel.entries[0].below[0].address == f"https://h.cn/t/{material.id}"
    menu = house.ask(MENU, ADMIN, c="oa")["accountMenu"]
    assert menu["entries"][0]["below"] == [{"name": "开放日", "key": "", "material": material.id}]
    assert menu["shown"]
    assert house.errors(DECIDE, input={"channel": "oa", "entries": []})  # an editor may not


def test_flaws_name_the_entry_and_a_channel_without_menus_says_so(house):
    house.menus._channels._factories["menu"] = lambda *_: Menu()
    house.accounts.add(code="oa", name="公众号", kind="menu", ecosystem="wechat", by="t")
    asked = {"channel": "oa", "entries": [{"name": "空的"}]}
    told = house.ask(DECIDE, ADMIN, input=asked)["decideMenu"]
    assert told["problems"] == [{"code": "menu_entry_does_one_thing", "field": "entries.1"}]
    account = next(each for each in house.accounts.all() if each.kind == "app")
    assert isinstance(account, Account)
    told = house.ask(DECIDE, ADMIN, input={"channel": account.code, "entries": []})["decideMenu"]
    assert [each["code"] for each in told["problems"]] == ["channel_has_no_menu"]


def test_customers_are_handed_over_by_who_may_and_the_channel_must_be_able(house):
    account = next(each for each in house.accounts.all() if each.kind == "app")
    for code in ("giver", "taker"):
        house.staff.add(code, code, by="t")
    asked = {"channel": account.code, "customers": [], "giver": "giver", "taker": "taker"}
    told = house.ask(HAND, ADMIN, input=asked)["handOverCustomers"]
    assert [each["code"] for each in told["problems"]] == ["channel_hands_nobody_over"]
    assert house.ask(SEEN, ADMIN)["transfers"]["nodes"] == []
    assert house.errors(HAND, input=asked)[0]["extensions"]["code"] == "forbidden"
