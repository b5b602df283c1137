"""A suggestion beside its SKU: the line, **Accept**, **Other…** and **Ignore**, and what people say about it."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.domain.matching import MatchDoubt, Suggestion, Tier
from bot.domain.suggesting import Hint, Ignored, IgnoreFor
from bot.domain.values import ListingId
from bot.views import texts
from bot.views.blocks import Json, actions, button, code, dots, esc, plain_text
from bot.views.ids import VALUE_LIMIT, Action, Target, pack

TIERS: Mapping[Tier, str] = {
    Tier.HIGH: "high confidence",
    Tier.MEDIUM: "medium confidence",
    Tier.LOW: "low confidence: look twice",
}
DOUBTS: Mapping[MatchDoubt, str] = {
    MatchDoubt.OPTION_DIFFERS: "but the option differs",
    MatchDoubt.PACK_DIFFERS: "but the pack size differs",
    MatchDoubt.MODEL_DIFFERS: "but the model differs",
    MatchDoubt.BARCODE_DIFFERS: "but the barcode differs",
    MatchDoubt.PRICE_FAR: "but the prices are far apart",
    MatchDoubt.SHARED_SKU: "but several share this SKU",
}
LEARNED = "people here linked such SKUs before"
UNLEARNED = "people here refused such a suggestion before"
NOWHERE: Mapping[str, object] = MappingProxyType({})
_NONE = Hint()


def line(one: Suggestion) -> str:
    """ "→ `SKU` Hoodie · Red / M · same SKU · high confidence · but the prices are far apart"."""
    variant = one.variant
    named = f"→ {texts.sku(variant.sku, 48)} {esc(variant.title, 70)}".rstrip()
    learned = LEARNED if one.learned > 0 else UNLEARNED if one.learned < 0 else ""
    affix = one.affix[1:].replace("…", "")
    without = f"SKU equal without {code(affix, 24)}" if affix else ""
    reason = without or texts.MATCH_REASONS[one.reason]
    doubts = [DOUBTS[doubt] for doubt in one.doubts]
    return dots(named, esc(variant.options, 40), reason, learned, TIERS[one.tier], *doubts)


def ignored_line(one: Ignored) -> str:
    return f"_Ignored {how_long(one.how, texts.when(one.ends) if one.ends else '')} by {texts.mention(one.by)}_"


def how_long(how: IgnoreFor, ends: str) -> str:
    """ "until 26 Nov", "until it changes", "for good"; `ends` is ready to be shown."""
    if how is IgnoreFor.GOOD:
        return "for good"
    return "until it changes" if how is IgnoreFor.CHANGE or not ends else f"until {ends}"


def said(hint: Hint | None) -> str:
    """The line below a SKU; "" when there is nothing to say."""
    hint = hint or _NONE
    if hint.ignored is not None:
        return ignored_line(hint.ignored)
    return line(hint.best) if hint.best is not None else ""


def alert_buttons(listing_id: ListingId, hint: Hint, named: str) -> Json:
    """**Accept**, **Other…**, **Ignore**; **Link** and **Ignore** where nothing is suggested (N1)."""
    link = "Link" if hint.best is None else "Other…"
    chooser = button(link, Action.LINK, pack(Target.LISTING, listing=listing_id), about=f"{link} {named}")
    return actions(_accept(listing_id, hint, named, NOWHERE), chooser, _ignore(listing_id, named, NOWHERE))


def row_buttons(listing_id: ListingId, hint: Hint | None, named: str, place: Mapping[str, object]) -> Json | None:
    """What stands below a row of a table, whose **Link** is in the row itself (S17)."""
    if hint is None:
        return None
    if hint.ignored is not None:
        value = pack(Target.LISTING, VALUE_LIMIT, listing=listing_id, **place)
        return actions(button("Stop ignoring", Action.UNIGNORE, value, about=f"Stop ignoring {named}"))
    return actions(_accept(listing_id, hint, named, place), _ignore(listing_id, named, place))


def feedback(listing_id: ListingId, one: Suggestion) -> Json:
    """Thumbs up and down on a suggestion (U37); messages only."""

    def thumb(text: str, good: str) -> Json:
        value = pack(Target.SUGGESTION, listing=listing_id, variant=one.variant.id, good=good)
        return {"text": plain_text(text, 75), "value": value}

    element = {
        "type": "feedback_buttons",
        "action_id": str(Action.RATE),
        "positive_button": thumb("Right suggestion", "yes"),
        "negative_button": thumb("Wrong suggestion", "no"),
    }
    return {"type": "context_actions", "elements": [element]}


def accept_all_button() -> Json:
    return button("Accept all high…", Action.ACCEPT_ALL, pack(Target.ACCEPT), about="Accept all high suggestions")


def _accept(listing_id: ListingId, hint: Hint, named: str, place: Mapping[str, object]) -> Json | None:
    if hint.best is None or hint.is_ambiguous:
        return None
    value = pack(Target.SUGGESTION, VALUE_LIMIT, listing=listing_id, variant=hint.best.variant.id, **place)
    style = "primary" if hint.best.tier is Tier.HIGH else None
    return button("Accept", Action.ACCEPT, value, style, about=f"Accept {named}")


def _ignore(listing_id: ListingId, named: str, place: Mapping[str, object]) -> Json:
    return button(
        "Ignore", Action.IGNORE, pack(Target.LISTING, VALUE_LIMIT, listing=listing_id, **place), about=f"Ignore {named}"
    )
