"""A list is seen again under a name: one's own, and what colleagues share."""

import pytest

from juzhen.saved_views import SavedViews
from kernel.errors import Forbidden, Invalid, NotFound
from stores.changes import Changes


@pytest.fixture
def views(records, clock):
    return SavedViews(records, Changes(records, clock), clock)


def titles(views, by, page="library"):
    return [each.title for each in views.of(page, by)]


def test_a_view_is_hers_until_she_shares_it(views):
    views.save("library", "在推养老", {"q": ["养老"], "tag": ["pension", ""]}, by="li")
    (kept,) = views.of("library", "li")
    assert kept.asked == {"q": ["养老"], "tag": ["pension"]}
    assert titles(views, "wang") == titles(views, "li", "calendar") == []
    views.save("library", "在推养老", {"q": ["养老"]}, by="li", shared=True)
    assert titles(views, "wang") == ["在推养老"]
    assert [each.asked for each in views.of("library", "li")] == [{"q": ["养老"]}]


def test_only_she_removes_it(views):
    own = views.save("shelf", "App", {"account": ["app"]}, by="li")
    shared = views.save("shelf", "公众号", {"account": ["board"]}, by="li", shared=True)
    with pytest.raises(NotFound):
        views.remove(own.id, by="wang")
    with pytest.raises(Forbidden):
        views.remove(shared.id, by="wang")
    views.remove(own.id, by="li")
    assert titles(views, "li", "shelf") == ["公众号"]
    with pytest.raises(NotFound):
        views.remove(own.id, by="li")


@pytest.mark.parametrize(
    ("page", "title", "asked", "field"),
    [
        ("nowhere", "x", {}, "page"),
        ("library", " ", {}, "title"),
        ("library", "x" * 61, {}, "title"),
        ("library", "x", {"tag": ["a"] * 11}, "arguments"),
        ("library", "x", {"q": ["a" * 501]}, "arguments"),
    ],
)
def test_what_is_no_view_is_refused(views, page, title, asked, field):
    with pytest.raises(Invalid) as refused:
        views.save(page, title, asked, by="li")
    assert [flaw.field for flaw in refused.value.flaws] == [field]


def test_what_the_page_is_never_asked_is_not_kept(views):
    kept = views.save("library", "x", {"q": ["a"], "csrf": ["secret"], "after": ["z"]}, by="li")
    assert kept.asked == {"q": ["a"]}


def test_fifty_each_are_enough(views):
    for n in range(50):
        views.save("library", f"视图 {n}", {}, by="li")
    with pytest.raises(Invalid):
        views.save("library", "一个更多", {}, by="li")
    views.save("library", "视图 7", {"q": ["a"]}, by="li")  # one that is there
    views.save("library", "一个", {}, by="wang")
