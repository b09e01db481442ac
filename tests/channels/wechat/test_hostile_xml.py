"""S29: XML that attacks whoever reads it: entities of files and bombs, declarations, endless depth.

Nothing is expanded, fetched or read; what is signed is kept as it came and answered, what hides in
the envelope's own XML is refused like any forgery.
"""

import pytest

from channels.base import Callback, Refused
from tests.channels.wechat.conftest import FOLLOW

HER = b"<FromUserName>o7</FromUserName><CreateTime>1772442000</CreateTime><MsgType>text</MsgType>"
SECRET = "a line of a file that nobody may read"
LAUGHS = b"".join(
    b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10)
)  # fmt: skip


def told(declared, said=b"&x;"):
    return b"<!DOCTYPE xml [%s]><xml>%s<Content>%s</Content></xml>" % (declared, HER, said)


def hostile(file):
    path = file.as_uri().encode()
    return {
        "an entity of a file": told(b'<!ENTITY x SYSTEM "%s">' % path),
        "an entity of an address": told(b'<!ENTITY x SYSTEM "http://127.0.0.1:9/x">'),
        "a public entity": told(b'<!ENTITY x PUBLIC "-//X//X" "%s">' % path),
        "a parameter entity": told(b'<!ENTITY %% x SYSTEM "%s"> %%x;' % path, b"x"),
        "a declaration elsewhere": (
            b'<!DOCTYPE xml SYSTEM "%s"><xml>%s</xml>' % (path, HER)
        ),
        "a million characters of 290 bytes": told(b'<!ENTITY l0 "lol">' + LAUGHS, b"&l9;"),
        "one long entity, often": told(b'<!ENTITY x "%s">' % (b"a" * 10_000), b"&x;" * 1_000),
        "an entity of itself": told(b'<!ENTITY x "&y;"><!ENTITY y "&x;">'),
        "an attribute's default": told(b'<!ATTLIST Content a CDATA "b">', b"x"),
        "one in another encoding": told(b'<!ENTITY x SYSTEM "">').decode().encode("utf-16"),
        "ten thousand deep": b"<xml>" + HER + b"<a>" * 10_000 + b"</a>" * 10_000 + b"</xml>",
        "never ended": FOLLOW[:-3] + b"<a" * 5_000,
    }  # fmt: skip


NAMES = list(hostile(type("File", (), {"as_uri": lambda _: ""})()))


@pytest.fixture
def body(tmp_path, request):
    file = tmp_path / "secret.txt"
    file.write_text(SECRET)
    return hostile(file)[request.param]


@pytest.mark.parametrize("body", NAMES, indirect=True)
def test_s29_it_is_kept_as_it_came_and_nothing_in_it_is_done(channel, post, body):
    received = channel.receive(post.plain(body))
    assert (received.events, received.unreadable, received.answer) == ((), body, b"success")
    assert SECRET not in repr(received)


@pytest.mark.parametrize("body", NAMES, indirect=True)
def test_s29_around_an_envelope_it_is_no_callback_at_all(wired, post, body):
    query = post.sealed().query
    with pytest.raises(Refused) as no:
        wired(safe=True).receive(Callback(query=query, body=body))
    assert SECRET not in f"{no.value}{no.value.facts}"
