"""Every sentence people read: what happened, and what to do next. Money, ages and dates as they are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.domain.board import Blocked
from bot.domain.catalogue import Listing, ListingStatus, Variant, VariantStatus
from bot.domain.connections import ConnectionState, ConnectProblem
from bot.domain.incidents import IncidentKind, UnlinkedCause
from bot.domain.links import LinkRefusal, LinkWarning, NoAutoLink
from bot.domain.matching import MatchReason
from bot.domain.orders import Reason, Standing
from bot.domain.pushes import PushReason
from bot.domain.retries import Trouble
from bot.domain.values import Actor, ActorKind, Money
from bot.views.blocks import bold, code, dots, esc, one_line

NO_SKU = "no SKU"


@dataclass(frozen=True)
class Sentence:
    """`what` happened and what to do `next`; `next` is empty when nothing needs to be done."""

    what: str
    next: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.next}".strip()


REASONS: Mapping[Reason, Sentence] = {
    Reason.UNPAID: Sentence("The buyer has not paid yet.", "It goes on by itself after payment."),
    Reason.ON_HOLD: Sentence(
        "TikTok keeps it on hold for an hour so that the buyer can cancel.", "It goes on by itself after that."
    ),
    Reason.NOT_READABLE_YET: Sentence("TikTok does not show its details yet.", "Linkbot asks again by itself."),
    Reason.UNCLEAR: Sentence(
        "Shopify did not answer when the order was created, so it may be there already.",
        "Linkbot looks for it before it tries again. Do not create it by hand.",
    ),
    Reason.UNLINKED_SKU: Sentence("A SKU in it is not linked.", "Press Link; the order then goes on by itself."),
    Reason.BROKEN_LINK: Sentence(
        "A SKU in it is linked to a Shopify variant that was deleted.",
        "Link the SKU to another variant; the order then goes on by itself.",
    ),
    Reason.CURRENCY_MISMATCH: Sentence(
        "The order and the Shopify store use different currencies.",
        "Link its SKUs to a store with the order's currency.",
    ),
    Reason.TOTALS_DIFFER: Sentence(
        "The total Shopify would compute differs from what the buyer paid.",
        "Compare the two totals, and create this order in Shopify by hand if they can't be made equal.",
    ),
    Reason.ADDRESS_MISSING: Sentence(
        "TikTok gives no street and no city.", "Ask the buyer to correct the address; Linkbot reads it again."
    ),
    Reason.CANCEL_REQUESTED: Sentence(
        "The buyer asked to cancel it.", "Answer the request in Seller Center, or press Mirror now to send it anyway."
    ),
    Reason.APPROVAL_PENDING: Sentence("It waits for a second person's approval.", "Ask a colleague to approve it."),
    Reason.SHOP_PAUSED: Sentence("The shop is paused.", "Resume the shop; the order then goes on by itself."),
    Reason.NO_STORE: Sentence(
        "No connected Shopify store can take it.",
        "Type `/link connect shopify STORE`, or link its SKUs to a connected store.",
    ),
    Reason.BEFORE_CONNECTION: Sentence(
        "It was paid before this shop was connected.", "Press Mirror now if Shopify needs it."
    ),
    Reason.CANCELLED: Sentence("It was cancelled on TikTok.", "Nothing to do."),
    Reason.FULFILLED_BY_TIKTOK: Sentence("TikTok ships it from its own warehouse.", "Nothing to do."),
    Reason.SAMPLE: Sentence("It is a free sample.", "Press Mirror now if you ship it from Shopify."),
    Reason.NOTHING_TO_SHIP: Sentence("Nothing in it needs shipping.", "Nothing to do."),
    Reason.ALREADY_SHIPPED: Sentence("It was shipped before it could be mirrored.", "Nothing to do."),
    Reason.IGNORED_BY_PERSON: Sentence("A person chose to ignore it.", "Press Mirror now to send it after all."),
    Reason.REFUSED_BY_SHOPIFY: Sentence("Shopify refused it.", "Mend what Shopify names, then press Mirror now."),
    Reason.SHOPIFY_UNREACHABLE: Sentence(
        "Shopify could not be reached.", "Linkbot keeps trying; press Mirror now to try at once."
    ),
    Reason.TIKTOK_UNREACHABLE: Sentence(
        "TikTok could not be reached.", "Linkbot keeps trying; press Mirror now to try at once."
    ),
    Reason.NOT_AUTHORISED: Sentence(
        "The connection is no longer authorised.", "Connect again with `/link connect`, then press Mirror now."
    ),
    Reason.PROGRAM_ERROR: Sentence(
        "Linkbot could not handle it: an error of its own.",
        "Press Mirror now to try again, and report the order id if it fails again.",
    ),
}

SHORT_REASONS: Mapping[Reason, str] = {
    Reason.UNPAID: "not paid",
    Reason.ON_HOLD: "on hold at TikTok",
    Reason.NOT_READABLE_YET: "not readable yet",
    Reason.UNCLEAR: "unclear",
    Reason.UNLINKED_SKU: "unlinked SKU",
    Reason.BROKEN_LINK: "broken link",
    Reason.CURRENCY_MISMATCH: "currencies differ",
    Reason.TOTALS_DIFFER: "totals differ",
    Reason.ADDRESS_MISSING: "address missing",
    Reason.CANCEL_REQUESTED: "buyer asked to cancel",
    Reason.APPROVAL_PENDING: "waits for approval",
    Reason.SHOP_PAUSED: "shop paused",
    Reason.NO_STORE: "no store",
    Reason.BEFORE_CONNECTION: "paid before connection",
    Reason.CANCELLED: "cancelled",
    Reason.FULFILLED_BY_TIKTOK: "shipped by TikTok's warehouse",
    Reason.SAMPLE: "sample",
    Reason.NOTHING_TO_SHIP: "nothing to ship",
    Reason.ALREADY_SHIPPED: "already shipped",
    Reason.IGNORED_BY_PERSON: "ignored by a person",
    Reason.REFUSED_BY_SHOPIFY: "refused by Shopify",
    Reason.SHOPIFY_UNREACHABLE: "Shopify unreachable",
    Reason.TIKTOK_UNREACHABLE: "TikTok unreachable",
    Reason.NOT_AUTHORISED: "not authorised",
    Reason.PROGRAM_ERROR: "error in Linkbot",
}

STANDINGS: Mapping[Standing, str] = {
    Standing.WAITING: "waiting",
    Standing.HELD: "held",
    Standing.SENDING: "being sent to Shopify",
    Standing.MIRRORED: "mirrored",
    Standing.ADOPTED: "adopted",
    Standing.NOT_OURS: "not ours",
    Standing.PARKED: "failed",
}

NO_AUTO_LINK: Mapping[NoAutoLink, Sentence] = {
    NoAutoLink.MODE_NOT_ANSWERED: Sentence(
        "Nobody has said yet whether this shop links automatically.",
        "Answer the prompt in the channel, or type `/link mode`.",
    ),
    NoAutoLink.MANUAL_MODE: Sentence("This shop links by hand only.", "Press Link."),
    NoAutoLink.LISTING_DELETED: Sentence("The product was deleted on TikTok.", "Nothing to do."),
    NoAutoLink.ALREADY_LINKED: Sentence("It has a link already; the rule never replaces one."),
    NoAutoLink.UNLINKED_BY_PERSON: Sentence(
        "A person unlinked it, so it is no longer linked automatically.", "Press Link to link it again."
    ),
    NoAutoLink.NO_SKU: Sentence(
        "It has no seller SKU, so there is nothing to match.", "Press Link, or give it a SKU in Seller Center."
    ),
    NoAutoLink.AMBIGUOUS_ON_TIKTOK: Sentence(
        "Another SKU of this shop has the same seller SKU.", "Press Link and choose, or make the seller SKUs differ."
    ),
    NoAutoLink.AMBIGUOUS_ON_SHOPIFY: Sentence(
        "Several Shopify variants have this SKU.", "Press Link and choose the right one."
    ),
    NoAutoLink.NO_MATCH: Sentence(
        "No Shopify variant has this SKU.", "Press Link and choose one, or correct the SKU on either side."
    ),
}

UNLINKED_CAUSES: Mapping[UnlinkedCause, Sentence] = {
    UnlinkedCause.NO_MATCH: NO_AUTO_LINK[NoAutoLink.NO_MATCH],
    UnlinkedCause.AMBIGUOUS: Sentence("Several products share this SKU.", "Press Link and choose the right one."),
    UnlinkedCause.NO_SKU: NO_AUTO_LINK[NoAutoLink.NO_SKU],
    UnlinkedCause.MANUAL_MODE: NO_AUTO_LINK[NoAutoLink.MANUAL_MODE],
    UnlinkedCause.UNLINKED_BY_PERSON: Sentence("A person unlinked it.", "Press Link to link it again."),
}

LINK_WARNINGS: Mapping[LinkWarning, str] = {
    LinkWarning.SHARED_STOCK: "Other TikTok SKUs sell this variant too: they all offer the same stock.",
    LinkWarning.CURRENCY_DIFFERS: "The currencies differ: no price is sent, and orders will be held.",
    LinkWarning.DRAFT_PRODUCT: "The Shopify product is a draft.",
    LinkWarning.ARCHIVED_PRODUCT: "The Shopify product is archived.",
    LinkWarning.STOCK_NOT_TRACKED: "Shopify has no stock figure to send: not tracked, unknown, or sold past zero.",
}

LINK_REFUSALS: Mapping[LinkRefusal, Sentence] = {
    LinkRefusal.ALREADY_LINKED: Sentence("This TikTok SKU is linked already.", "Unlink it first to change the link."),
    LinkRefusal.LISTING_GONE: Sentence("This TikTok SKU is gone: it was deleted on TikTok.", "Choose another SKU."),
    LinkRefusal.VARIANT_GONE: Sentence("This Shopify variant was deleted.", "Choose another one."),
    LinkRefusal.PACK_OUT_OF_RANGE: Sentence("Units must be a whole number from 1 to 1000.", "Correct the number."),
    LinkRefusal.OTHER_WORKSPACE: Sentence(
        "The shop or the store belongs to another workspace.", "Connect it here, or choose another one."
    ),
    LinkRefusal.NOT_LINKED: Sentence("This TikTok SKU is not linked (any more).", "Nothing was changed."),
}

INCIDENTS: Mapping[IncidentKind, Sentence] = {
    IncidentKind.UNLINKED: Sentence("A TikTok SKU is not linked.", "Orders that contain it wait until it is linked."),
    IncidentKind.OVERSOLD: Sentence(
        "More units were sold than Shopify has.", "Restock it, or cancel an order in Seller Center."
    ),
    IncidentKind.CURRENCY_MISMATCH: Sentence(
        "The shop and the store use different currencies: no price is sent, and orders are held.",
        "Link these SKUs to a store with the shop's currency.",
    ),
    IncidentKind.CONNECTION_LOST: Sentence(
        "The other side ended the connection. Prices, stock and orders stand still.",
        "Connect again; links are kept and work again at once.",
    ),
    IncidentKind.ORDERS_STUCK: Sentence(
        "The order could not be created in Shopify.", "Mend the cause, then press Mirror now."
    ),
    IncidentKind.PUSH_STUCK: Sentence(
        "TikTok still shows the old price or stock.",
        "Mend what TikTok names; Linkbot sends it again with the next change in Shopify.",
    ),
    IncidentKind.LINK_BROKEN: Sentence(
        "The linked Shopify variant was deleted. Orders that contain the SKU are held.",
        "Press Link and choose another variant.",
    ),
}

PUSH_REASONS: Mapping[PushReason, Sentence] = {
    PushReason.EDITED: Sentence("It changed in Shopify and was sent to TikTok."),
    PushReason.LINKED: Sentence("It was sent to TikTok with the link."),
    PushReason.NOTHING_TO_DO: Sentence("TikTok shows it already.", "Nothing to do."),
    PushReason.NOT_LINKED: Sentence("The SKU is not linked, so nothing is sent.", "Link it."),
    PushReason.LINK_BROKEN: Sentence("The linked Shopify variant was deleted.", "Link the SKU to another one."),
    PushReason.SHOP_PAUSED: Sentence("The shop is paused.", "Resume it."),
    PushReason.SHOP_DISCONNECTED: Sentence("The shop is not connected.", "Type `/link connect tiktok`."),
    PushReason.CURRENCY_DIFFERS: Sentence(
        "Shop and store use different currencies, so no price is sent.", "Link it to a store with the shop's currency."
    ),
    PushReason.NO_STOCK_FIGURE: Sentence(
        "Shopify has no stock figure to send.", "Track the quantity there and stop selling past zero."
    ),
    PushReason.NOT_EDITABLE: Sentence(
        "TikTok computes it for this product, so it can't be set.", "Change the parts it consists of."
    ),
    PushReason.LISTING_GONE: Sentence("The SKU was deleted on TikTok.", "Nothing to do."),
}

TROUBLES: Mapping[Trouble, Sentence] = {
    Trouble.UNREACHABLE: Sentence("The other side could not be reached.", "Linkbot keeps trying."),
    Trouble.RATE_LIMITED: Sentence("The other side asked us to slow down.", "Linkbot waits and goes on by itself."),
    Trouble.UNCLEAR: Sentence(
        "The answer was lost, so it may be done already.", "Linkbot looks first and only then repeats it."
    ),
    Trouble.NOT_AUTHORISED: Sentence("The connection is no longer authorised.", "Connect again with `/link connect`."),
    Trouble.INVALID: Sentence("The other side refused it.", "Mend what it names, then try again."),
    Trouble.PROGRAM_ERROR: Sentence("An error in Linkbot itself.", "Report the reference to whoever runs Linkbot."),
}

CONNECT_PROBLEMS: Mapping[ConnectProblem, Sentence] = {
    ConnectProblem.NOT_SET_UP: Sentence("The app is not set up on this Linkbot.", "Set it as the README says:"),
    ConnectProblem.OLD_LINK: Sentence("This link is no longer valid.", "Type /link connect again in Slack."),
    ConnectProblem.NOT_ALLOWED: Sentence("The connection was not allowed.", "Nothing was changed."),
    ConnectProblem.OTHER_WORKSPACE: Sentence(
        "It is connected to another Slack workspace.", "Disconnect it there first."
    ),
    ConnectProblem.BAD_SIGNATURE: Sentence("The answer was not signed as it should be.", "Nothing was changed."),
    ConnectProblem.NO_SHOP: Sentence("TikTok named no shop for this account.", "Nothing was connected."),
    ConnectProblem.REFUSED: Sentence(
        "The other side refused.", "Check the app's keys and that it is installed there, then try again:"
    ),
}

CONNECTIONS: Mapping[ConnectionState, Sentence] = {
    ConnectionState.CONNECTED: Sentence("connected"),
    ConnectionState.LOST: Sentence("connection lost:", "connect again with `/link connect`"),
    ConnectionState.DISCONNECTED: Sentence("disconnected by a person"),
}

MATCH_REASONS: Mapping[MatchReason, str] = {
    MatchReason.SAME_SKU: "same SKU",
    MatchReason.LOOKS_LIKE_SKU: "SKU looks the same",
    MatchReason.NEAR_SKU: "SKU nearly the same",
    MatchReason.SAME_BARCODE: "same barcode",
    MatchReason.SAME_MODEL: "same model number",
    MatchReason.SAME_TITLE: "similar title",
    MatchReason.LEARNED: "people here linked such SKUs before",
}

LISTING_STATES: Mapping[ListingStatus, str] = {
    ListingStatus.ACTIVATE: "",
    ListingStatus.DRAFT: "draft",
    ListingStatus.PENDING: "in review at TikTok",
    ListingStatus.FAILED: "refused by TikTok's review",
    ListingStatus.SELLER_DEACTIVATED: "deactivated",
    ListingStatus.PLATFORM_DEACTIVATED: "deactivated by TikTok",
    ListingStatus.FREEZE: "frozen by TikTok",
    ListingStatus.DELETED: "deleted on TikTok",
    ListingStatus.UNKNOWN: "unknown status",
}

VARIANT_STATES: Mapping[VariantStatus, str] = {
    VariantStatus.ACTIVE: "",
    VariantStatus.DRAFT: "draft",
    VariantStatus.ARCHIVED: "archived",
    VariantStatus.UNLISTED: "unlisted",
    VariantStatus.DELETED: "deleted",
}


def reason(code_: str | None) -> Sentence:
    """The sentence of an order's reason as a ledger entry or mirror holds it; unknown codes are shown as they are."""
    if code_ in set(Reason):
        return REASONS[Reason(str(code_))]
    return Sentence(f"Reason: {esc(code_ or 'none recorded', 80)}.")


