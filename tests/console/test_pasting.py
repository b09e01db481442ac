"""A body takes what is pasted from elsewhere: by the editor's script, or by a button without."""

import io

import pytest
from PIL import Image

ADDRESS = "https://mmbiz.qpic.cn/d.png"
ARTICLE = (
    '<section style="color:rgb(9,9,9);position:fixed"><script>x()</script>'
    f'<p>早做打算</p><img data-src="{ADDRESS}"></section>'
)


@pytest.fixture
def article(rooms):
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "PNG")
    rooms.elsewhere.there[ADDRESS] = out.getvalue()
    return ARTICLE


def test_without_scripts_a_button_tidies_what_was_pasted_and_saves_nothing(
    rooms, desk, material, article
):
    page = desk.post(f"/console/materials/{material.id}", act="tidy", title="新", body=article)
    assert page.status_code == 200
    assert "/original" in page.text
    assert ADDRESS not in page.text
    assert rooms.materials.one(material.id).title != "新"
    told = desk.post(f"/console/materials/{material.id}", act="tidy", body="<img src='file:///x'>")
    assert "图片在本机" in told.text


def test_the_door_for_the_script_answers_what_may_stand(desk, desk_of, article):
    told = desk.post("/console/paste", html=article + '<img src="https://gone.example/x.png">').json
    assert told["taken"] == 1
    assert "position" not in told["html"]
    assert "script" not in told["html"]
    assert len(told["lost"]) == 1
    assert desk_of("rep").post("/console/paste", html=article).status_code == 403


@pytest.mark.browser
def test_an_article_is_pasted_where_the_caret_is(opened, rooms, material, article):
    page = opened(f"materials/{material.id}")
    sheet = page.locator(".sheet")
    sheet.click()
    page.keyboard.type("开头")
    sheet.evaluate(
        """(sheet, html) => {
          const data = new DataTransfer();
          data.setData("text/html", html);
          sheet.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true,
            cancelable: true }));
        }""",
        article,
    )
    page.get_by_text("已取回 1 张图片").wait_for()
    assert sheet.locator("img").get_attribute("src").startswith("/media/med_")
    with page.expect_navigation():
        page.locator("form.card button.wide").click()
    body = rooms.materials.one(material.id).body
    assert body.index("开头") < body.index("早做打算") < body.index("/media/med_")
    assert "position" not in body


@pytest.mark.browser
def test_the_form_with_the_editor_is_for_everybody(for_everybody, material):
    for_everybody(f"materials/{material.id}")
