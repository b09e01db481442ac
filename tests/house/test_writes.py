"""No write keeps its lock for a tenth of a second: everybody else waits behind it.

What people, platforms and the worker do is done on a company of believable size (`writing`), and
every place of the product that writes is met by it, or stands below with what bounds it.
"""

from contextlib import suppress
from time import thread_time

import pytest
from writing import channels, content, data
from writing.holding import Holding, places
from writing.work import AtWork

from juzhen.settings import begin, load
from juzhen.wiring import assemble
from kernel.errors import Problem
from tests.blank import migrate

LONGEST, ROUNDS = 0.1, 3
COUNTED = 0.07
"""Seconds that a million squares take on a processor for which a tenth of a second was meant."""
ONE_ROW = "one row, found by its key"
SMALL = {
    "content_hub/campaigns/keeper.py:Campaigns.whole": "a campaign and what one form says of it",
    "data_hub/retention.py:Retention._note": ONE_ROW,
    "content_hub/rebuilding.py:settle": "twenty materials, as `rebuild_shelf`, once",
    "channels/mailings/posting.py:MailPost._leave_out": "a slice of a mailing, as it is told apart",
    "data_hub/echoes.py:Echoes.note": "five hundred rows by their keys",
    "data_hub/echoes.py:Echoes.run": "twenty handles, and what tells of them: few who are erased",
    "data_hub/findings.py:Findings.let_go": "five hundred rows by their keys",
    "data_hub/findings.py:Findings.forget": "two hundred rows by their keys",
    "data_hub/identities/keeping.py:Identities.forget_refused": "two hundred rows by their keys",
    "data_hub/echoes.py:Echoes.silence": "five hundred rows by their keys",
    "data_hub/privacy.py:Privacy._part": "two rows",
    "stores/personal.py:_erased": "two hundred rows by their keys",
    "matching/counters/keeping.py:Counters.let_go": "five hundred rows by their keys",
    "matching/offers.py:let_go": "a hundred rows by their keys",
    "stores/sqlite/history/engine.py:SqliteHistory.unsample": "one row a sort of refusal",
    "data_hub/rewriting.py:Rewriting._move": ONE_ROW,
    "data_hub/vip.py:Vips._enter": "two hundred of a week's choice",
    "data_hub/vip.py:Vips._leave": "two hundred of a week's choice",
    "data_hub/digest.py:Digest.void": ONE_ROW,
    "data_hub/rounds.py:Rounds.begin": ONE_ROW,
    "data_hub/regrouping.py:Regrouping.again": ONE_ROW,
    "data_hub/rebuilding.py:Rebuilding.end": ONE_ROW,
    "juzhen/transfer/undoing.py:Undoing.begin": ONE_ROW,
    "juzhen/transfer/undoing.py:Undoing.stop": ONE_ROW,
    "juzhen/transfer/undoing.py:Undoing._count": ONE_ROW,
    "juzhen/transfer/undoing.py:Undoing._moved": ONE_ROW,
    "juzhen/transfer/undoing.py:Undoing._end": ONE_ROW,
    "data_hub/emptying.py:Emptying.ask": ONE_ROW,
    "data_hub/emptying.py:Emptying.run": "a row, and one for each handle of whoever was erased",
    "matching/counters/keeping.py:Counters._deal": "fifty handles' deals, and those of theirs",
    "matching/counters/keeping.py:Counters._in_form": "two marks, once",
    "engagement/responses.py:Responses._count": "eight rows, of weeks that are not over",
    "engagement/unadvised.py:Unadvised.count": "a row a rep, every ten minutes",
    "stores/gathered.py:Gathered._written": "what came at the same moment",
    "stores/sqlite/history/engine.py:SqliteHistory.seal": "256 events a transaction",
    "channels/accounts.py:Accounts.price": ONE_ROW,
    "juzhen/saved_views.py:SavedViews.remove": ONE_ROW,
    "juzhen/saved_views.py:SavedViews.save": "one row, among at most fifty of one person",
    "channels/acquaintances.py:Acquaintances._keep": "fifty rows, by their keys",
    "channels/ad_leads.py:AdLeads._pull": "the leads of one stretch: an ad's of a day at most",
    "channels/ad_leads.py:AdLeads._told": ONE_ROW,
    "channels/allowances.py:Allowances.forget": "what one handle allows of one template",
    "channels/allowances.py:Allowances.hear": "as many rows as one callback brought",
    "channels/allowances.py:Allowances.use": ONE_ROW,
    "data_hub/following.py:Following.acted": ONE_ROW,
    "channels/blocks.py:Blocks.follow": "a hundred findings, and what reached those who left",
    "channels/blocks.py:Blocks.judge": ONE_ROW,
    "channels/blocks.py:Blocks.release": ONE_ROW,
    "channels/carriers.py:Carriers.decide": ONE_ROW,
    "channels/broadcasts/record.py:stopped": "none: it holds one row for the mark beside it",
    "channels/catching_up.py:CatchingUp._step": "the people of one slice; nobody before it begins",
    "channels/confirming.py:ask_again": "one change",
    "channels/deliveries/claiming.py:Claiming.borrow": ONE_ROW,
    "channels/deliveries/claiming.py:Claiming.renew": "as many rows as one worker is sending",
    "channels/deliveries/outbox.py:Deliveries.expire": "a hundred rows, as `drop_many`",
    "channels/deliveries/outbox.py:Deliveries.gate_again": "as many rows as one slice of places",
    "channels/deliveries/outbox.py:Deliveries.retry": ONE_ROW,
    "channels/deliveries/settling.py:Settling.at_once": "what was called together, and a breaker",
    "channels/deliveries/settling.py:Settling.lost": "a few rows at once",
    "channels/deliveries/settling.py:Settling._shorten": "a few rows at once",
    "channels/deliveries/settling.py:Settling.note_outcome": ONE_ROW,
    "channels/hand_offs.py:HandOffs.end": ONE_ROW,
    "channels/hand_offs.py:HandOffs.note_posted": ONE_ROW,
    "channels/hand_offs.py:HandOffs.note_taken_down": ONE_ROW,
    "channels/hand_offs.py:HandOffs.put": ONE_ROW,
    "channels/live_codes.py:LiveCodes._note": ONE_ROW,
    "channels/live_codes.py:LiveCodes._kept": ONE_ROW,
    "channels/live_codes.py:LiveCodes.drop": ONE_ROW,
    "channels/live_codes.py:LiveCodes.share": ONE_ROW,
    "channels/live_codes.py:LiveCodes.lead_to": ONE_ROW,
    "channels/menus.py:Menus._note": ONE_ROW,
    "channels/menus.py:Menus.decide": ONE_ROW,
    "channels/vocabularies.py:Vocabularies._note": "the tags of one facet, by their keys",
    "channels/vocabularies.py:Vocabularies.mark": "one change",
    "channels/vocabularies.py:Vocabularies.share": ONE_ROW,
    "channels/transfers.py:Transfers._note": "two hundred rows by their keys",
    "channels/transfers.py:Transfers._trouble": "two hundred rows by their keys",
    "channels/transfers.py:Transfers.hand_over": "a hundred rows, as many as one act names",
    "channels/mailings/keeper.py:Mailings.cancel": ONE_ROW,
    "channels/mailings/keeper.py:Mailings.gather": "two hundred rows, as one slice of places",
    "channels/mailings/posting.py:MailPost._change": ONE_ROW,
    "channels/mailings/posting.py:MailPost._keep": "two hundred rows by their keys",
    "channels/mailings/posting.py:MailPost._lease": ONE_ROW,
    "channels/deliveries/settling.py:Settling.note_mailed": "two hundred rows by their keys",
    "channels/deliveries/settling.py:Settling.park_mailed": "two hundred rows by their keys",
    "channels/notices/carrying.py:Carrying._claim": ONE_ROW,
    "channels/notices/carrying.py:Carrying._settle": "one notice and its address",
    "channels/notices/subscriptions.py:Subscriptions.again": "two hundred rows by their keys",
    "channels/notices/subscriptions.py:Subscriptions.drop": ONE_ROW,
    "channels/notices/subscriptions.py:Subscriptions.ping": ONE_ROW,
    "channels/notices/subscriptions.py:Subscriptions.renew": ONE_ROW,
    "channels/notices/subscriptions.py:Subscriptions.subscribe": "one of twenty rows",
    "channels/notices/subscriptions.py:Subscriptions.sweep": "five hundred rows by their keys",
    "channels/notices/subscriptions.py:Subscriptions.switch": ONE_ROW,
    "channels/notices/subscriptions.py:Subscriptions.tell_again": ONE_ROW,
    "channels/notices/telling.py:Telling.follow": "a hundred acts, twenty addresses at most",
    "channels/notices/telling.py:Telling.watch": "a hundred boundaries, twenty addresses at most",
    "channels/outbound/breaker.py:Breakers.admit": ONE_ROW,
    "channels/previewing.py:Previewing.show": "one change",
    "channels/publishing/promises.py:Promises._queue_due": "a hundred rows at once",
    "channels/video/grants.py:Grants.answered": ONE_ROW,
    "channels/video/grants.py:Grants.ask": ONE_ROW,
    "channels/video/grants.py:Grants.keep": ONE_ROW,
    "channels/video/grants.py:Grants.refreshed": ONE_ROW,
    "channels/video/grants.py:Grants.renewed": ONE_ROW,
    "channels/video/grants.py:Grants.revoke": ONE_ROW,
    "channels/video/notes.py:CreatorNotes.begin": ONE_ROW,
    "channels/video/notes.py:CreatorNotes.end": ONE_ROW,
    "channels/video/notes.py:CreatorNotes.heard": ONE_ROW,
    "channels/video/notes.py:CreatorNotes.up": ONE_ROW,
    "channels/video/notes.py:CreatorNotes.uploaded": ONE_ROW,
    "content_hub/tags/taxonomy.py:Taxonomy.whole": "a line of a tag list: a tag and what is on it",
    "content_hub/media.py:Media._draw": ONE_ROW,
    "content_hub/scheduling.py:ScheduledEdits._open": "one material, at most twenty edits to come",
    "content_hub/scheduling.py:ScheduledEdits.schedule": "one material and one edit of it",
    "content_hub/scheduling.py:ScheduledEdits.settle": "one material, at most twenty edits of it",
    "content_hub/remakes.py:Remakes.make": "one material, as `create`, and a row",
    "content_hub/uploads.py:Uploads._finish": "the pieces of one upload",
    "content_hub/uploads.py:Uploads._forget": "the pieces of one upload",
    "content_hub/uploads.py:Uploads._keep": ONE_ROW,
    "content_hub/uploads.py:Uploads._begin": ONE_ROW,
    "content_hub/tagging_runs.py:TaggingRuns.split": "one tag and one run",
    "content_hub/tagging_runs.py:TaggingRuns.stop": "one run",
    "channels/opt_outs.py:OptOuts._take": "one purpose, on the handles of one customer",
    "channels/touch_policy/moods.py:Moods._end": "the holds of one customer",
    "channels/wechat/tokens.py:Tokens._fetch": ONE_ROW,
    "channels/wechat/uploads.py:Uploads.forget": "the uploads of one account",
    "channels/wechat/uploads.py:Uploads.once": ONE_ROW,
    "channels/welcoming.py:Welcoming._claim": "sixteen rows, and what came of as many",
    "data_hub/ad_quality.py:AdQuality.note": ONE_ROW,
    "data_hub/customers/revealing.py:Reveals.note": "one row of a quota, found by its key",
    "data_hub/customers/talking.py:Talks.note": ONE_ROW,
    "data_hub/customers/relations.py:Relations.take_back": "whom one slice of an import gave",
    "data_hub/leaderboards.py:Leaderboards.come_back": ONE_ROW,
    "data_hub/leaderboards.py:Leaderboards.leave": ONE_ROW,
    "data_hub/roster.py:Roster._take": "twenty-five rows of a sheet",
    "data_hub/staff.py:StaffBook._went": ONE_ROW,
    "data_hub/staff.py:StaffBook.change": ONE_ROW,
    "engagement/passed_on.py:_give": "one row, beside those of one customer and cycle",
    "engagement/put_back.py:_let_back": "two hundred rows by their keys",
    "engagement/put_back.py:PutBack._note": ONE_ROW,
    "engagement/books.py:Books._give_free": "a row, of one customer",
    "engagement/books.py:Books._handed_over": ONE_ROW,
    "engagement/reminders.py:Reminders._finished": "what is due about one customer",
    "engagement/rep_cards.py:RepCards._begin": ONE_ROW,
    "engagement/rep_cards.py:RepCards._has_room": "one row, beside at most ten of a day",
    "engagement/rep_cards.py:RepCards._later": ONE_ROW,
    "engagement/rep_cards.py:RepCards._put_off": "fifty rows at most",
    "engagement/rep_cards.py:RepCards._tell": ONE_ROW,
    "engagement/sharing.py:Sharing.share": "one delivery and its place, as `send`",
    "juzhen/access.py:Access.of_session": ONE_ROW,
    "channels/placing.py:Placing.place": "at most twenty placements of one material",
    "channels/placing.py:Placing.take_back": "at most twenty placements of one material",
    "content_hub/bringing/keeper.py:Bringing._edit": "the rows of one slice of a sheet",
    "content_hub/bringing/tags.py:untag": "the rows of one slice of a sheet",
    "content_hub/bringing/keeper.py:Bringing._make_one": "one row of a sheet, within its slice",
    "content_hub/file_sets.py:FileSets._shown": "one material and its change",
    "content_hub/file_sets.py:FileSets.put_away": "one change",
    "juzhen/console/material.py:_change": "one edit and its tags, as `edit` and `tag`",
    "juzhen/demo/stocking.py:Stock._place": "while nobody works yet; eight materials at once",
    "juzhen/demo/stocking.py:Stock.fill": "while nobody works yet; eight materials at once",
    "juzhen/transfer/importing.py:Imports._begun": ONE_ROW,
    "juzhen/transfer/importing.py:Imports._end": ONE_ROW,
    "juzhen/transfer/importing.py:Imports._moved": ONE_ROW,
    "juzhen/transfer/importing.py:Imports.cancel": ONE_ROW,
    "juzhen/transfer/whole/arriving.py:_filled": "into an empty company, in which nobody works",
    "juzhen/transfer/whole/rows.py:number_on": "into an empty company, in which nobody works",
    "juzhen/web/repeats.py:Repeats._claim": ONE_ROW,
    "juzhen/web/repeats.py:Repeats._keep": ONE_ROW,
    "matching/effects.py:Effects.follow": "a hundred acts and findings, and whom they touch",
    "matching/effects.py:Effects._dropped": "what rules reached of five hundred handles",
    "matching/nightly.py:Nightly._dropped": "two hundred lists at once, as they were written",
    "matching/nightly.py:Nightly.step_back": ONE_ROW,
    "stores/claims.py:Quotas.give_back": "the handles of one customer",
    "stores/owning.py:Owner.keep": ONE_ROW,
    "stores/sqlite/search.py:SqliteSearch.__init__": "an empty index, as it is made",
    "stores/sqlite/search.py:SqliteSearch.drop": "fifty documents at once, as they are put",
    "stores/sqlite/search.py:SqliteSearch._drop_left": "fifty texts at once, as they are put",
}
"""Places that no act here reaches, and what bounds them however large the company is."""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("writes")
    begin(home, stores_durability="process", company_referral="10%", company_modules="mass_send")
    migrate(load({"JUZHEN_HOME": str(home)}))
    return home