def failed(reference: str | None, cause: str = "") -> str:
    """The program failed; `reference` is the correlation id that the log carries. `cause`: Slack's error, if known."""
    told = f" Reference: {code(reference, 40)}" if reference else ""
    if cause == "ratelimited":
        return f"Slack asked Linkbot to slow down, so this answer could not be shown. Try again in a minute.{told}"
    return f"That did not work: an error in Linkbot. Try again in a minute, or report the reference.{told}"


def no_right(reason: str) -> str:
    """Why a person may not write (a code of the rights check), and who may."""
    known = {
        "guest": "Guests can look, but not link, unlink or change anything here.",
        "stranger": "People from another workspace can look, but not link, unlink or change anything here.",
    }
    return (
        f"{known.get(reason, 'You may look, but not change anything here.')} Ask a member of this workspace to do it."
    )


def plural(count: int, one: str, many: str | None = None) -> str:
    """ "1 SKU", "3 SKUs"."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def money(value: Money | None) -> str:
    """ "124.00 USD"; "no price" for None."""
    return "no price" if value is None else f"{value.text()} {esc(value.currency, 8)}"


def sums(values: Sequence[Money]) -> str:
    """ "124.00 USD + 80.00 GBP": currencies are never added."""
    return " + ".join(money(value) for value in values[:4]) + (" + …" if len(values) > 4 else "")


def units(count: int | None, tracked: bool = True) -> str:
    if not tracked:
        return "stock not tracked"
    return "stock unknown" if count is None else f"{count} in stock"


def when(at: datetime) -> str:
    """A moment in the reader's time zone, for mrkdwn."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{clock(at)}>"


