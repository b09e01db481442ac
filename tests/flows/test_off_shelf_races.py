"""Never an off-shelf material, however real processes race: an editor who takes contents off the
shelf and puts them on it, pins what is not there, and ends her rules again, beside two web
processes that are asked for lists all the time."""

import json
import subprocess
import sys
import threading
import time

import pytest

from juzhen.settings import load
from juzhen.wiring import assemble
from kernel.events import Handle
from tests.flows.company import ROOT, eventually
from tests.sizes import sized

pytestmark = [pytest.mark.timeout(600)]
SECONDS = sized(4, 120)
WAYS = ("retire", "close", "embargo", "exclude", "on", "pin", "quota", "boost", "end")
MATERIALS, CUSTOMERS, ASKERS = 14, 4, 2
LIST = """query($customer: ID!) { recommendations(customer: $customer) {
  items { material { id } script { id } } } }"""

FIND = "query($handle: String!) { customers(filter: {handle: $handle}) { nodes { id } } }"


class Asker:
    """One client of one web process: what each list showed, and when it was asked for."""

    def __init__(self, web, token, customers):
        self._web, self._token, self._customers = web, token, customers
        self.lists, self._over = [], threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _ask(self):
        while not self._over.is_set():
            for customer in self._customers:
                asked = time.monotonic()
                told = self._web.graphql(LIST, self._token, customer=customer)
                shown = {
                    each["id"]
                    for item in told["recommendations"]["items"]
                    for each in (item["material"], item["script"]) if each
                }  # fmt: skip
                self.lists.append((asked, time.monotonic(), shown))


@pytest.fixture
def hub(company):
    platform = assemble(load({"JUZHEN_HOME": str(company.processes.home)}))
    yield platform
    platform.close()


def made(hub, number):
    """A content that nobody has placed yet: some of them scripts and product notes."""
    kind = ("image_text", "image_text", "script", "product_note")[number % 4]
    tag = hub.taxonomy.create(f"标签{number}", "topic", by="t")
    return hub.materials.create(kind, f"内容{number}", by="t", tags=[tag.id], body="<p>好</p>").id


def met(company, hub, count):
    """Customers of the rep, as she finds them."""
    handles = [Handle("user", company.ids["app"], f"user{n}") for n in range(count)]
    told = [{"type": "identify", "userId": each.value, "traits": {"city": "苏州"}}
            for each in handles]  # fmt: skip
    sent = company.web("POST", "/v1/batch", json={"batch": told, "writeKey": company.write_key})
    assert sent.status == 200, sent.data
    for each in handles:
        hub.customers.entrust(each, company.ids["rep"], by="t")

    def found():
        asked = (company.web.graphql(FIND, company.tokens["rep"], handle=str(h)) for h in handles)
        nodes = [each["customers"]["nodes"] for each in asked]
        return all(nodes) and [each["id"] for (each,) in nodes]

    return eventually(found)


def test_no_list_shows_what_was_off_the_shelf_all_the_while(company, hub):
    company.start_another_web()
    materials = [made(hub, n) for n in range(MATERIALS)]
    customers = met(company, hub, CUSTOMERS)
    racer = [
        sys.executable, "-m", "tests.flows.shelf_racer", str(company.processes.home),
        company.ids["app"], str(SECONDS), "1", *materials,
    ]  # fmt: skip
    token = company.tokens["rep"]
    with Asker(company.web, token, customers) as one, Asker(company.other, token, customers) as two:
        done = subprocess.run(
            racer, cwd=ROOT, env=company.processes.environment, check=True, text=True,
            stdout=subprocess.PIPE,
        )  # fmt: skip
    told = json.loads(done.stdout)
    lists = one.lists + two.lists
    for each in one, two:
        assert sum(bool(shown) for *_, shown in each.lists) > 20
    assert {way for way in WAYS if not told["acts"].get(way)} == set()
    wrong = [
        (material, way)
        for material, way, since, until in told["off"]
        for asked, answered, shown in lists
        if material in shown and since <= asked and (until is None or answered <= until)
    ]
    assert wrong == []
    if not hub.records.on_postgres:  # where acts are written one after the other, in this order
        assert [*shown_though_off(hub)] == []


def shown_though_off(hub):
    """What was kept as offered after it had been taken off the shelf by somebody's act."""
    off, mark = set(), ""
    while (stretch := hub.changes.after(mark)).changes:
        mark = stretch.mark
        for each in stretch.changes:
            if each.act in {"retired", "placed"}:
                (off.add if each.act == "retired" else off.discard)(each.detail["material"])
            elif each.act == "embargoed_material":
                (off.add if each.detail["until"] else off.discard)(each.subject)
            elif each.act == "recommended":
                yield from off.intersection(each.detail["materials"])
