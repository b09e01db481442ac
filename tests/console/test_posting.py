"""One large file goes from the browser straight to the bucket, and the browser comes back."""

import re
import secrets

import pytest
import urllib3
from servers.running import KEY, SECRET

from kernel.secret import Secret
from stores.s3 import S3, Place
from tests.console.test_acts import picture


@pytest.fixture
def files(s3_url):
    """A bucket that browsers reach."""
    kept = S3(Place(s3_url, f"t{secrets.token_hex(8)}", "", KEY, Secret(SECRET), public=s3_url))
    kept._client().create_bucket(Bucket=kept._at.bucket)
    return kept


def staged(files):
    told = files._client().list_objects_v2(Bucket=files._at.bucket, Prefix="staged-")
    return [each["Key"] for each in told.get("Contents", ())]


def begun(desk, title="新海报", ending=".png"):
    return desk.post("/console/files/posting", follow=False, title=title, ending=ending).location


def posted(page, data):
    """As a browser sends the form that the page shows; where the store sends it."""
    form = page.partition('<form class="card"')[2]
    fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))
    assert "csrf" not in fields
    fields["file"] = ("any.png", data, "image/png")
    url = re.search(r'action="([^"]+)"', form)[1]
    answer = urllib3.request("POST", url, fields=fields, redirect=False)
    return answer.headers.get("Location", "").removeprefix("http://localhost")


@pytest.mark.s3
def test_a_file_goes_straight_to_the_bucket_and_becomes_a_material(desk, rooms, files, s3_url):
    where = begun(desk)
    page = desk.get(where)
    policy = page.headers["Content-Security-Policy"]
    assert f"form-action 'self' {s3_url};" in policy
    assert "form-action 'self';" in desk.get("/console/files").headers["Content-Security-Policy"]

    back = posted(page.text, picture(1))
    told = desk.get(back).text
    assert "新建 1 份，已有 0 份，未收下 0 份" in told
    (made,) = rooms.materials.page(first=9).items
    assert (made.type, made.title, staged(files)) == ("poster", "新海报", [])

    posted(page.text, picture(2))
    assert "新建 0 份，已有 1 份" in desk.get(back).text
    assert desk.get(where).location.endswith(f"{where}/posted")
    assert [each.id for each in rooms.materials.page(first=9).items] == [made.id]
    assert len(staged(files)) == 1  # nobody's, and swept with what is left lying

    act = re.search(r"/console/files/(fls_\w+)/undo", told)[1]
    desk.post(f"/console/files/{act}/undo")
    assert desk.get(back).status_code == 409
    assert rooms.materials.page(first=9).items == []


@pytest.mark.s3
def test_what_did_not_come_or_is_no_file_of_ours_is_told(desk, desk_of, rooms):
    where = begun(desk)
    early = desk.get(f"{where}/posted")
    assert (early.status_code, "请重新上传" in early.text) == (409, True)
    assert desk_of("editor stf_wang").get(where).status_code == 404
    refused = desk.get(posted(early.text, b"<svg onload=alert(1)>"))
    assert (refused.status_code, rooms.materials.page(first=9).items) == (422, [])
    assert desk.get(where).status_code == 404
    for wrong in ({"title": ""}, {"ending": ".svg"}):
        told = {"title": "海报", "ending": ".png"} | wrong
        assert desk.post("/console/files/posting", **told).status_code == 422


@pytest.mark.s3
@pytest.mark.browser
def test_all_of_it_works_without_javascript(opened, rooms, served):
    rooms.base_url = served.removesuffix("/console")
    page = opened("files?lang=zh", java_script_enabled=False)
    page.get_by_label("标题").fill("退休十问")
    page.get_by_label("格式").select_option(".png")
    page.get_by_role("button", name="下一步").click()
    sent = {"name": "x.png", "mimeType": "image/png", "buffer": picture(3)}
    page.locator("input[type=file]").set_input_files(sent)
    page.get_by_role("button", name="上传").click()
    page.locator("[role=status]", has_text="新建 1 份").wait_for()
    assert [each.title for each in rooms.materials.page(first=9).items] == ["退休十问"]


@pytest.mark.s3
@pytest.mark.browser
def test_its_pages_are_for_everybody(for_everybody, rooms, served):
    rooms.base_url = served.removesuffix("/console")
    page = for_everybody("files")
    assert "大文件直传" in page.content()
    for_everybody(f"files/posting/{rooms.uploads.expect('海报.png', by='stf_li').id}")
    key = rooms.uploads.expect("海报.png", by="stf_li").id
    for_everybody(f"files/posting/{key}/posted")