def slowness():
    """How many times longer than there this processor takes just now, if it is a slower one."""

    def count():
        begun = thread_time()
        sum(n * n for n in range(10**6))
        return thread_time() - begun

    return max(1.0, min(count() for _ in range(3)) / COUNTED)


@pytest.fixture(scope="module")
def watched(home):
    """What every act took, by the quickest of three if it took long, and all places that wrote."""
    company = assemble(load({"JUZHEN_HOME": str(home)}))
    work = AtWork(company)
    holding = Holding(
        company.records, company.people, company.history._file, company.index._records
    )
    held = {}
    for room in (content, channels, data):
        for name, act in room.acts(work):
            took = holding.longest(act)
            for _ in range(ROUNDS - 1 if took[0] > LONGEST else 0):
                with suppress(Problem):  # some can be done only once
                    took = min(took, holding.longest(act))
            held[name] = (took[0] / slowness(), took[1]) if took[0] > LONGEST else took
    yield held, holding.met
    company.close()


@pytest.mark.timeout(600)
def test_no_act_holds_a_lock_for_a_tenth_of_a_second(watched):
    held, _ = watched

    assert {name: took for name, took in held.items() if took[0] > LONGEST} == {}


def test_every_place_that_writes_is_met_or_known_to_be_small(watched, by_hand):
    _, met = watched
    there = places(by_hand)

    assert there - met - SMALL.keys() == set()
    assert SMALL.keys() - there == set()
