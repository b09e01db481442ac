"""S22: what editors, reps and customers can type runs on no page, whatever it looks like.

Every hostile text is typed into every kind of field; every page that shows one is opened in
Chromium with our Content-Security-Policy switched off, so that nothing but how it is written out
keeps it still. A page is caught if something ran, or if an element could: an attribute ``on…``,
an address that is a script, an element that our pages never hold.
"""

import unicodedata
from datetime import timedelta
from itertools import product
from urllib.parse import quote

import pytest

from content_hub.types import Field, Kind
from juzhen import console, workbench
from juzhen.web import public
from tests.console.test_acts import picture
from tests.workbench.conftest import Desk as House

BREAKS = (
    "", '">', "'>", "</textarea>", "</title>", "</script>", "</style>", "-->", "]]>", "`>",
)  # fmt: skip
SINKS = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>",
    "<svg/onload=alert(1)>", "<details open ontoggle=alert(1)>", "<iframe src=javascript:alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>", "<video><source onerror=alert(1)></video>",
    "<body onload=alert(1)>", "<input autofocus onfocus=alert(1)>",
    "<a href=javascript:alert(1)>点</a>", "<object data=javascript:alert(1)>",
    "<marquee onstart=alert(1)>",
)  # fmt: skip
ODD = (
    '" onmouseover="alert(1)', "' autofocus onfocus='alert(1)", "javascript:alert(1)",
    "java\tscript:alert(1)", "JaVaScRiPt:alert(1)//", "&#106;avascript:alert(1)",
    "data:text/html,<script>alert(1)</script>", "{{7*7}}", "{% include 'x' %}", "${alert(1)}",
    "<<script>alert(1)//<</script>", "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<svg><script>alert&#40;1)</script>", "<x onclick=alert(1)>x",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<template><img src=x onerror=alert(1)></template>", "<img src=x onerror=alert(1)//",
    '<p style="background:url(javascript:alert(1))">', '<p style="width:expression(alert(1))">',
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>", "<IMG SRC=x ONERROR=alert(1)>",
    "<svg><a xlink:href=javascript:alert(1)><text y=9>x</text></a>", "<img/src=x/onerror=alert(1)>",
    "<form action=javascript:alert(1)><button>x", "<button formaction=javascript:alert(1)>x",
    "<base href=javascript:/a/+alert(1)//>", "<embed src=javascript:alert(1)>",
    '<meta http-equiv=refresh content="0;url=javascript:alert(1)">',
    "<link rel=stylesheet href=javascript:alert(1)>", "＜script＞alert(1)＜/script＞",
    "\u2028alert(1)\u2028", "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
)  # fmt: skip
PAYLOADS = (*(before + sink for before, sink in product(BREAKS, SINKS)), *ODD)
SHORT = [each for each in PAYLOADS if len(each) <= 38]
ALIKE = {unicodedata.normalize("NFKC", each).casefold(): each for each in SHORT}
NAMES = [*ALIKE.values()][::3]
"""Names that are spelled alike are one name."""
ALL = "\n".join(PAYLOADS)
THREES = ["".join(PAYLOADS[n : n + 3]) for n in range(0, len(PAYLOADS), 3)]
"""So many at once as fit into a title."""
DAY = timedelta(days=1)

HURT = """for (const each of ["alert", "confirm", "prompt", "print"])
  window[each] = () => { top.hurt = (top.hurt ?? 0) + 1; };"""
LOOK = """async ([paths, headers]) => {
  const found = [];
  for (const path of paths) {
    const answer = await fetch(path, {headers});
    if (answer.status >= 400) found.push([path, `${answer.status}`]);
    const frame = document.createElement("iframe");
    const loaded = new Promise((done) => { frame.onload = done; });
    frame.srcdoc = await answer.text();
    document.body.append(frame);
    await loaded;
    for (const each of frame.contentDocument.querySelectorAll("*")) {
      const says = [...each.attributes].some(({name, value}) =>
        /^on/i.test(name) ||
        (/^(href|src|action|formaction|data|xlink:href|srcdoc|poster)$/i.test(name) &&
         /^(javascript|vbscript|data:text)/i.test(value.replace(/[\\s\\0-\\x20]/g, ""))));
      const strange =
        /^(iframe|object|embed|base|marquee|math|template|frame)$/i.test(each.tagName) ||
        (each.tagName === "SCRIPT" && !each.src.includes("/static/")) ||
        (each.tagName === "META" && each.httpEquiv);
      if (says || strange) found.push([path, each.outerHTML.slice(0, 200)]);
    }
    frame.remove();
  }
  return [found, top.hurt ?? 0];
}"""


@pytest.fixture
def rooms(records, people, changes, clock, tmp_path):
    made = House(records, people, changes, clock, tmp_path)
    yield made
    made.close()


@pytest.fixture
def flask(rooms):
    return rooms.application(
        console.blueprint(rooms), public.blueprint(rooms), workbench.blueprint(rooms)
    )


