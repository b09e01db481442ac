"""Near-duplicates and gaps: what says the same twice, and what nothing is said about."""

import io
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from content_hub.duplicates import Duplicates, together
from content_hub.media import Media
from content_hub.products import Products
from kernel.errors import Invalid
from stores.folder import Folder

DAY = timedelta(days=1)
TEXT = (
    "退休后的第一笔钱该放在哪里？社保养老金只够基本生活，企业年金覆盖的人不多，个人商业养老保险可以按月领取，"
    "活多久领多久。先算清每月的缺口，再看交费年限与领取年龄，最后比较不同产品的领取方式与现金价值。"
)  # fmt: skip


@given(st.lists(st.tuples(*2 * [st.integers(0, 12)]).filter(lambda pair: len({*pair}) == 2)))
def test_what_hangs_together_by_pairs_is_told_once(pairs):
    told = [(f"m{one}", f"m{other}") for one, other in pairs]
    left = {each: {each} for pair in told for each in pair}
    for _ in left:
        for one, other in told:
            left[one] = left[other] = left[one] | left[other]
    assert sorted(map(sorted, together(told))) == sorted(
        map(list, {tuple(sorted(each)) for each in left.values()})
    )


@pytest.fixture
def duplicates(records):
    return Duplicates(records)


@pytest.fixture
def media(records, changes, clock, tmp_path):
    return Media(records, Folder(tmp_path / "files", durability="process"), changes, clock)


def picture(size=(600, 400), color="white"):
    image = Image.new("RGB", size, color)
    draw = ImageDraw.Draw(image)
    for n in range(0, size[0], size[0] // 6):
        draw.ellipse(
            (n, n * size[1] // size[0], n + size[0] // 5, size[1]), fill=(n % 255, 90, 160)
        )
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def smaller(data):
    out = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").resize((300, 200)).save(out, "JPEG")
    return out.getvalue()


@pytest.mark.rule("R9.1")
def test_a_text_that_was_copied_and_touched_up_is_found(materials, duplicates):
    first = materials.create("image_text", "养老第一笔钱", body=f"<p>{TEXT}</p>", by="li")
    copied = materials.create("image_text", "养老第一笔钱", body=f"<b>{TEXT}</b>！", by="li")
    other = materials.create("image_text", "健康险", body=TEXT[::-1], by="li")

    assert [near.material for near in duplicates.of(first.id)] == [copied.id]
    assert duplicates.of(other.id) == []
    assert duplicates.groups() == [sorted([first.id, copied.id])]
    materials.edit(
        copied.id, body="完全另一篇，说的是少儿教育金与专属信托的安排和比较。" * 2, by="li"
    )
    assert duplicates.of(first.id) == []


@pytest.mark.rule("R9.1")
def test_a_cover_that_was_scaled_and_encoded_anew_is_found(materials, duplicates, media):
    covers = [
        media.take(data, by="li").id
        for data in (picture(), smaller(picture()), picture(color="black"))
    ]
    one, same, _ = (materials.create("poster", "海报", cover=each, by="li") for each in covers)

    assert [(near.material, near.kind) for near in duplicates.of(one.id)] == [(same.id, "cover")]


@pytest.mark.rule("R18.2", "R54.2", "R120.1")
def test_the_gaps_of_a_facet_are_its_tags_with_nothing_on_the_shelf(
    shelf, materials, taxonomy, records, changes, clock
):
    taxonomy.ship(by="li")
    made = materials.create(
        "poster", "破冰", tags=["stage.connect"], fields={"product_code": "yl"}, by="li"
    )
    shelf.place(made.id, "oa", opens=clock(), closes=clock() + DAY, by="li")

    def gaps(facet, *accounts):
        return [tag.code for tag, count in shelf.coverage(facet, accounts) if count == 0]

    assert sorted(gaps("stage")) == ["stage.after_sales", "stage.deliver", "stage.facilitate"]
    assert len(gaps("stage", "app")) == 4
    assert {"purpose.chat_topic", "purpose.persona", "purpose.after_sales_tool"} <= set(
        gaps("purpose")
    )
    products = Products(records, changes, clock)
    products.add("yl", "年金", price="5000", by="li")
    products.take_off_sale("yl", by="li")
    assert len(gaps("stage")) == 4


@pytest.mark.rule("R120.1")
def test_needs_ship_in_four_groups_for_people_and_five_for_companies(taxonomy):
    taxonomy.ship(by="li")
    hers = {"functional", "emotional", "life_changing", "social_impact"}
    of_companies = {"basic", "functional", "ease", "individual", "ideal"}
    codes = [branch.tag.code.removeprefix("need.") for branch in taxonomy.tree("need")]
    assert sorted(codes) == sorted(hers | {f"business_{each}" for each in of_companies})


@pytest.mark.rule("R121.1", "R118.1", "R53.1", "R54.1")
def test_the_shipped_facets_hold_what_the_rules_count(taxonomy):
    taxonomy.ship(by="li")
    counted = {
        facet: len(taxonomy.tree(facet)) for facet in ("trust_device", "resistance", "stage")
    }
    assert counted == {"trust_device": 10, "resistance": 4, "stage": 4}
    codes = {branch.tag.code for branch in taxonomy.tree("purpose")}
    assert {"purpose.chat_topic", "purpose.persona", "purpose.after_sales_tool"} <= codes
    assert taxonomy.one("tone.relaxed").zh == "轻松幽默"


@pytest.mark.rule("R52.2")
def test_a_customers_story_is_not_shown_without_her_consent(shelf, materials, pension, clock):
    told = materials.create(
        "customer_story", "王阿姨的故事", tags=[pension.id], fields={"may_publish": False}, by="li"
    )
    window = {"opens": clock(), "closes": clock() + DAY, "by": "li"}
    with pytest.raises(Invalid) as refusal:
        shelf.place(told.id, "oa", **window)
    assert refusal.value.field == "may_publish"
    materials.edit(told.id, fields={"may_publish": True}, by="li")
    shelf.place(told.id, "oa", **window)
