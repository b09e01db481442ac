"""Articles from elsewhere become bodies of ours: allowed style stays, pictures are kept here."""

import base64
import io
import re

import pytest
from PIL import Image

from channels.base import Busy, Refused, Unanswered
from channels.outbound import Answer
from channels.pasting import PICTURES, Pasting
from content_hub.media import Media
from kernel.errors import Invalid
from stores.folder import Folder

OUTSIDE = re.compile(r"https?://|data:|file:|data-src|mso-|on\w+=|<script|<style|class=|<o:p")


def picture(color="red"):
    out = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(out, "PNG")
    return out.getvalue()


class World:
    """Pictures by their addresses; some of them are trouble."""

    def __init__(self):
        self.there, self.asked = {}, []

    def request(self, method, url, *, body=b"", headers=None):
        self.asked.append(url)
        found = self.there.get(url, Answer(404))
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, Answer) else Answer(200, {}, found)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def media(records, changes, clock, tmp_path):
    return Media(records, Folder(tmp_path / "files", durability="process"), changes, clock)


@pytest.fixture
def pasting(media, world):
    return Pasting(media, world)


FROM = {
    "xiumi": (
        (
            '<section style="text-align:center;background-image:url(https://statics.xiumi.us/b.png);'
            'color:rgb(62,62,62);transform:rotate(3deg)" class="tn-cell" powered-by="xiumi.us">'
            '<section><img src="https://statics.xiumi.us/a.png" style="width:100%" '
            'onload="x()"></section><p style="font-size:15px">早做打算</p></section>'
        ),
        "https://statics.xiumi.us/a.png",
        'style="text-align:center;color:rgb(62, 62, 62)"',
    ),
    "135": (
        (
            '<section data-tools="135编辑器" style="border:1px solid #eee;position:fixed">'
            '<p style="line-height:1.75em"><span style="color:#888">三步</span></p>'
            '<img src="//image2.135editor.com/c.jpg"></section>'
        ),
        "https://image2.135editor.com/c.jpg",
        'style="line-height:1.75em"',
    ),
    "word": (
        (
            "<html xmlns:o='urn:schemas-microsoft-com:office:office'><head><style>p.MsoNormal{}"
            "</style></head><body><!--[if gte mso 9]><xml></xml><![endif]--><p class=MsoNormal "
            "style='margin:0cm;mso-pagination:widow-orphan;text-indent:21.0pt'><b>养老<o:p></o:p></b>"
            "</p><img src='data:image/png;base64,{inline}'></body></html>"
        ),
        "",
        'style="margin:0cm;text-indent:21.0pt"',
    ),
    "weixin": (
        (
            '<div class="rich_media_content" id="js_content"><p style="text-align:justify">规划'
            '<script>x()</script></p><img class="rich_pages" src="data:image/svg+xml,x" '
            'data-src="https://mmbiz.qpic.cn/d.png?wx_fmt=png&amp;tp=webp" data-ratio="0.5"></div>'
        ),
        "https://mmbiz.qpic.cn/d.png?wx_fmt=png&tp=webp",
        'style="text-align:justify"',
    ),
}


@pytest.mark.parametrize("origin", FROM)
def test_allowed_style_stays_and_the_pictures_come_along(pasting, world, media, origin):
    html, address, style = FROM[origin]
    world.there[address] = picture()
    told = pasting.take(html.replace("{inline}", base64.b64encode(picture()).decode()), by="li")

    assert (told.taken, told.lost) == (1, [])
    (key,) = re.findall(r'<img[^>]*src="/media/(med_\w+)/original"', told.html)
    assert media.one(key).kind == "image"
    assert style in told.html.replace(": ", ":").replace("; ", ";")
    assert not OUTSIDE.search(told.html), told.html
    assert world.asked == ([address] if address else [])


@pytest.mark.parametrize(
    ("address", "answer", "reason"),
    [
        ("https://a.example/gone.png", Answer(404), "picture_is_not_there"),
        ("https://a.example/x.png", b"<svg onload=x()>", "file_of_no_known_kind"),
        ("https://a.example/x.png", b"%PDF-1.4 no pages", "file_is_broken"),
        ("https://10.0.0.1/x.png", Refused("address_not_allowed", host="10.0.0.1"),
         "address_not_allowed"),
        ("https://a.example/x.png", Busy("platform_unreachable", host="a"), "platform_unreachable"),
        ("https://a.example/x.png", Unanswered("platform_did_not_answer", host="a"),
         "platform_did_not_answer"),
        ("file:///C:/Users/li/1.png", None, "picture_is_on_her_disk"),
        ("data:image/png;base64,!!", None, "file_is_broken"),
    ],
)  # fmt: skip
def test_a_picture_that_cannot_be_had_is_named_and_leaves_its_words(
    pasting, world, address, answer, reason
):
    world.there[address] = answer
    told = pasting.take(f'<p>前<img src="{address}" alt="图表">后</p>', by="li")
    (lost,) = told.lost
    assert (lost.why.reason, told.taken) == (reason, 0)
    assert told.html == "<p>前图表后</p>"
    assert lost.why.message("zh") != reason


def test_one_address_is_fetched_once_and_our_own_not_at_all(pasting, world, media):
    mine = media.take(picture("blue"), by="li").id
    world.there["https://a.example/x.png"] = picture()
    html = '<img src="https://a.example/x.png">' * 3 + f'<img src="/media/{mine}/original">'
    told = pasting.take(html, by="li")
    assert world.asked == ["https://a.example/x.png"]
    assert (told.taken, told.html.count("/original")) == (1, 4)
    assert pasting.take(told.html, by="li").html == told.html


def test_beyond_a_bound_pictures_are_named_and_an_endless_text_is_refused(pasting, world):
    html = "".join(f'<img src="https://a.example/{n}.png">' for n in range(PICTURES + 2))
    told = pasting.take(html, by="li")
    assert len(world.asked) == PICTURES
    assert [each.why.reason for each in told.lost].count("too_many_pictures") == 2
    with pytest.raises(Invalid):
        pasting.take("x" * 4_000_001, by="li")
