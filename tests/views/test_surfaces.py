"""App Home, status, connecting, unlinking, help."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.board import Health, LinkPreview, UnlinkEffect
from bot.domain.catalogue import ListingStatus
from bot.domain.connections import ConnectionState
from bot.domain.links import LinkMode, LinkState
from bot.views import connect, help, home, plain, status, unlink
from bot.views.ids import Action, unpack
from tests.views.build import (
    HARM,
    LONG,
    NOW,
    all_text,
    blocked,
    buttons,
    good_message,
    good_view,
    labels,
    long_row,
    money,
    row,
    shop,
    store,
)

HEALTH = Health(100, 97, 3, 0, 2, 1, (money("124.00"),), None, (shop(),), (store(),))
NOTHING = Health(0, 0, 0, 0, 0, 0, (), None)
STOPS = UnlinkEffect(2, money("24.00"), 7, 1)


@pytest.mark.req("S14", "S15", "S16")
def test_s15_banner_says_the_number_and_leads_to_the_unlinked_products() -> None:
    view = good_view(home.home(HEALTH, [row(n, blocked=blocked()) for n in range(3)]))
    assert view["blocks"][0]["text"]["text"] == "3 SKUs are not linked"
    banner = buttons(view)
    button = next(one for one in banner if one["text"]["text"] == "Link products")
    assert button["action_id"] == Action.LINK_PRODUCTS
    assert unpack(button["value"])["filter"] == "unlinked"
    assert labels(view).count("Link") == 3


@pytest.mark.req("S15")
def test_s15_without_unlinked_skus_there_is_no_banner() -> None:
    view = good_view(home.home(replace(HEALTH, linked=100, unlinked=0), []))
    assert "Link products" not in labels(view)
    assert "not linked" not in all_text(view)


def test_one_unlinked_sku_in_the_singular() -> None:
    assert (
        good_view(home.home(replace(HEALTH, unlinked=1), [row()]))["blocks"][0]["text"]["text"] == "1 SKU is not linked"
    )


@pytest.mark.req("U23", "U33")
def test_u23_home_shows_orders_connections_and_what_is_missing() -> None:
    told = all_text(home.home(HEALTH, []))
    for part in (
        "2 held · 1 failed · worth 124.00 USD",
        "TikTok shop *Glow Shop*",
        "Shopify store *Main store*",
        "97 of 100",
    ):
        assert part in told
    empty = all_text(good_view(home.home(NOTHING, [])))
    assert "`/link connect tiktok`" in empty
    assert "Nothing is connected yet" in empty
    assert "No Shopify store is connected" in all_text(good_view(home.home(replace(HEALTH, stores=()), [])))


@pytest.mark.req("U36")
@pytest.mark.parametrize("state", list(ConnectionState))
def test_u36_connection_states_are_words(state: ConnectionState) -> None:
    health = replace(HEALTH, shops=(shop(state=state, paused=True),), stores=(store(state=state),))
    told = all_text(good_message(status.status(health, NOW, 30)))
    expected = {
        "connected": "connected <!date",
        "lost": "*connection lost: connect again",
        "disconnected": "*disconnected",
    }
    assert told.count(expected[state]) == 2
    assert ("*paused*" in told) == (state is ConnectionState.CONNECTED)


@pytest.mark.req("U36")
def test_u36_status_says_ages_and_how_news_arrives() -> None:
    health = replace(HEALTH, queue_age=timedelta(minutes=5), shops=(shop(orders_seen_to=NOW - timedelta(seconds=12)),))
    told = good_message(
        status.status(health, NOW, 30, "https://linkbot.example", ["scope missing: <write_orders>"])
    ).text
    for part in (
        "oldest waiting work: 5 min",
        "last read 12 s ago",
        "webhooks to https://linkbot.example",
        "&lt;write_orders&gt;",
    ):
        assert part in told
    assert "polls only" in status.status(HEALTH, NOW, 30).text
    assert "Nothing is connected" in good_message(status.status(NOTHING, NOW, 30)).text


@pytest.mark.parametrize(("paused", "said"), [(True, "/link resume"), (False, "Held orders go on")])
def test_pause_and_resume_are_told(paused: bool, said: str) -> None:
    assert said in good_message(status.switched([shop()], paused)).text
    assert "Nothing was changed" in good_message(status.switched([], paused)).text
    good_message(status.switched([shop(LONG)] * 40, paused))


@pytest.mark.req("S35", "N3")
def test_s35_unlinking_asks_and_says_what_stops() -> None:
    view = good_view(unlink.confirm_modal(row(linked=LinkState.ACTIVE), STOPS))
    assert (view["title"]["text"], view["submit"]["text"], view["close"]["text"]) == ("Unlink SKU", "Unlink", "Cancel")
    assert unpack(view["private_metadata"])["listing"] == row().listing.id
    message = good_message(unlink.confirm_message(row(linked=LinkState.ACTIVE), STOPS))
    assert labels(message) == ["Unlink", "Cancel"]
    for shown in (view, message):
        for part in (
            "24.00 USD and 7 in stock",
            "2 orders are on the way",
            "1 other TikTok SKU stays",
            "never linked automatically",
        ):
            assert part in all_text(shown)


def test_unlinking_a_broken_link_freezes_nothing() -> None:
    told = all_text(unlink.confirm_modal(row(linked=LinkState.BROKEN), UnlinkEffect(0, None, 0, 0)))
    assert "TikTok keeps" not in told
    assert "on the way" not in told


@pytest.mark.req("S35")
def test_s35_after_the_answer() -> None:
    assert labels(good_message(unlink.done(row(linked=LinkState.ACTIVE)))) == ["Link"]
    assert labels(unlink.done(row(status=ListingStatus.DELETED))) == []
    good_view(unlink.done_modal(row()))
    assert labels(good_message(unlink.cancelled())) == []
    assert labels(good_message(unlink.not_linked(row()))) == ["Link"]


@pytest.mark.parametrize("service", ["tiktok", "shopify"])
def test_connect_button_and_pasted_address(service: str) -> None:
    url = "https://auth.example/authorize?state=" + "s" * 900
    message = good_message(connect.connect_button(service, url, True))
    assert [one["url"] for one in buttons(message)] == [url]
    view = good_view(connect.paste_modal(service, url))
    box = next(one for one in view["blocks"] if one["type"] == "input")
    sent = view | {
        "state": {"values": {box["block_id"]: {box["element"]["action_id"]: {"value": " https://x?state=1 "}}}}
    }
    assert connect.read_paste(sent) == (service, "https://x?state=1")
    assert "`&lt;x&gt;`" in good_message(connect.refused(service, "<x>", "access_denied")).text


@pytest.mark.parametrize("place", [shop(), store(), shop(LONG), store(LONG)])
def test_connected_and_disconnected(place: object) -> None:
    assert isinstance(place, type(shop()) | type(store()))
    good_message(connect.connected(place))
    good_message(connect.connected(place, again=True))
    asked = good_message(connect.disconnect_confirm(place, 12))
    assert labels(asked) == ["Disconnect", "Cancel"]
    assert "12 links stop working" in asked.text
    assert place.id in unpack(buttons(asked)[0]["value"]).ids.values()
    good_message(connect.disconnect_confirm(place))
    good_message(connect.disconnected(place))
    good_message(connect.disconnect_cancelled())


def test_told_view_shows_foreign_names_as_text() -> None:
    assert "&lt;!channel&gt;" in all_text(good_view(connect.told_view(connect.Told(True, HARM))))
    good_view(connect.told_view(connect.Told(False, LONG * 9)))
    good_view(connect.connecting())


@pytest.mark.parametrize("mode", [None, *LinkMode])
def test_mode_shows_both_answers_and_what_they_do(mode: LinkMode | None) -> None:
    shown = good_message(connect.mode_preview(shop(LONG, mode=mode), mode, LinkPreview(10, 4, 1, 2, 0, 0)))
    assert labels(shown) == ["Link automatically", "Link by hand"]
    assert "4 of 10 SKUs" in shown.text
    if mode is not None:
        good_message(connect.mode_set(shop(), mode))


@pytest.mark.req("U1")
def test_u1_help_prints_the_table_and_the_nearest_verb() -> None:
    rows = [help.HelpRow(f"verb{n} [x]", "what it does", f"verb{n} 17") for n in range(25)]
    shown = good_message(help.help_message(rows, None, None))
    assert all(f"`/link verb{n} [x]` what it does, e.g. `/link verb{n} 17`" in all_text(shown) for n in range(25))
    unknown = good_message(help.help_message(rows, "prodcts <!here>", "products"))
    assert unknown.text.startswith("`/link` has no verb `prodcts &lt;!here&gt;`. Did you mean `/link products`?")
    prefixed = help.help_message([help.HelpRow("/link x", "y", "/link x 1")], None, None)
    assert "`/link x` y, e.g. `/link x 1`" in prefixed.text
    good_message(help.help_message([], None, None))


def test_longest_surfaces_fit() -> None:
    health = replace(HEALTH, unlinked=10**6, shops=(shop(LONG),) * 60, stores=(store(LONG),) * 60)
    good_view(home.home(health, [long_row(n) for n in range(60)]))
    good_message(status.status(health, NOW, 30, LONG, [LONG] * 60))
    good_view(unlink.confirm_modal(long_row(linked=LinkState.ACTIVE), STOPS))
    good_message(unlink.confirm_message(long_row(linked=LinkState.ACTIVE), STOPS))
    good_message(help.help_message([help.HelpRow("v" * 200, "m" * 400, "e" * 200)] * 30, LONG, "nearest"))


@pytest.mark.req("U26")
def test_u26_refusals_carry_a_reference_and_fit_a_modal() -> None:
    message = good_message(plain.refused("The store is gone. Connect it again.", "ab12"))
    assert "`ab12`" in message.text
    good_view(plain.note_view(message))
    good_view(plain.loading())
    assert "Reference" not in plain.refused("No.").text
