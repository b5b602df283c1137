"""A case's checks, each against the fakes, the channel or the ledger; what is expected stands in the case."""

import json
import re
from collections.abc import Callable, Collection

from bot.domain.incidents import UnlinkedCause
from bot.domain.ledger import Act
from bot.domain.links import LinkState, LinkWarning
from bot.domain.values import ListingId
from bot.rehearsal.slack_client import text_of
from bot.views import texts
from tests.cases.harness import Play, users_in
from tests.cases.reading import Json
from tests.flows.world import CHANNEL

ACTS = {"link": Act.LINK, "unlink": Act.UNLINK}
CAUSES = {"ambiguous_sku": UnlinkedCause.AMBIGUOUS}


async def run(play: Play, *, later_steps: Collection[int] = (), later_checks: Collection[str] = ()) -> None:
    """Every step in order, each checkpoint at its place, all checks at the end.

    `later_steps` (counted from 1) and `later_checks` are about what this release does not have.
    """
    stops = [check for check in play.case.then if check["check"] == "checkpoint"]
    for number, step in enumerate(play.case.when, 1):
        if number not in later_steps:
            await play.step(step)
        for stop in stops:
            if stop["after_step"] == number:
                await hold(play, stop["all"], later_checks)
    await hold(play, [check for check in play.case.then if check not in stops], later_checks)


async def hold(play: Play, checks: list[Json], later: Collection[str] = ()) -> None:
    """All of them hold now."""
    for check in checks:
        if check["check"] in later:
            continue
        if check["check"] == "report.counts":
            await play.world.wait(3)  # a report gathers for a moment before it is posted
        CHECKS[check["check"]](play, check)


def counted(found: int, check: Json) -> None:
    for word, fits in (("equals", found == check.get("equals")), ("at_most", found <= check.get("at_most", found)),
                       ("at_least", found >= check.get("at_least", 0))):  # fmt: skip
        assert word not in check or fits, f"{found} found, but {check}"


# --- webhooks, orders ------------------------------------------------------------------------------------------------


def webhook_answers(play: Play, check: Json) -> None:
    assert len(play.answers) >= len(play.case.hooks)
    assert {answer.status for answer in play.answers} == {check["status"]}
    assert max(answer.seconds for answer in play.answers) < check["within_s"]
    assert not check["body_empty"] or {answer.body for answer in play.answers} == {b""}


def orders_count(play: Play, check: Json) -> None:
    """By the id an order says it comes from, and by the tag: a double that lost one of them is still a double."""
    order_id = check["tiktok_order_id"]
    told = [
        order
        for order in play.world.shopify_orders()
        if order_id == order.source_identifier or f"tts-{order_id}" in order.tags
    ]
    counted(len([order for order in told if not (check["open_only"] and order.cancelled_at)]), check)


def order_lines(play: Play, check: Json) -> None:
    """Lines of one variant at one price count together."""
    (order,) = play.world.shopify.orders_of(check["tiktok_order_id"])
    found: dict[tuple[str, str], int] = {}
    for line in order.lines:
        key = (line.variant_id, f"{line.unit.shop:.2f}")
        found[key] = found.get(key, 0) + line.quantity
    assert found == {(row["variant_id"], row["unit_price"]): row["quantity"] for row in check["equals"]}


def available(play: Play, check: Json) -> None:
    assert play.world.shopify.variant(check["variant_id"]).inventory_quantity == check["equals"]


def external_reference(play: Play, check: Json) -> None:
    found = play.world.tiktok.reference(check["order_id"], check["platform"])
    assert (found is not None) == check["exists"]
    if found is not None:
        (order,) = play.world.shopify.orders_of(check["order_id"])
        assert found["id"] == order.id.rpartition("/")[2]


def report_counts(play: Play, check: Json) -> None:
    wanted = f"{check['mirrored']} mirrored · {check['held']} held · {check['failed']} failed"
    assert play.world.report() == wanted


def ledger_order(play: Play, check: Json) -> None:
    states = [check["state"]] if isinstance(check["state"], str) else check["state"]
    entries = play.world.acts(Act.ORDER, order=check["order_id"])
    last = entries[-1].standing
    assert last is not None
    assert last.value in states
    assert play.world.standing(check["order_id"])[0] == last.value


# --- links -----------------------------------------------------------------------------------------------------------


def links_pairs(play: Play, check: Json) -> None:
    """`auto`: linked, and to nothing else. Every other word: the rule left it alone."""
    wanted = {row["tts_sku_id"]: row["variant_id"] for row in check["expected"] if row["expect"] == "auto"}
    assert play.world.links() == wanted
    assert {play.world.link_of(sku_id).origin.value for sku_id in wanted} == {"auto"}


def links_count(play: Play, check: Json) -> None:
    links = play.world.links()
    sku_id = check.get("tts_sku_id")
    counted(len(links) if sku_id is None else int(sku_id in links), check)


