"""A tracked link says what, where and whose; only ours open anything."""

import base64

from hypothesis import given, settings
from hypothesis import strategies as st

from content_hub.tracking import Link, Links
from kernel.ids import new_id
from kernel.secret import Secret

LINKS = Links(Secret("a"))
IDS = st.one_of(
    st.just(""), st.text(max_size=40), st.builds(new_id, st.sampled_from(["mat", "acc", "stf"]))
)


@given(IDS, IDS, IDS)
@settings(max_examples=60)
def test_a_code_opens_as_what_it_was_made_of(material, account, rep):
    code = LINKS.make(material, account, rep)

    assert LINKS.open(code) == Link(material, account, rep)
    assert Links(Secret("b")).open(code) is None


def test_codes_of_our_own_ids_are_short_and_fit_an_address():
    bare = LINKS.make(new_id("mat"), new_id("acc"))
    whole = LINKS.make(new_id("mat"), new_id("acc"), new_id("stf"))

    assert (len(bare), len(whole)) == (52, 71)
    assert set(whole) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_code_changed_anywhere_opens_nothing():
    code = LINKS.make(new_id("mat"), new_id("acc"), new_id("stf"))
    raw = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))

    for place in range(len(raw)):
        forged = bytearray(raw)
        forged[place] ^= 1
        assert LINKS.open(base64.urlsafe_b64encode(forged).decode().rstrip("=")) is None
    for broken in ("", "x", code[:-1], code + "A", code + "=", "😀", "A" * 5_000, code[:20]):
        assert LINKS.open(broken) is None
