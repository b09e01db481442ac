"""Doors against ill will: forged forms, files that are two things, crooked paths.

Each table is made here, case by case; nothing in it may do anything, and nothing fails by 5xx.
"""

import io
import itertools
import zipfile

import pytest
from PIL import Image

from juzhen.web.app import create
from kernel.errors import Invalid
from stores.changes import Change
from tests.sizes import sized
from tests.web.test_headers import addresses, app, company, sign_in

__all__ = ["app", "company"]  # fixtures of the headers' module, one company for both

ORIGINS = {
    "none": {},
    "foreign": {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    "null": {"Origin": "null"},
    "subdomain": {"Origin": "http://evil.localhost", "Sec-Fetch-Site": "same-site"},
}
BODIES = {
    "form": ("application/x-www-form-urlencoded", "act=place&title=x&name=x&confirm=retire"),
    "json": ("application/json", '{"query": "mutation { x }"}'),
    "text": ("text/plain", '{"query": "mutation { x }", "a": "="}'),
}
_OPEN = ("/v1/", "/sa", "/beacon/", "/debug", "/callbacks/", "/auth/", "/c/", "/stop", "/login")
"""Doors that act for nobody who is signed in."""


def changed(company):
    with company.records.read() as session:
        return session.query(Change).count()


def test_s27_no_door_does_anything_for_a_form_that_another_site_sent(app, company):
    """Each door that acts × where the form came from × how it is spelled, signed in."""
    doors = [
        path for method, path in addresses(app) if method == "POST" and not path.startswith(_OPEN)
    ]
    with app.test_client() as client:
        sign_in(client, "admin")
        before = changed(company)
        cases = list(itertools.product(doors, ORIGINS, list(BODIES)[: sized(2, 3)]))
        for path, origin, spelled in cases:
            content_type, body = BODIES[spelled]
            answer = client.post(
                path, data=body, content_type=content_type, headers=ORIGINS[origin]
            )
            assert answer.status_code == 403, (path, origin, spelled, answer.status_code)
        assert changed(company) == before
    assert len(cases) >= 500


def picture(form="PNG"):
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, form)
    return out.getvalue()


def zipped():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as kept:
        kept.writestr("../../evil.sh", b"\0" * 1_000_000)
    return out.getvalue()


SCRIPT = b"<script>alert(document.domain)</script>"
PAYLOADS = {
    "html": b"<!doctype html><body onload=alert(1)>" + SCRIPT,
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>' + SCRIPT,
    "js": b"=1;alert(1)//" + SCRIPT,
    "php": b"<?php system($_GET['x']); ?>" + SCRIPT,
    "zip": zipped() + SCRIPT,
    "xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + SCRIPT,
}
HOSTS = {form: picture(form) for form in ("PNG", "JPEG", "GIF", "WEBP")}
NAMES = ("../../etc/passwd.png", "a\\..\\b.html", "x.png\u202egnp.exe", "evil.svg", "nul\u0000.png")


def commented(payload):
    """A GIF whose first comment is a script: valid as both, to a reader who is careless."""
    whole, length = picture("GIF"), min(len(payload), 255)
    palette = 13 + 3 * 2 ** ((whole[10] & 7) + 1)
    comment = b"\x21\xfe" + bytes([length]) + payload[:length] + b"\0"
    return whole[:palette] + comment + whole[palette:]


POLYGLOTS = {
    **{
        f"{payload}-{where}-{form}": (data + told if where == "after" else told + data)
        for (form, data), (payload, told), where in itertools.product(
            HOSTS.items(), PAYLOADS.items(), ("after", "before")
        )
    },
    **{f"comment-{payload}": commented(told) for payload, told in PAYLOADS.items()},
    **{f"pdf-{payload}": b"%PDF-1.7\n" + told for payload, told in PAYLOADS.items()},
    **{f"ftyp-{payload}": b"\0\0\0\x18ftypheic" + told for payload, told in PAYLOADS.items()},
}


def taken(company, data, name):
    """What is kept of it; None if it is refused."""
    try:
        return company.media.take(data, by="t", name=name)
    except Invalid:
        return None


@pytest.mark.parametrize("which", POLYGLOTS)
def test_s26_a_file_that_is_two_things_is_one_afterwards_or_is_refused(company, which):
    """What is kept is encoded anew, so that nothing of the other thing is left."""
    kept = taken(company, POLYGLOTS[which], NAMES[len(which) % len(NAMES)])
    assert (kept is not None) == ("-after-" in which or which.startswith("comment-"))
    if kept is None:
        return
    for form in ("original", "cover", "thumb"):
        data, content_type = company.media.rendition(kept.id, form)
        assert content_type in {"image/png", "image/jpeg", "image/webp", "image/gif"}
        assert b"script" not in data
        assert b"evil.sh" not in data
    assert "\0" not in kept.name


def test_s26_there_are_as_many_of_them_as_were_asked_for():
    assert len(POLYGLOTS) >= 60


STEPS = (
    "..", "../..", "..%2f", "%2e%2e", "%2e%2e%2f", "..%5c", "....//", "%252e%252e%252f", "..;",
    "．．", "。。", "%ef%bc%8e%ef%bc%8e", "..%c0%af", "%c0%ae%c0%ae", "/", "//", "~", "%00",
    "e\u0301", "\u00e9",
)  # fmt: skip
DOORS = ("/media/{}/original", "/media/med_1/{}", "/media/{}", "/t/{}", "/c/{}", "/static/{}/x.js")


@pytest.mark.parametrize("door", DOORS)
def test_s25_no_crooked_path_reaches_a_file(company, door):
    """20 spellings of a way up at each door that takes a name, followed by what they seek."""
    with create(company).test_client() as client:
        for step in STEPS:
            answer = client.get(door.format(f"{step}etc/passwd"))
            assert answer.status_code in {301, 308, 400, 404, 410, 422}, (door, step)
            assert b"root:" not in answer.data
