"""The door for large files, as a tus client knocks on it."""

import base64
import io

import pytest
from PIL import Image

from juzhen.web import public, uploads
from tests.faults import full_disk
from tests.web.pages_house import PagesHouse

LI = {"X-Actor": "editor", "Tus-Resumable": "1.0.0"}


@pytest.fixture
def client(records, people, clock, tmp_path):
    house = PagesHouse(records, people, clock, tmp_path)
    yield house.application(public.blueprint(house), uploads.blueprint(house)).test_client()
    house.close()


@pytest.fixture
def picture():
    out = io.BytesIO()
    Image.effect_noise((60, 40), 80).save(out, "PNG")
    return out.getvalue()


def begin(client, size, name="海报.png", **more):
    told = base64.b64encode(name.encode()).decode()
    headers = LI | {"Upload-Length": str(size), "Upload-Metadata": f"filename {told}"} | more
    return client.post("/media/uploads", headers=headers)


def bring(client, where, at, data, **more):
    headers = LI | {"Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"}
    return client.patch(where, data=data, headers=headers | more)


def test_f19_a_piece_that_finds_no_room_is_refused_and_sent_again_later(client):
    where = begin(client, 6 << 20, name="片.mp4").headers["Location"]
    first = b"\0\0\0\x18ftypmp42" + bytes((1 << 20) - 12)
    assert bring(client, where, 0, first).status_code == 204
    with full_disk(3 << 20):
        refused = bring(client, where, 1 << 20, bytes(5 << 20))
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    assert refused.json["reason"] == "no_room_left"
    assert client.head(where, headers=LI).headers["Upload-Offset"] == str(1 << 20)
    assert bring(client, where, 1 << 20, bytes(4 << 20)).headers["Upload-Offset"] == str(5 << 20)


def test_a_tus_client_uploads_breaks_off_and_goes_on(client, picture):
    able = client.options("/media/uploads")
    assert able.headers["Tus-Version"] == "1.0.0"
    assert "creation" in able.headers["Tus-Extension"]
    begun = begin(client, len(picture))
    where = begun.headers["Location"]
    assert begun.status_code == 201
    assert (begun.json["ticket"], begun.json["form"]) == (None, None)

    assert bring(client, where, 0, picture[:700]).headers["Upload-Offset"] == "700"
    far = client.head(where, headers=LI)
    assert (far.headers["Upload-Offset"], far.headers["Upload-Length"]) == (
        "700",
        str(len(picture)),
    )
    assert far.headers["Cache-Control"] == "no-store"
    again = bring(client, where, 0, picture[:700])
    assert (again.status_code, again.headers["Upload-Offset"]) == (409, "700")

    done = bring(client, where, 700, picture[700:])
    assert done.status_code == 204
    assert client.get(f"/media/{done.headers['Media-Id']}/thumb", buffered=True).status_code == 200
    assert client.get(where, headers=LI).json["media"] == done.headers["Media-Id"]


def test_what_the_protocol_forbids_is_refused(client, picture):
    where = begin(client, len(picture)).headers["Location"]
    assert bring(client, where, 0, picture, **{"Content-Type": "text/plain"}).status_code == 415
    assert bring(client, where, 0, picture, **{"Tus-Resumable": "0.9"}).status_code == 412
    assert bring(client, where, 0, picture, **{"Upload-Offset": "x"}).status_code == 422
    assert begin(client, 10**9).status_code == 422
    assert begin(client, 9, **{"Upload-Metadata": "filename %%%"}).status_code == 422
    assert client.delete(where, headers=LI).status_code == 204
    assert client.head(where, headers=LI).status_code == 404


def test_only_editors_upload_and_only_their_own(client, picture):
    where = begin(client, len(picture)).headers["Location"]
    assert begin(client, 9, **{"X-Actor": "rep"}).status_code == 403
    assert begin(client, 9, **{"X-Actor": ""}).status_code == 401
    assert client.head(where, headers=LI | {"X-Actor": "editor stf_wang"}).status_code == 404
