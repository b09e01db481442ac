"""Every sentence for people stands in both languages with the same facts."""

import re

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


def test_a_list_is_told_with_the_commas_of_the_language_and_a_word_in_it():
    told = {"choices": [{"zh": "销售", "en": "Rep"}, "a", 3]}
    assert wording.say("not_a_choice", "zh", **told) == "只能选：销售、a、3"
    assert wording.say("not_a_choice", "en", **told) == "Choose one of Rep, a, 3."
    assert wording.say("not_a_choice", "en", choices=()) == "Choose one of ."


def test_no_line_of_a_phone_parts_a_number_from_its_per_cent():
    words = {key: (wording.say(key), wording.say(key, "en")) for key in wording.catalogue()}
    assert {key for key, told in words.items() if re.search(r"[\d}…] %", " ".join(told))} == set()


def test_english_says_one_otherwise_than_many():
    assert wording.say("home_stuck", "en", n=1) == "1 delivery needs a person"
    assert wording.say("home_stuck", "en", n="1,204") == "1,204 deliveries need a person"
    assert wording.say("reason_tag_week", "en", topic="Pension", count=1).endswith(
        "1 time this week."
    )
    assert "{" not in wording.say("all_apart_really", "en", n=2)


def test_no_english_sentence_counts_one_as_if_it_were_many():
    """Whatever is counted one by one: limits are more than one, and a fact may be a list."""
    counted = (
        r"\b1 (?:more |new |unread )?(?:customer|material|deliver|event|order|review|day|hour|"
        r"minute|second|week|year|page|link|handle|placement|tag|tr|touch|account|reminder|deal)\w*s\b"
    )
    facts = {"n", "count", "days", "weeks", "hours", "years", "orders", "events", "steps", "deals"}
    wrong = {
        key: said
        for key in wording.catalogue()
        if (said := wording.say(key, "en", **dict.fromkeys(facts, 1))) and re.search(counted, said)
    }
    assert wrong == {}


def test_what_is_told_of_many_leaves_out_the_figures_of_one():
    assert wording.say("capped_overall") == "客户的触达次数已达上限"
    assert wording.say("capped_overall", "en") == "She has had as much as one person gets."
    told = wording.say("capped_overall", window="24 小时", used=1, cap=1)
    assert told == "客户的触达次数已达上限（24 小时：1 / 1）"
    assert wording.say("n_changed") == "改动 … 份"
