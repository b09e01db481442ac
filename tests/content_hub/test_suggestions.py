"""Tags are proposed from what a material says, answered in bulk, and answers are learned from."""

import pytest

from content_hub.suggestions import Answer, Suggestions
from kernel.errors import Conflict, Invalid


@pytest.fixture
def suggestions(records, changes, materials, taxonomy, clock):
    taxonomy.ship(by="juzhen")
    taxonomy.create("养老", "topic", code="pension", synonyms=["退休"], en="Pension", by="li")
    return Suggestions(records, changes, materials, taxonomy, clock)


def make(materials, title, body=""):
    return materials.create("image_text", title, body=body, by="li")


def codes(told):
    return [each.tag.code for each in told]


def test_title_synonyms_english_and_cues_propose_and_what_is_worn_is_not(suggestions, materials):
    one = make(materials, "退休以后怎么办", "<p>限时优惠，真实案例。A pension plan.</p>")
    told = suggestions.of([one])[one.id]
    assert codes(told)[0] == "pension"
    assert {"purpose.promotion", "trust_device.cases"} <= set(codes(told))
    assert told[0].words[0] == "退休"
    materials.tag(one.id, ["pension"], by="li")
    assert "pension" not in codes(suggestions.of([one])[one.id])
    other = make(materials, "suspensions", "")
    assert codes(suggestions.of([other])[other.id]) == []


def test_answers_are_given_in_bulk_and_taken_back_as_a_whole(suggestions, materials, taxonomy):
    made = [make(materials, f"退休{n}", "优惠") for n in range(60)]
    tag, promo = taxonomy.one("pension").id, taxonomy.one("purpose.promotion").id
    said = [Answer(each.id, tag, accept=True) for each in made]
    said += [Answer(each.id, "purpose.promotion", accept=False) for each in made]
    done = suggestions.answer(said, by="li")
    assert (done.accepted, done.refused, done.failed) == (60, 60, 0)
    assert set(materials.topics([each.id for each in made]).values()) == {(tag,)}
    assert promo not in {each.tag.id for each in suggestions.of([made[0]])[made[0].id]}
    assert suggestions.take_back(done.batch, by="li") == 120
    assert set(materials.topics([each.id for each in made]).values()) == {()}
    assert {tag, promo} <= {each.tag.id for each in suggestions.of([made[0]])[made[0].id]}
    with pytest.raises(Conflict):
        suggestions.take_back(done.batch, by="li")


def test_a_word_that_is_refused_again_and_again_proposes_no_more(suggestions, materials):
    made = [make(materials, f"数据{n}") for n in range(4)]
    assert "tone.professional" in codes(suggestions.of(made)[made[0].id])
    said = [Answer(each.id, "tone.professional", accept=False) for each in made]
    suggestions.answer(said, by="li")
    fresh = make(materials, "数据来了")
    assert "tone.professional" not in codes(suggestions.of([fresh])[fresh.id])


def test_a_word_that_is_accepted_comes_before_one_that_is_not(suggestions, materials):
    made = [make(materials, f"限时{n}") for n in range(5)]
    said = [Answer(each.id, "purpose.promotion", accept=True) for each in made]
    suggestions.answer(said, by="li")
    fresh = make(materials, "限时科普")
    told = suggestions.of([fresh])[fresh.id]
    assert codes(told)[0] == "purpose.promotion"
    assert told[0].score > told[1].score


def test_what_cannot_be_is_told_and_the_rest_is_done(suggestions, materials):
    one = make(materials, "退休")
    done = suggestions.answer(
        [Answer(one.id, "pension", accept=True), Answer("mat_gone", "pension", accept=True)],
        by="li",
    )
    assert (done.accepted, done.failed) == (1, 1)
    for said in ([], [Answer(one.id, "nothing", accept=True)]):
        with pytest.raises(Invalid):
            suggestions.answer(said, by="li")
