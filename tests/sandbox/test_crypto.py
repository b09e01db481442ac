"""The platform's envelope, against the vectors that the platforms publish."""

import pytest

from juzhen.sandbox import crypto

KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
OFFICIAL = (
    "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
)


def test_the_official_sample_is_encrypted_byte_for_byte():
    sealed = crypto.encrypt(
        "1616140317555161061",
        aes_key=KEY,
        receiver="wx5823bf96d3bd56c7",
        prefix=b"c41b64491c2468d0",
    )

    assert sealed == OFFICIAL


def test_chinese_text_is_measured_in_bytes():
    sealed = crypto.encrypt(
        "我是中文abcd123",
        aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        receiver="wxb11529c136998cb6",
        prefix=b"aaaabbbbccccdddd",
    )

    assert sealed == (
        "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=="
    )


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param(
            ("QDG6eK", "1409659589", "263014780", OFFICIAL),
            "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
            id="encrypted",
        ),
        pytest.param(
            ("test", "1410685589", "test"),
            "f21891de399b4e33a1a93c9a7b8a8fffb5a443ff",
            id="plain",
        ),
    ],
)
def test_signatures_equal_the_published_ones(parts, expected):
    assert crypto.signature(*parts) == expected


def test_the_same_text_is_never_sealed_the_same_twice():
    sealed = {crypto.encrypt("x", aes_key=KEY, receiver="wx") for _ in range(8)}

    assert len(sealed) == 8