@pytest.fixture
def filled(rooms):
    """Fourteen kinds of fields, each with every text that fits into it; paths that show them."""
    r, now = rooms, rooms.clock()
    r.types.add("image_text", fields=[Field("slogan", Kind.TEXT, "口号", "Slogan")], by="t")
    app = r.accounts.add(code="app", name=NAMES[1], kind="app", ecosystem="own_app", by="t")
    tags = [r.taxonomy.create(each, "topic", en=each, synonyms=[f"s{each}"], by="t").id
            for each in NAMES]  # fmt: skip
    made = [
        r.materials.create(
            "image_text", each, summary=each, body=each, fields={"slogan": each},
            tags=[tags[n % len(tags)]], by="t",
        ).id
        for n, each in enumerate(THREES)
    ]  # fmt: skip
    whole = r.materials.create("image_text", "全部", body=ALL, tags=tags[:20], by="t").id
    for each in (*made, whole):
        r.shelf.place(each, app.id, opens=now, closes=now + DAY, by="t")
    for n, each in enumerate(NAMES):
        r.comments.say(whole, each, by="t")
        r.segments.create(each, by="t")
        drive = r.campaigns.create(each, opens=now, closes=now + DAY, by="t", task=each)
        r.products.add(f"p{n}", each, benefit=each, category=each, by="t")
        r.compliance.set_rule(each, kind="forbidden", severity="warn", by="t")
    for n, each in enumerate(PAYLOADS[:20]):
        r.media.take(picture(n), name=each, by="t")
        r.saved_views.save("library", each[:40], {"text": [each]}, by="stf_li")
    r.varying.vary(whole, account=app.id, title=PAYLOADS[0], summary=PAYLOADS[1], by="t")
    rep = r.company.hire("rep", name=NAMES[2])
    hers = [r.company.meet(f"138001380{n:02}", rep=rep, name=each)
            for n, each in enumerate(NAMES[:30])]  # fmt: skip
    her = r.company.id_of(hers[0])
    r.company.tell(*(r.company.event("asked_for_help", hers[0], whole, text=each)
                     for each in PAYLOADS[:40]))  # fmt: skip
    return {
        "customer": [f"/c/{each}" for each in (*made, whole)],
        "rep": [
            "/workbench/", "/workbench/customers", f"/workbench/customers/{her}", "/workbench/me",
            f"/workbench/customers/{her}/timeline",
            *(f"/workbench/customers/{her}/share/{each}" for each in made[::9]),
        ],
        "editor": [
            *(f"/console/{each}" for each in (
                "materials", "tags", "tagging", "campaigns", "products", "shelf", "calendar",
                "coverage", "reviews", "words", "types", "files", "files/kept", "duplicates",
                "sheets",
                "suggestions", "accounts", "parked", "segments", "customers", "rules", "place",
                f"tags/{tags[0]}", f"campaigns/{drive.id}", "products/p0",
            )),
            *(f"/console/materials/{whole}{each}" for each in (
                "", "/life", "/versions", "/variants", "/previews", "/testers",
            )),
            *(f"/console/materials/{each}/preview" for each in (whole, *made[::11])),
        ],
    }  # fmt: skip


@pytest.fixture
def looked_at(browser, served):
    """Looks at pages with nothing but their own HTML to protect them."""
    context = browser.new_context(bypass_csp=True, locale="zh-CN")
    context.add_init_script(HURT)
    page = context.new_page()
    page.set_default_timeout(60_000)
    dialogs = []
    page.on("dialog", lambda each: (dialogs.append(each.message), each.dismiss()))
    page.goto(served.removesuffix("/console") + "/livez")
    yield lambda paths, **headers: [*page.evaluate(LOOK, [paths, headers]), dialogs]
    context.close()


def test_s22_there_are_as_many_texts_as_were_asked_for():
    assert len(set(PAYLOADS)) >= 150


@pytest.mark.browser
def test_s22_nothing_that_somebody_typed_runs_on_a_page(rooms, filled, looked_at):
    rep = rooms.staff.one("rep").id
    assert looked_at(filled["customer"]) == [[], 0, []]
    assert looked_at(filled["rep"], **{"X-Staff": rep}) == [[], 0, []]
    assert looked_at(filled["editor"], **{"X-Actor": "admin"}) == [[], 0, []]


@pytest.mark.browser
def test_s22_what_is_asked_for_is_told_back_harmlessly(rooms, looked_at):

    pages = (("materials", "text"), ("tags", "text"), ("customers", "text"), ("place", "material"))
    asked = [
        f"/console/{page}?{name}={quote(each)}"
        for n, each in enumerate(THREES) for page, name in [pages[n % 4]]
    ]  # fmt: skip
    assert looked_at(asked, **{"X-Actor": "admin"}) == [[], 0, []]


@pytest.mark.browser
def test_s22_a_page_that_wrote_it_out_would_be_caught(browser, looked_at, served):
    """The look itself is looked at: each of these is found, and the second one runs."""
    for each in (SINKS[0], SINKS[1], SINKS[5], SINKS[10]):
        found, _, _ = looked_at([f"data:text/html,<p>{each}</p>"])
        assert found
