"""What the processes count, and the worker's own door for whoever scrapes it."""

import http.client
import re
from datetime import timedelta

import pytest

from channels.deliveries import Lane
from juzhen import metrics
from juzhen.counting import scraped
from juzhen.settings import BadSetting, begin, load
from juzhen.vitals import Vitals
from juzhen.wiring import assemble
from kernel.errors import Conflict
from kernel.events import Event, Handle
from tests.blank import migrate

USER = Handle("user", "", "u-1")


@pytest.fixture
def company(tmp_path):
    begin(tmp_path, stores_durability="process")
    settings = load({"JUZHEN_HOME": str(tmp_path)})
    migrate(settings)
    opened = assemble(settings)
    yield opened
    opened.close()


def asked(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def counted(name, **labels):
    """The number behind a name, now."""
    told = metrics.exposition()[0].decode()
    label = "{" + ",".join(f'{key}="{value}"' for key, value in sorted(labels.items())) + "}"
    found = re.search(rf"^{name}{re.escape(label if labels else '')} (\S+)$", told, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_a_worker_tells_that_it_lives_and_what_it_counted(company):
    vitals = Vitals(0, lambda: scraped(company.fold))
    try:
        assert asked(vitals.port, "/livez") == (200, '{"alive":true}\n')
        status, told = asked(vitals.port, "/metrics?all=1")
        assert status == 200
        assert "juzhen_backlog 0.0" in told
        assert asked(vitals.port, "/console/")[0] == 404
    finally:
        vitals.close()


def test_a_port_that_somebody_else_has_stops_the_start_with_its_name():
    first = Vitals(0, metrics.exposition)
    try:
        with pytest.raises(BadSetting, match=f"JUZHEN_WORKER_METRICS_PORT={first.port}"):
            Vitals(first.port, metrics.exposition)
    finally:
        first.close()


def test_what_is_folded_and_digested_is_counted_where_it_happens(company):
    def all_three():
        came = counted("juzhen_events_total", door="link", outcome="accepted")
        return came, counted("juzhen_folded_total"), counted("juzhen_digested_total")

    before = all_three()
    told = Event(
        id="e1", kind="opened_link", at=company.clock() - timedelta(minutes=1),
        account="juzhen", ecosystem="own_app", handle=USER,
    )  # fmt: skip
    company.intake.take([told], door="link")

    folded, digested = company.fold.run(), company.digest.run()

    assert folded == digested == 1
    assert all_three() == tuple(number + 1 for number in before)


def test_what_became_of_a_delivery_is_counted_once_it_is_told(company):
    before = counted("juzhen_deliveries_total", outcome="cancelled")
    account = company.accounts.add(code="app", name="应用", kind="app", ecosystem="own_app", by="t")
    company.deliveries.queue(account=account.id, occasion="plc_1", placement="plc_1", by="t")

    def gone(_):
        raise Conflict("no_longer_on_shelf")

    assert company.deliveries.claim(gone, lane=Lane.POST) is None
    while company.own_acts.copy():
        pass

    assert counted("juzhen_deliveries_total", outcome="cancelled") == before + 1
