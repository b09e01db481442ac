"""The envelope: published examples, and everything that is not one (S28)."""

from base64 import b64decode, b64encode

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from channels.base import Refused
from channels.wechat.crypto import Envelope, signature, signed

TOKEN = "QDG6eK"
KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
APPID = "wx5823bf96d3bd56c7"

MESSAGE = {
    "id": "the platform's own sample",
    "receiver": APPID,
    "random": "MDk2MDY4ODkzMmM0N2VmMQ==",
    "timestamp": "1409659813",
    "nonce": "1372623149",
    "sealed": (
        "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3Qczc"
        "dCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLj"
        "vd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMn"
        "vw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k"
        "22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2Yoy"
        "yH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=="
    ),
    "signature": "477715d11cdb4164915debcba66cb864d751f3e6",
    "plain": (
        "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>\n"
        "<FromUserName><![CDATA[mycreate]]></FromUserName>\n"
        "<CreateTime>1409659813</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n"
        "<Content><![CDATA[hello]]></Content>\n<MsgId>4561255354251345929</MsgId>\n"
        "<AgentID>218</AgentID>\n</xml>"
    ),
}
ECHO = {
    "id": "the handshake",
    "receiver": APPID,
    "random": "YzQxYjY0NDkxYzI0NjhkMA==",
    "timestamp": "1409659589",
    "nonce": "263014780",
    "sealed": (
        "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
    ),
    "signature": "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
    "plain": "1616140317555161061",
}
BYTEDANCE = {
    "id": "ByteDance, 32 random bytes",
    "receiver": "tt5823bf96d3bd56c7",
    "random": "Z1VRa1hSZlZ2ZEtSNERObWdVUWtYUmZWdmRLUjRETm0=",
    "timestamp": "1409659813",
    "nonce": "1372623149",
    "sealed": (
        "qc4kT4X+UzU6/qfguyGDpAd6mt2SmOYc1FE9DkulrGWTeHgMu3cPa1WQiNQ61+GMZI2DOzHbu4QVxduzuwh83Q3u"
        "mURGKyRdNgaEY1GNGt+hhVOjLSkU8wHPNbZ8YfBGsZdZfdWxTy+e36Utetrw17T8MYcoHOhOcIml4dD8DU90SAL6"
        "oCA7AZrB8nh+J1kahSQ3c30D6LKlPk044cEWKkVBSzF2XWaPuaUIlUVXigknfFVAhfFFKAuQ7e6ftzJ2"
    ),
    "signature": "599c9a6a625fec4c7f13cbafbf4083491a515e6b",
    "plain": (
        '{"ToUserName":"appid","FromUserName":"openid","CreateTime":1577364225,"MsgType":"text",'
        '"Content":"text content"}'
    ),
}
PUBLISHED = [MESSAGE, ECHO, BYTEDANCE]


def envelope_of(sample):
    return Envelope(
        KEY, sample["receiver"], random_bytes=len(b64decode(sample["random"]))
    )  # fmt: skip


@pytest.fixture
def envelope():
    return Envelope(KEY, APPID)


@pytest.mark.parametrize("sample", PUBLISHED, ids=lambda sample: sample["id"])
def test_a_published_example_opens_and_seals_to_the_same_bytes(sample):
    envelope = envelope_of(sample)
    assert envelope.open(sample["sealed"]).decode() == sample["plain"]
    again = envelope.seal(sample["plain"].encode(), random=b64decode(sample["random"]))
    if sample is not BYTEDANCE:  # whose samples were padded to 16
        assert again == sample["sealed"]
    assert envelope.open(again).decode() == sample["plain"]


def test_another_sdk_seals_the_same():
    envelope = Envelope("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wxb11529c136998cb6")
    sealed = envelope.seal("我是中文abcd123".encode(), random=b"aaaabbbbccccdddd")
    assert sealed == (
        "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=="
    )


