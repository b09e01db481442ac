"""Reviews, approval numbers, words, comments and versions in the console, without JavaScript."""

from datetime import timedelta

import pytest

from kernel.actors import Role

PAGES = (
    "reviews", "reviews?lang=en", "words", "words?lang=en", "materials/{}/life",
    "materials/{}/life?lang=en", "materials/{}/versions", "materials/{}/versions?lang=en",
    "materials/{}",
)  # fmt: skip


@pytest.fixture
def reviewed(rooms):
    rooms.policies.set("proposal", steps=1, four_eyes=True, regulated=True, by="boss")
    made = rooms.materials.create(
        "proposal", "一份稳健的养老计划", summary="三步讲清",
        body="<p>用组合拳配置，久期更长。</p>", tags=["pension"], by="stf_li",
    )  # fmt: skip
    return rooms.materials.edit(made.id, title="一份养老计划", by="stf_li")


@pytest.fixture
def author(desk_of):
    return desk_of("editor")


@pytest.fixture
def reviewer(desk_of):
    return desk_of("publisher stf_wang")


def live(desk, material, act, **form):
    return desk.post(f"/console/materials/{material.id}/life", act=act, **form)


def test_handed_in_it_waits_in_the_queue_until_somebody_else_approves(
    rooms, author, reviewer, desk_of, reviewed
):
    assert "已提交审核" in live(author, reviewed, "submit").text
    queue = reviewer.get("/console/reviews").text
    assert "一份养老计划" in queue
    assert "该类型需要有效的审批文号" in queue
    assert live(desk_of("rep"), reviewed, "approve").status_code == 403
    done = live(reviewer, reviewed, "approve", back="reviews")
    assert "没有等待审核的素材" in done.text
    assert rooms.reviews.life([reviewed])[reviewed.id] == "approved"


def test_sent_back_without_a_note_it_stays_and_the_form_says_why(rooms, author, reviewer, reviewed):
    live(author, reviewed, "submit")
    refused = live(reviewer, reviewed, "return", back="reviews", note=" ")
    assert refused.status_code == 422
    assert 'id="wrong-note"' in refused.text
    live(reviewer, reviewed, "return", back="reviews", note="标题改短")
    assert "标题改短" in author.get(f"/console/materials/{reviewed.id}/life").text


def test_nobody_reviews_her_own_edit(desk_of, author, reviewed):
    live(author, reviewed, "submit")
    herself = live(desk_of("admin"), reviewed, "approve")
    assert herself.status_code == 422
    assert "需要他人审核" in herself.text


def test_a_number_is_noted_and_withdrawn_and_words_are_answered_for(
    rooms, author, reviewer, reviewed
):
    page = author.get(f"/console/materials/{reviewed.id}/life").text
    assert "组合拳" in page
    live(author, reviewed, "answer", word=["组合拳", "久期"])
    assert live(author, reviewed, "answer").status_code == 422
    assert live(reviewer, reviewed, "number", number="A-1").status_code == 422
    year = {"opens": "2026-01-01T00:00", "closes": "2030-01-01T00:00"}
    assert "文号已登记" in live(reviewer, reviewed, "number", number="A-1", **year).text
    assert rooms.compliance.approval(reviewed.id).number == "A-1"
    live(reviewer, reviewed, "withdraw")
    assert rooms.compliance.approval(reviewed.id) is None


def test_a_colleague_is_named_in_a_comment_and_finds_it(rooms, author, desk_of, reviewed):
    wang = rooms.staff.add(name="王审", code="wang", role=Role.PUBLISHER, by="boss")
    live(author, reviewed, "comment", said="@王审 麻烦看看标题")
    hers = desk_of(f"publisher {wang.id}").get("/console/reviews").text
    assert "麻烦看看标题" in hers
    (comment,) = rooms.comments.of(reviewed.id)
    live(author, reviewed, "settle", comment=comment.id)
    assert rooms.comments.mentioning(wang.id) == []
    assert live(author, reviewed, "comment", said=" ").status_code == 422


def test_archived_it_is_in_no_list_until_it_is_taken_out(desk_of, reviewed):
    publisher = desk_of("publisher")
    live(publisher, reviewed, "archive")
    assert reviewed.title not in publisher.get("/console/materials").text
    live(publisher, reviewed, "take_out")
    assert reviewed.title in publisher.get("/console/materials").text


def test_versions_are_compared_and_some_fields_restored(rooms, author, reviewed):
    rooms.materials.edit(reviewed.id, summary="改过的摘要", by="stf_li")
    address = f"/console/materials/{reviewed.id}/versions"
    page = author.get(f"{address}?old=1&new=3").text
    assert "一份稳健的养老计划" in page
    assert "改过的摘要" in page
    assert author.post(address, act="some", old="1").status_code == 422
    author.post(address, act="some", old="1", field=["title"])
    now = rooms.materials.one(reviewed.id)
    assert (now.title, now.summary) == ("一份稳健的养老计划", "改过的摘要")
    author.post(address, act="all", old="1")
    assert rooms.materials.one(reviewed.id).summary == "三步讲清"
    assert author.get(f"{address}?old=77&new=x").status_code == 200


def test_words_and_policies_are_tried_and_set(rooms, author, desk_of):
    tried = author.post("/console/words", act="try", text="这款产品稳赚")
    assert "稳赚" in tried.text
    rule = {"word": "翻倍", "kind": "forbidden", "severity": "block", "harmless": "不翻倍、没翻倍"}
    author.post("/console/words", act="rule", **rule)
    assert [hit.word for hit in rooms.compliance.hits({"x": "翻倍了，不翻倍"})] == ["翻倍"]
    assert author.post("/console/words", act="rule", word="").status_code == 422
    policy = {"type": "poster", "steps": "2", "four_eyes": "yes", "must_wear": "topic"}
    author.post("/console/words", act="policy", **policy)
    kept = rooms.policies.of("poster")
    assert (kept.steps, kept.four_eyes, kept.regulated) == (2, True, False)
    assert author.post("/console/words", act="policy", type="poster", steps="x").status_code == 422
    assert desk_of("rep").post("/console/words", act="rule", **rule).status_code == 403


@pytest.mark.browser
def test_the_pages_are_for_everybody(for_everybody, rooms, reviewed, clock):
    wang = rooms.staff.add(name="王审", code="wang", role=Role.PUBLISHER, by="boss")
    rooms.reviews.submit(reviewed.id, by="stf_li")
    rooms.comments.say(reviewed.id, "@王审 麻烦看看标题", mentions=[wang.id, "stf_li"], by=wang.id)
    rooms.compliance.approve_number(
        reviewed.id, "京金办 2026-018", opens=clock(), closes=clock() + timedelta(days=300),
        by=wang.id,
    )  # fmt: skip
    for path in PAGES:
        for_everybody(path.format(reviewed.id), role="admin")


@pytest.mark.browser
def test_a_phone_approves_in_one_tap(opened, rooms, reviewed):
    rooms.reviews.submit(reviewed.id, by="somebody")
    page = opened("reviews", width=360, height=740, role="publisher stf_wang")
    page.get_by_role("button", name="通过").tap()
    page.wait_for_url("**said=done_life_approve**")
    assert rooms.reviews.life([reviewed])[reviewed.id] == "approved"
