"""`/link health`: the score with its parts, and the weekly trend as a picture and in words."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from bot.domain.board import ProductFilter
from bot.domain.health import Aspect, CatalogueHealth, Part, Point, Score
from bot.views import chart, texts
from bot.views.blocks import Json, Message, actions, button, context, dots, first, lines, more, plain_text, section
from bot.views.ids import Action, Target, pack
from bot.views.uploads import PROBLEMS, Uploaded, UploadProblem

TITLE = "Linked TikTok SKUs in percent, week by week"
CURRENCIES = 12


def health(
    counted: CatalogueHealth, score: Score | None, trend: Sequence[Point], picture: Uploaded | UploadProblem
) -> Message:
    """`picture`: the uploaded chart, or why there is none."""
    if score is None:
        said = "No TikTok SKU is known yet. Type `/link connect tiktok` to connect a shop."
        return Message(said, [section(said)])
    head = f"*Catalogue health: {score.points} of 100*"
    told = [_part(counted, part) for part in score.parts]
    words = f"*Linked, week by week:* {trend_text(trend)}"
    blocks = [section(lines(head, _skus(counted))), section(lines(*told)), section(words)]
    missing = ""
    if isinstance(picture, UploadProblem):
        missing = f"There is no picture because {PROBLEMS[picture]}"
        blocks.append(context(missing))
    else:
        blocks.append(_image(picture.id, trend))
    if counted.unlinked:
        blocks.append(actions(_link_products()))
    return Message(lines(head, _skus(counted), *told, words, missing), blocks)


def picture(trend: Sequence[Point]) -> bytes:
    """The trend as PNG."""
    return chart.png([(_day(point, place == len(trend) - 1), point.percent) for place, point in enumerate(trend)])


def alt_text(trend: Sequence[Point]) -> str:
    """The picture in words (U35)."""
    told = ", ".join(_told(point, place == len(trend) - 1) for place, point in enumerate(trend))
    return f"Bar chart of the linked share of all TikTok SKUs at the end of each week: {told}."


def trend_text(trend: Sequence[Point]) -> str:
    """ "12 Nov 61 % → 19 Nov 64 % → today 70 %"."""
    told = " → ".join(_told(point, place == len(trend) - 1) for place, point in enumerate(trend))
    return told + (". Earlier weeks were not counted." if len(trend) == 1 else "")


def _told(point: Point, is_today: bool) -> str:
    return f"{_day(point, is_today)} {point.percent} %"


def _day(point: Point, is_today: bool) -> str:
    return "today" if is_today else f"{point.at.day} {point.at:%b}"


def _skus(counted: CatalogueHealth) -> str:
    broken = texts.plural(counted.broken, "broken link") if counted.broken else ""
    return dots(
        texts.plural(counted.listings, "TikTok SKU"), f"{counted.linked} linked", f"{counted.unlinked} unlinked", broken
    )


def _part(counted: CatalogueHealth, part: Part) -> str:
    return f"• {part.points} of {part.of} points: {SENTENCES[part.aspect](counted)}"


def _linked(counted: CatalogueHealth) -> str:
    percent = 100 * counted.linked // counted.listings if counted.listings else 0
    return f"{percent} % are linked, {counted.unlinked} {_are(counted.unlinked)} not."


def _clear(counted: CatalogueHealth) -> str:
    if not counted.ambiguous:
        return "No unlinked SKU is ambiguous."
    return f"{counted.ambiguous} unlinked {_are(counted.ambiguous)} ambiguous: several products share the SKU."


def _sound(counted: CatalogueHealth) -> str:
    if not counted.linked + counted.broken:
        return "Nothing is linked yet, so no link can be judged."
    if not counted.broken:
        return "No link is broken."
    return f"{texts.plural(counted.broken, 'link is', 'links are')} broken: the Shopify variant was deleted."


def _sold(counted: CatalogueHealth) -> str:
    since = f" since {texts.when(counted.since)}" if counted.since else ""
    if not counted.linked:
        return "Nothing is linked yet, so nothing could be sold."
    if not counted.never_sold:
        return f"Every linked SKU was sold{since}."
    of = "linked SKU was" if counted.never_sold == 1 else "linked SKUs were"
    return f"{counted.never_sold} {of} never sold{since}."


def _flowing(counted: CatalogueHealth) -> str:
    blocked = counted.blocked
    if not blocked.orders:
        return "No order waits for a link."
    shown, left = first(blocked.value, CURRENCIES)
    worth = " + ".join([*(texts.money(value) for value in shown), *([more(left)] if left else [])])
    waits = texts.plural(blocked.orders, "order waits", "orders wait")
    return f"{waits} for a link, worth {worth}; each takes a point."


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


SENTENCES: Mapping[Aspect, Callable[[CatalogueHealth], str]] = {
    Aspect.LINKED: _linked,
    Aspect.CLEAR: _clear,
    Aspect.SOUND: _sound,
    Aspect.SOLD: _sold,
    Aspect.FLOWING: _flowing,
}


def _image(file_id: str, trend: Sequence[Point]) -> Json:
    return {
        "type": "image",
        "slack_file": {"id": file_id},
        "alt_text": alt_text(trend),
        "title": plain_text(TITLE, 150),
    }


def _link_products() -> Json:
    return button("Link products", Action.LINK_PRODUCTS, pack(Target.TABLE, filter=ProductFilter.UNLINKED))


def file_name(now: datetime) -> str:
    return f"catalogue-health-{now:%Y-%m-%d}.png"