@pytest.mark.parametrize("sample", PUBLISHED, ids=lambda sample: sample["id"])
def test_a_published_signature_is_recognised(sample):
    parts = (TOKEN, sample["timestamp"], sample["nonce"], sample["sealed"])
    assert signature(*parts) == sample["signature"]
    assert signed(sample["signature"], *parts)
    assert not signed(sample["signature"][:-1] + "0", *parts)
    assert not signed("签名", *parts)
    assert not signed("", *parts)


def test_a_plain_signature_is_over_three_parts():
    assert signature("test", "1410685589", "test") == "f21891de399b4e33a1a93c9a7b8a8fffb5a443ff"


def refused(envelope, sealed):
    with pytest.raises(Refused) as no:
        envelope.open(sealed)
    return (no.value.reason, dict(no.value.facts), str(no.value))


ONE_ANSWER = ("envelope_not_genuine", {}, "The callback's envelope could not be opened.")


def opened_or_refused(envelope, sealed):
    try:
        return envelope.open(sealed)
    except Refused as no:
        return (no.reason, dict(no.facts), str(no))


@pytest.mark.parametrize("sample", [MESSAGE, ECHO], ids=lambda sample: sample["id"])
def test_a_flipped_bit_in_any_byte_never_passes_for_the_message(sample):
    """CBC turns one flipped bit into a spoilt block and one flipped bit of the next: with padding,
    length and receiver looked at, only bits of the text itself can get through the envelope, and
    those the signature catches."""
    envelope, raw = envelope_of(sample), b64decode(sample["sealed"])
    parts = (TOKEN, sample["timestamp"], sample["nonce"])
    for place in range(len(raw)):
        spoilt = b64encode(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]).decode()
        assert not signed(sample["signature"], *parts, spoilt)
        opened = opened_or_refused(envelope, spoilt)
        assert opened == ONE_ANSWER or isinstance(opened, bytes)
        assert opened != sample["plain"].encode()


def sealed_by_hand(plain):
    key = b64decode(KEY + "=")
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


def padded_with(byte, count, *, receiver=APPID, size=None):
    """A message as long as it must be for ``count`` bytes of padding to end a block."""
    receiver = receiver.encode()
    message = b"x" * (16 + -(20 + len(receiver) + count) % 16)
    length = (len(message) if size is None else size).to_bytes(4, "big")
    return sealed_by_hand(bytes(16) + length + message + receiver + bytes([byte]) * count)


@pytest.mark.parametrize(
    "sealed",
    [
        pytest.param("", id="nothing"),
        pytest.param("not base64!", id="not base64"),
        pytest.param("签名", id="not ascii"),
        pytest.param("QUJD", id="short"),
        pytest.param(b64encode(bytes(16)).decode(), id="one block"),
        pytest.param(b64encode(bytes(33)).decode(), id="no whole block"),
        pytest.param(b64encode(bytes(64)).decode(), id="zeros"),
        pytest.param(padded_with(0, 16), id="padding 0"),
        pytest.param(padded_with(33, 33), id="padding 33"),
        pytest.param(padded_with(255, 16), id="padding 255"),
        pytest.param(padded_with(5, 4), id="padding longer than it is"),
        pytest.param(padded_with(16, 16, receiver="wx0000000000000000"), id="another receiver"),
        pytest.param(padded_with(16, 16, receiver=""), id="no receiver"),
        pytest.param(padded_with(16, 16, size=2**32 - 1), id="a length beyond the end"),
        pytest.param(MESSAGE["sealed"][:-24], id="cut off"),
        pytest.param(BYTEDANCE["sealed"], id="sealed for another platform"),
    ],
)
def test_whatever_is_wrong_the_answer_is_the_same(envelope, sealed):
    assert refused(envelope, sealed) == ONE_ANSWER


def test_every_right_padding_opens(envelope):
    for count in range(1, 33):
        assert envelope.open(padded_with(count, count))


def test_another_key_opens_nothing():
    other = Envelope("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", APPID)
    assert refused(other, MESSAGE["sealed"]) == ONE_ANSWER


@pytest.mark.parametrize("key", ["", "short", KEY[:-1]])
def test_a_key_of_the_wrong_size_is_noticed_at_once(key):
    with pytest.raises(ValueError):  # noqa: PT011 - the words are the library's
        Envelope(key, APPID)
