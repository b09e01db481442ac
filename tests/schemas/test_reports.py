"""Reports through GraphQL: gaps of a facet, near-duplicates, reuse."""

from datetime import timedelta

import pytest


@pytest.mark.rule("R9.1")
def test_gaps_duplicates_and_reuse_are_asked(house):
    house.taxonomy.ship(by="li")
    text = (
        "社保养老金只够基本生活，企业年金覆盖的人不多，个人商业养老保险可以按月领取，活多久领多久。"
    )
    first = house.shown("养老", "理财", body=text)
    house.place("养老", "理财", body=f"{text}！")
    for n in range(3):
        sent = house.deliveries.queue(
            account=house.app.id, occasion=f"o{n}", material=first, by="li", at=house.clock()
        )
        with house.records.write() as session:
            session.merge(sent).first_sent = house.clock() + timedelta(hours=n)

    told = house.ask(
        """query($m: ID!) {
          coverage(facet: "stage") { tag { code } count }
          nearDuplicates(material: $m) { kind bits material { title } }
          reuse { deliveries materials ratio }
        }""",
        m=first,
    )

    assert {each["count"] for each in told["coverage"]} == {0}
    assert [each["material"]["title"] for each in told["nearDuplicates"]] == ["养老"]
    assert told["reuse"] == {"deliveries": 3, "materials": 1, "ratio": 3.0}
