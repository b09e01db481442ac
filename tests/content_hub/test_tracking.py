"""A tracked link says what, where and whose; only ours open anything."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content_hub.tracking import Link, Links
from data_hub.identities import own_id
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


CUSTOMERS = st.binary(min_size=10, max_size=10).map(
    lambda her: "cus_" + base64.b32encode(her).decode().lower()
)


@given(IDS, IDS, IDS, CUSTOMERS)
@settings(max_examples=60)
def test_a_customers_own_link_opens_as_what_it_was_made_of(material, account, rep, customer):
    code = LINKS.make(material, account, rep, customer)

    assert LINKS.open(code) == Link(material, account, rep, customer)
    assert LINKS.make(material, account, rep, customer) == code


def test_a_link_does_not_show_whose_it_is_nor_that_two_are_the_same_persons():
    """Her id is a digest of her phone: whoever is sent the link on could try all phones."""
    her = own_id("phone::13800138000")
    ids = [new_id("mat"), new_id("mat")]
    codes = [LINKS.make(each, new_id("acc"), "", her) for each in ids]
    bodies = [base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)) for code in codes]
    plain = base64.b32decode(her.removeprefix("cus_").upper())

    assert all(plain not in body for body in bodies)
    assert bodies[0][-16:] != bodies[1][-16:]
    assert len(LINKS.make(new_id("mat"), new_id("acc"), new_id("stf"), her)) == 92


def test_a_customers_own_link_changed_anywhere_opens_nothing():
    code = LINKS.make(new_id("mat"), new_id("acc"), new_id("stf"), own_id("phone::1"))
    raw = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))

    for place in range(len(raw)):
        forged = bytearray(raw)
        forged[place] ^= 1
        assert LINKS.open(base64.urlsafe_b64encode(forged).decode().rstrip("=")) is None
    with pytest.raises(ValueError, match="no customer's id"):
        LINKS.make(new_id("mat"), new_id("acc"), "", "stf_00000000000000000000a")


def test_links_of_before_go_on_working():
    """Made by the release before customers had links of their own."""
    made = "rKGrdl-M9SsFbWF0XzEFYWNjXzEFc3RmXzE"

    assert LINKS.open(made) == Link("mat_1", "acc_1", "stf_1")
    assert LINKS.make("mat_1", "acc_1", "stf_1") == made