def clock(at: datetime) -> str:
    """The same without Slack's help, for plain texts."""
    return at.astimezone(UTC).strftime("%d %b %Y %H:%M UTC")


def age(span: timedelta) -> str:
    """ "40 s", "5 min", "3 h", "2 days"."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 86_400 else plural(seconds // 86_400, "day")


def sku(text: str, limit: int = 64) -> str:
    """A SKU in mrkdwn; "no SKU" instead of nothing (S26)."""
    return code(text.strip(), limit) or NO_SKU


def plain_sku(text: str, limit: int = 40) -> str:
    """The same for options and other plain texts."""
    return one_line(text, limit) or NO_SKU


def listing_name(listing: Listing, title: int = 120, variation: int = 60) -> str:
    """ "*Hoodie* · Red, M" for mrkdwn."""
    return dots(bold(listing.title, title) or "*Untitled product*", esc(listing.variation, variation))


def listing_facts(listing: Listing, shop: str = "") -> str:
    """Seller SKU, price, stock, shop and, unless live, the status."""
    parts = sku(listing.seller_sku), money(listing.price), units(listing.quantity), esc(shop, 60)
    return dots(*parts, _italic(LISTING_STATES[listing.status]))


def variant_name(variant: Variant, store: str = "", title: int = 80) -> str:
    """ "`HOOD-M` · Hoodie · Red / M · Store" for mrkdwn; marked when it is not active."""
    parts = sku(variant.sku), esc(variant.title, title), esc(variant.options, 60), esc(store, 60)
    return dots(*parts, _italic(VARIANT_STATES[variant.status]))


def _italic(text: str) -> str:
    return f"_{text}_" if text else ""


def blocked(orders: Blocked | None, verb: str = "Blocks") -> str:
    """ "Blocks 3 orders, 124.00 USD, oldest ships by …"; "" when nothing waits."""
    if orders is None or not orders.orders:
        return ""
    parts = [f"{verb} {plural(orders.orders, 'order')}"]
    if orders.value:
        parts.append(sums(orders.value))
    if orders.oldest_ship_by is not None:
        parts.append(("ships by " if orders.orders == 1 else "oldest ships by ") + when(orders.oldest_ship_by))
    return ", ".join(parts)


def by(actor: Actor | None) -> str:
    """Who linked it, after "linked": a person is mentioned (in an edited message nobody is pinged)."""
    if actor is None:
        return ""
    return f"by {mention(actor.id)}" if actor.kind is ActorKind.PERSON else "automatically"


def mention(user: str) -> str:
    """`<@U…>` for what looks like a Slack user id, else the escaped text."""
    is_id = user.isascii() and user.isalnum() and user.isupper() and 2 <= len(user) <= 30 and user[0] in "UW"
    return f"<@{user}>" if is_id else esc(user, 40)
