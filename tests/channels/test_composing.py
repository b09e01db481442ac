"""What a material looks like on a channel."""


def test_every_account_is_told_in_its_own_words_and_its_own_language(house):
    oa = house.account(settings={"language": "en"})
    material = house.material()
    house.materials.vary(material.id, account=oa.id, title="规划三步", by="li")
    house.materials.vary(material.id, language="en", body="<p>Plan early</p>", by="li")
    house.placed(material, oa)
    house.work()

    (post,) = house.board.up.values()
    assert (post.title, post.body) == ("规划三步", "<p>Plan early</p>")
