"""Every sentence for people stands in both languages with the same facts."""

from kernel import wording


def test_the_catalogue_has_no_gaps():
    assert list(wording.gaps()) == []


def test_gaps_are_named(tmp_path):
    (tmp_path / "a.toml").write_text(
        'one = { zh = "一" }\ntwo = { zh = "{x}", en = "{y}" }\nthree = { zh = "", en = "x" }\n'
        'fine = { zh = "{x}和{y}", en = "{y} and {x}" }\n',
        "utf-8",
    )
    (tmp_path / "b.toml").write_text('fine = { zh = "好", en = "fine" }\n', "utf-8")
    told = [gap.split(":")[0] for gap in wording.gaps(tmp_path)]
    assert told == ["one", "two", "three", "fine"]


def test_a_fact_that_was_not_given_shows_as_a_gap():
    assert "…" in wording.say("nothing_by_that_name", "zh", kind="素材")


def test_a_key_that_nobody_wrote_down_is_answered_as_it_is():
    assert wording.say("no_such_key", "en", x=1) == "no_such_key"
