"""Settings stop the start when they cannot be used, and say why."""

import stat

import pytest

from juzhen.settings import BadSetting, Settings, begin, environment_of, load
from juzhen.wiring import assemble
from matching.nearby import Vicinity
from matching.occasions import Habits
from tests.blank import migrate


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def test_a_new_company_gets_keys_of_its_own_that_only_it_can_read(home):
    file = begin(home, company_name="安和人寿")

    settings = load({"JUZHEN_HOME": str(home)})

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert settings.company_name == "安和人寿"
    assert len(settings.keys_secrets.reveal()) == 64
    assert settings.keys_secrets != settings.keys_links


def test_a_companys_name_may_hold_any_sign(home):
    name = '安和"人寿"\\\n\x7f\t'
    begin(home, company_name=name)
    assert load({"JUZHEN_HOME": str(home)}).company_name == name


def test_beginning_twice_keeps_the_first(home):
    before = begin(home).read_text()

    assert begin(home).read_text() == before


def test_the_environment_comes_before_the_file(home):
    begin(home, web_port=8100)

    assert load({"JUZHEN_HOME": str(home)}).web_port == 8100
    assert load({"JUZHEN_HOME": str(home), "JUZHEN_WEB_PORT": "8200"}).web_port == 8200


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("JUZHEN_WEB_PORT", "eighty", "a port|expected port"),
        ("JUZHEN_WEB_PORT", "99999", "port"),
        ("JUZHEN_STORES_DURABILITY", "perhaps", "power or process"),
        ("JUZHEN_COMPANY_ASSUMES", "service,spam", "purposes"),
        ("JUZHEN_COMPANY_ZONE", "Mars/Base", "zone"),
        ("JUZHEN_WORKER_LEASES", "0", "seconds"),
        ("JUZHEN_KEYS_LINKS", "short", "64 hex digits"),
        ("JUZHEN_WEB_PROT", "80", "is not a setting"),
        ("JUZHEN_MATCHING_OCCASIONS", "birthday=month", "occasion=number"),
        ("JUZHEN_MATCHING_OCCASIONS", "easter=3", "occasion=number"),
        ("JUZHEN_MATCHING_OCCASIONS", "=3", "occasion=number"),
        ("JUZHEN_MATCHING_OCCASIONS", "paydays=10/32", "occasion=number"),
        ("JUZHEN_MATCHING_OCCASIONS", "months=2", "no more"),
        ("JUZHEN_MATCHING_NEARBY", "metres=0", "name=number"),
        ("JUZHEN_MATCHING_NEARBY", "metres=1.5", "name=number"),
        ("JUZHEN_COMPANY_STAGES", "", "category=days/days/days"),
        ("JUZHEN_COMPANY_STAGES", "usual=30/60", "category=days/days/days"),
        ("JUZHEN_COMPANY_STAGES", "usual=30/60/60", "category=days/days/days"),
        ("JUZHEN_COMPANY_STAGES", "a=1/2/3,a=1/2/3", "category=days/days/days"),
        ("JUZHEN_COMPANY_STAGES", "usual=30/60/120+luck", "category=days/days/days"),
        ("JUZHEN_COMPANY_GRADES", "talks=0", "grade=number"),
        ("JUZHEN_COMPANY_GRADES", "quiet=7", "grade=number"),
        ("JUZHEN_COMPANY_VIP", "enter=30", "enter=% up to leave=%"),
        ("JUZHEN_COMPANY_VIP", "enter=20,leave=100", "enter=% up to leave=%"),
        ("JUZHEN_COMPANY_GROUPS", "days=31", "group=number"),
        ("JUZHEN_LIMITS_BOARD", "0", "count"),
    ],
)
def test_a_bad_setting_is_named_with_what_was_expected(home, name, value, expected):
    with pytest.raises(BadSetting, match=expected) as refusal:
        load({"JUZHEN_HOME": str(home), name: value})

    assert name in str(refusal.value)


def test_what_is_not_named_of_an_occasion_or_of_what_is_near_stays_as_it_is():
    assert Habits(**Settings().habits) == Habits()
    assert Vicinity(**Settings().vicinity) == Vicinity()
    told = Settings(matching_occasions="paydays = 5/20, ahead=5", matching_nearby="metres=800")
    assert Habits(**told.habits) == Habits(paydays=(5, 20), ahead=5)
    assert Vicinity(**told.vicinity) == Vicinity(metres=800)


def test_whoever_works_by_such_numbers_goes_by_the_companys(home):
    begin(home, stores_durability="process")
    migrate(load({"JUZHEN_HOME": str(home)}))
    told = {"JUZHEN_MATCHING_OCCASIONS": "birthday=week", "JUZHEN_MATCHING_NEARBY": "metres=800",
            "JUZHEN_ENGAGEMENT_REMINDERS": "5"}  # fmt: skip
    platform = assemble(load({"JUZHEN_HOME": str(home), **told}))
    own = Habits(birthday=None)
    assert platform.day_round._habits == platform.recommender._asking.questions._habits == own
    assert platform.nearby.vicinity == Vicinity(metres=800)
    assert platform.rep_cards._daily == 5
    platform.close()


def test_a_bad_setting_in_the_file_names_the_file(home):
    file = begin(home, web_port=8100)
    file.write_text(file.read_text().replace("8100", '"many"'))

    with pytest.raises(BadSetting, match=str(file)):
        load({"JUZHEN_HOME": str(home)})


def test_a_file_that_others_may_read_is_refused(home):
    begin(home).chmod(0o644)

    with pytest.raises(BadSetting, match="chmod 600"):
        load({"JUZHEN_HOME": str(home)})


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"JUZHEN_DEMO": "true"}, id="the demo's one-click logins"),
        pytest.param({"JUZHEN_WEB_URL": "http://juzhen.example"}, id="an address without TLS"),
    ],
)
def test_what_others_can_reach_must_be_safe(home, given):
    with pytest.raises(BadSetting):
        load({"JUZHEN_HOME": str(home), "JUZHEN_WEB_HOST": "0.0.0.0", **given})


def test_settings_travel_to_a_process_of_ours(home):
    begin(home, company_name="安和人寿", web_port=8100, demo=True)
    settings = load({"JUZHEN_HOME": str(home)})

    assert load(environment_of(settings)) == settings


def test_a_key_never_prints_itself(home):
    begin(home)
    settings = load({"JUZHEN_HOME": str(home)})

    assert settings.keys_links.reveal() not in repr(settings)
