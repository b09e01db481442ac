"""A material's words for one account or language, on a page that shows the room there is."""


def address(material, rooms, **where):
    told = {"account": rooms.wall.id, "language": ""} | where
    return f"/console/materials/{material.id}/variants?" + "&".join(
        f"{name}={value}" for name, value in told.items()
    )


def test_the_accounts_own_words_are_kept_and_listed(rooms, desk, material):
    page = desk.get(address(material, rooms)).text
    assert 'data-limit="32"' in page
    assert "不填则为：" in page
    assert "退休后的养老规划" in page

    kept = desk.post(address(material, rooms), account=rooms.wall.id, title="规划三步")
    assert kept.status_code == 200
    assert "公众号" in kept.text
    assert rooms.materials.one(material.id).variants == {f"{rooms.wall.id}/": {"title": "规划三步"}}


def test_what_the_platform_cannot_take_is_refused_beside_the_field(rooms, desk, material):
    refused = desk.post(address(material, rooms), account=rooms.wall.id, title="长" * 33)
    assert refused.status_code == 422
    assert "超过该渠道的上限 32 个字" in refused.text
    assert "长" * 33 in refused.text
    assert rooms.materials.one(material.id).variants == {}


def test_another_language_is_written_for_every_account(rooms, desk, material):
    page = desk.post(
        address(material, rooms, account="", language="en"), language="en", title="A plan"
    )
    assert page.status_code == 200
    assert rooms.materials.one(material.id).variants == {"/en": {"title": "A plan"}}
    assert (
        desk.post(
            address(material, rooms, account="", language="??"), language="??", title="x"
        ).status_code
        == 422
    )


def test_who_may_not_edit_changes_nothing(rooms, desk_of, material):
    assert desk_of("publisher").post(address(material, rooms), title="x").status_code == 403


def test_the_versions_page_says_where_it_was_said(rooms, desk, material):
    rooms.materials.vary(material.id, account=rooms.wall.id, language="en", title="A", by="li")
    assert "公众号 · en · 标题" in desk.get(f"/console/materials/{material.id}/versions").text
