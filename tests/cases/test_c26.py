"""C26: two people, one link, and a third who may not. Later: Accept on an old message (step 10), undo (N4)."""

import pytest

from bot.domain.ledger import Act
from bot.rehearsal.slack_client import text_of
from tests.cases.checks import run
from tests.cases.harness import Play, press

LATER = (10,)


@pytest.mark.req("S24", "S35", "S36", "S39", "B1", "U8", "N20", "U21")
async def test_s24_two_people_make_one_link_and_end_it_once(play: Play) -> None:
    await run(play, later_steps=LATER)


@pytest.mark.req("S24", "U8")
async def test_u8_the_button_of_an_old_message_tells_what_stands_now(play: Play) -> None:
    sku_id = play.case.checks("slack.message_refreshed")[0]["about"]["sku_id"]
    message, block = play.offers(sku_id)[-1]
    await run(play, later_steps=LATER)
    who = play.world.person(play.case.users[1])
    await press(who, message, block, stale=True)
    await play.world.slack_idle()
    shown = play.world.view(who)
    assert shown["title"]["text"] == "Already linked"
    assert f"<@{play.case.users[0]}>" in text_of(shown)
    assert len(play.world.acts(Act.LINK, listing=sku_id)) == 1


@pytest.mark.req("S39")
async def test_s39_no_pass_of_the_rule_revives_what_was_unlinked(play: Play) -> None:
    await run(play, later_steps=LATER)
    for check in play.case.checks("links.none"):
        await play.world.poll()
        assert play.world.link_of(check["tts_sku_id"]) is None
