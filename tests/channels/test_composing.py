"""What a material looks like on a channel."""

from channels.composing import CONTACT_CARD
from kernel.events import Handle


def test_every_account_is_told_in_its_own_words_and_its_own_language(house):
    oa = house.account(settings={"language": "en"})
    material = house.material()
    house.materials.vary(material.id, account=oa.id, title="规划三步", by="li")
    house.materials.vary(material.id, language="en", body="<p>Plan early</p>", by="li")
    house.placed(material, oa)
    house.work()

    (post,) = house.board.up.values()
    assert (post.title, post.body) == ("规划三步", "<p>Plan early</p>")


def test_where_the_card_stands_in_her_words_it_goes_along_and_is_not_read(house):
    account, handle = house.account(), Handle("openid", "acc", "o1")
    for words, asks, text in (
        (f"我请顾问联系您{CONTACT_CARD}", True, "我请顾问联系您"),
        ("我请顾问联系您", False, "我请顾问联系您"),
        (CONTACT_CARD, True, ""),
    ):
        for material in (None, house.material(f"材料{words}")):
            told = house.composer.message(material, account, handle, words, "stf_1")
            assert (told.asks_contact, told.text) == (asks, text)
