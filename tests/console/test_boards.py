"""The board and the forecast: few figures, each with its moment, its table and its CSV."""

import re

import pytest

from data_hub.measures import KPIS
from tests.data_hub.telling import event, user


@pytest.fixture
def rooms(knowing_rooms):
    knowing_rooms.tell(
        *(event("bought", user(f"u{n}", "acc_shop"), minutes=-n, account=knowing_rooms.app.id,
                detail={"amount": 10 * n}) for n in range(1, 8)),
    )  # fmt: skip
    return knowing_rooms


@pytest.mark.rule("R15.1", "R7.2")
@pytest.mark.parametrize("role", ["admin", "analyst", "team_lead"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_role_sees_five_figures_at_most_and_where_customers_stand(rooms, desk_of, role, language):
    rooms.vips.choose()
    page = desk_of(role).get(f"/console/board?lang={language}")

    assert page.status_code == 200
    assert 0 < page.text.count('class="chart"') <= 5
    assert "<title>" in page.text.split('class="chart"')[1]
    assert ">None<" not in page.text
    assert 'style="' not in page.text


@pytest.mark.rule("R15.2")
def test_an_administrator_puts_a_sixth_figure_on_a_board_and_says_why(rooms, desk_of):
    six = [code for code, kpi in KPIS.items() if kpi.tracked][:6]
    form = {"role": "analyst", "codes": six}
    refused = desk_of("admin").post("/console/board", **form)
    assert refused.status_code == 422
    assert "最多 5 个" in refused.text
    assert desk_of("analyst").post("/console/board", **form).status_code == 403

    kept = desk_of("admin").post("/console/board", reason="年终盘点", **form)
    assert "看板已更新" in kept.text
    page = desk_of("analyst").get("/console/board").text
    assert page.count('class="chart"') == 6
    assert "年终盘点" in page


@pytest.mark.parametrize("code", KPIS)
def test_every_figure_has_its_table_its_source_and_its_csv(rooms, desk_of, code):
    desk = desk_of("analyst")
    page = desk.get(f"/console/board/{code}")
    assert page.status_code == 200
    assert all(kind in page.text for kind in KPIS[code].kinds)
    sheet = desk.get(f"/console/board/{code}.csv").text.splitlines()
    assert sheet[0] == f"day,{code}"
    assert len(sheet) == 31
    if code == "orders":
        assert sum(int(line.split(",")[1]) for line in sheet[1:]) == 7


@pytest.mark.rule("R162.5")
def test_the_forecast_says_that_the_data_are_too_few(rooms, desk_of):
    page = desk_of("analyst").get("/console/forecast")
    assert page.status_code == 200
    rooms.predictions.fit_now()
    page = desk_of("analyst").get("/console/forecast?lang=en").text
    assert "7 buyers: too few to say anything. <small>as of <time" in page
    assert desk_of("analyst").get("/console/forecast.csv").text.startswith("customer,likely")


def test_boards_are_for_those_who_may(desk_of):
    assert desk_of("rep").get("/console/board").status_code == 403
    assert desk_of("analyst").get("/console/board/nothing").status_code == 404


@pytest.mark.rule("R7.2", "R7.3")
def test_a_figure_tells_the_share_of_each_ecosystem_and_its_total(rooms, desk_of):
    her = user("u9", rooms.app.id)
    rooms.tell(
        *(event("read_material", her, account=rooms.app.id, minutes=n) for n in range(3)),
        event("read_material", her, account=rooms.wall.id, minutes=4),
    )
    page = desk_of("analyst").get("/console/board/views").text
    table = page.partition("<tbody>")[2].partition("</table>")[0]
    counts = [int(n) for n in re.findall(r">(\d+)</td><td [^>]+>[\d.]+%", table)]
    shares = [float(n) for n in re.findall(r">\d+</td><td [^>]+>([\d.]+)%", table)]
    assert sum(counts) == int(re.search(r"<b>(\d+)</b>", table)[1])
    assert len(counts) == 2
    assert shares == [round(100 * n / sum(counts), 1) for n in counts]


@pytest.mark.rule("R7.2", "R162.2", "R162.4")
def test_the_forecast_names_who_is_due_and_says_how_such_words_came_true(rooms, desk_of):
    day = 1_440
    rooms.tell(
        *(
            event("bought", user(f"buyer{number}", rooms.app.id), account=rooms.app.id,
                  detail={"amount": 100}, minutes=-day * (ago * (40 + number % 9) + number % 40))
            for number in range(120)
            for ago in range(4 + number % 4)
        )
    )  # fmt: skip
    rooms.predictions.fit_now()
    while rooms.digest.look():
        pass
    page = desk_of("analyst").get("/console/forecast?lang=en").text
    assert page.count('<th scope="row">in ') == 3
    assert re.search(r"within the 80% window</th><td class=\"number\">\d+\.\d%", page)
    assert re.search(r"\d+ buyers looked back at\.\s+\d+ of them had been told a window", page)
    assert "00:00" not in page.partition("Likely within")[2].partition("</table>")[0]

    def due(world, role="analyst", unit=""):
        desk = desk_of(role, unit)
        rows = desk.get(f"/console/forecast.csv{world}").text.split()[1:]
        return len(rows), desk.get(f"/console/forecast{world}").text.count('<th scope="row" data')

    assert due("", "team_lead", "unt_of_nobody") == (0, 0)
    assert due("") == due("?world=own_app") > (0, 0)
    assert due("?world=video") == due("?world=none") == (0, 0)
