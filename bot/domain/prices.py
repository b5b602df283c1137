"""The price a linked listing should show."""

from bot.domain.catalogue import Variant
from bot.domain.values import Money


def wanted_price(variant: Variant, pack: int, currency: str) -> Money | None:
    """Price of one TikTok unit in the shop's `currency`; None when the store sells in another one.

    The same number is never carried into another currency.
    """
    if variant.price.currency != currency:
        return None
    return (variant.price * pack).rounded()