def links_none(play: Play, check: Json) -> None:
    assert play.world.link_of(check["tts_sku_id"]) is None


def link(play: Play, check: Json) -> None:
    sku_id = check["tts_sku_id"]
    found = play.world.link_of(sku_id)
    assert found is not None
    assert (found.variant_id, found.origin.value) == (check["variant_id"], check.get("origin", found.origin.value))
    warnings = play.world.acts(Act.LINK, listing=sku_id)[-1].facts["warnings"].split()
    assert warnings == ([check["warned"]] if "warned" in check else [])
    if "warned" in check:
        assert texts.LINK_WARNINGS[LinkWarning(check["warned"])] in play.told[sku_id], "said before the submit"


def tombstone(play: Play, check: Json) -> None:
    row = play.world.read(lambda u: u.links.get(ListingId(check["tts_sku_id"])))
    assert (row is not None and row.state is LinkState.TOMBSTONE) == check["exists"]


def ledger_acts(play: Play, check: Json) -> None:
    counted(len(play.world.acts(ACTS[check["kind"]], listing=check["tts_sku_id"])), check)


def tiktok_calls(play: Play, check: Json) -> None:
    calls = [c for c in play.world.tiktok.calls if c.operation == check["operation"]]
    counted(len([c for c in calls if check["sku_id"] in json.dumps(c.body)]), check)


# --- Slack -----------------------------------------------------------------------------------------------------------


def messages(play: Play, check: Json) -> None:
    """A message counts once for each SKU it is about; what it says of a SKU stands in that SKU's block."""
    about = check["about"]
    for sku_id in [about["sku_id"]] if "sku_id" in about else play.listings(about["seller_sku"]):
        cause = texts.UNLINKED_CAUSES[CAUSES[check["kind"]]].what
        blocks = [text_of(block) for _, block in play.offers(sku_id) if cause in text_of(block)]
        counted(len(blocks), check)
        for text in blocks:
            named = [line for line in text.splitlines() if line.startswith("• ")]
            assert len(named) == check.get("candidates", len(named))
            assert all(any(store in line for line in named) for store in check.get("names_stores", []))


def modal_error(play: Play, check: Json) -> None:
    """Of the modals that are named, one linked; the other says who was faster, and with what."""
    modals = [play.modals[name] for name in re.findall(r"\bm\d\b", check["for"])]
    (won,) = [modal for modal in modals if modal.shown["title"]["text"] == "Linked"]
    (lost,) = [modal for modal in modals if modal is not won]
    said = text_of(lost.shown)
    assert lost.shown["title"]["text"] == "Already linked"
    (variant,) = play.world.links().values()
    assert not check["names_the_winner"] or f"<@{won.user}>" in said
    assert not check["shows_what_is_linked_now"] or play.world.shopify.variant(variant).sku in said


def message_refreshed(play: Play, check: Json) -> None:
    sku_id, shows = check["about"]["sku_id"], check["shows"]
    for user in users_in(shows):
        shows = shows.replace(user, f"<@{user}>")
    said = [line for message in play.world.messages() for line in text_of(message).splitlines()]
    assert any(play.seller_sku(sku_id) in line and shows in line for line in said), said
    assert play.offers(sku_id) == []


def refusal(play: Play, check: Json) -> None:
    """The person was told that they may not, alone, and the ledger has it; no view opened."""
    assert check["ephemeral"]
    told = text_of(play.world.slack.ephemerals(check["user"], CHANNEL)[-1])
    assert "Ask a workspace admin. Type `/link rights` to see who may link." in told, told
    entries = [entry for entry in play.world.acts(Act.REFUSED) if entry.actor.id == check["user"]]
    assert bool(entries) == check["ledger_entry"]
    assert all((entry.reason or "").startswith("no_right_") for entry in entries)
    assert play.world.slack.views_open(check["user"]) == []


def payload_limits(play: Play, check: Json) -> None:
    assert check["rule"] == "limits"
    assert play.world.slack.refusals == []
    assert play.world.slack.complaints == []


CHECKS: dict[str, Callable[[Play, Json], None]] = {
    "webhook.answers": webhook_answers,
    "shopify.orders.count": orders_count,
    "shopify.order.lines": order_lines,
    "shopify.available": available,
    "tiktok.external_reference": external_reference,
    "tiktok.calls": tiktok_calls,
    "report.counts": report_counts,
    "ledger.order": ledger_order,
    "ledger.acts": ledger_acts,
    "links.pairs": links_pairs,
    "links.count": links_count,
    "links.none": links_none,
    "link": link,
    "link.tombstone": tombstone,
    "slack.messages": messages,
    "slack.modal_error": modal_error,
    "slack.message_refreshed": message_refreshed,
    "slack.payload": payload_limits,
    "slack.refusal": refusal,
}
