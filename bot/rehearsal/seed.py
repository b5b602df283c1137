"""The rehearsal's world: a small shop whose catalogue holds one of everything that linking has to cope with."""

import random
from dataclasses import dataclass

from bot.rehearsal.shopify import FakeShopify
from bot.rehearsal.tiktok import FakeTikTok

SHOP, SHOP_NAME = "7495001000000000001", "Harbour Tees US"
STORE, STORE_NAME = "harbour-tees.myshopify.com", "Harbour Tees"

# title, category, tags, variants (options, SKU on both sides, price, stock)
_EQUAL = (
    ("Cotton Tee", "Shirts & Tops", ("summer", "basics"), (
        ("Red, S", "TEE-RED-S", "19.99", 12), ("Red, M", "TEE-RED-M", "19.99", 7), ("Blue, M", "TEE-BLU-M", "19.99", 9),
    )),
    ("Canvas Tote", "Bags", ("basics",), (("", "TOTE-CNV", "14.50", 30),)),
    ("Enamel Mug", "Mugs", ("kitchen", "gift"), (("White", "MUG-WHT", "12.00", 18), ("Green", "MUG-GRN", "12.00", 4))),
    ("Fisherman Beanie", "Hats", ("winter",), (("", "BEANIE-NVY", "24.00", 16),)),
    ("Linen Apron", "Aprons", ("kitchen",), (("Navy, M", "APR-NVY-M", "32.00", 6),)),
    ("<!channel> & <b>", "Stickers", ("gift",), (("", "STICKER-01", "3.50", 200),)),
)  # fmt: skip


@dataclass(frozen=True)
class Expected:
    """What the catalogue's own arithmetic says: the story holds the bot against it."""

    listings: int
    equal: int  # exactly one owner on both sides: linked by the rule
    ambiguous: int
    different: int  # no variant has this SKU


def seed_world(tiktok: FakeTikTok, shopify: FakeShopify, seed: int = 0) -> Expected:
    """Fill both worlds. `seed` varies stock only, never what links to what."""
    dice = random.Random(seed)
    tiktok.add_shop(SHOP, SHOP_NAME, region="US", currency="USD")
    shopify.add_store(STORE, STORE_NAME, currency="USD", locations=("Main",))
    equal = 0
    for title, category, tags, variants in _EQUAL:
        skus, rows = [], []
        for options, sku, price, stock in variants:
            units = stock + dice.randrange(3)
            skus.append(_sku(options, sku, price, units))
            rows.append(_variant(options, sku, price, units))
            equal += 1
        tiktok.add_product(SHOP, title, skus)
        shopify.add_product(STORE, title, rows, product_type=category, tags=list(tags))
    ambiguous = _ambiguous(tiktok, shopify)
    different = _different(tiktok, shopify)
    return Expected(equal + ambiguous + different, equal, ambiguous, different)


def _sku(options: str, sku: str, price: str, stock: int) -> dict[str, object]:
    attributes = [
        {"id": str(100 + n), "name": name, "value_id": str(200 + n), "value_name": value}
        for n, (name, value) in enumerate(zip(("Color", "Size"), options.split(", "), strict=False))
        if value
    ]
    return {"seller_sku": sku, "price": price, "stock": stock, "sales_attributes": attributes}


def _variant(options: str, sku: str, price: str, stock: int) -> dict[str, object]:
    names = ("Color", "Size")
    chosen = {name: value for name, value in zip(names, options.split(", "), strict=False) if value}
    return {"sku": sku, "price": price, "stock": stock, "options": chosen}


def _ambiguous(tiktok: FakeTikTok, shopify: FakeShopify) -> int:
    """One SKU on two Shopify products: nobody but a person can tell which is meant."""
    tiktok.add_product(SHOP, "Harbour Hoodie", [_sku("Black, M", "HOOD-M", "49.00", 11)])
    shopify.add_product(STORE, "Harbour Hoodie", [_variant("Black, M", "HOOD-M", "49.00", 11)], product_type="Hoodies")
    shopify.add_product(STORE, "Harbour Hoodie (old)", [_variant("Black, M", "HOOD-M", "39.00", 2)], tags=["old"])
    return 1


def _different(tiktok: FakeTikTok, shopify: FakeShopify) -> int:
    """SKUs that look alike to a person, a pack, and one that exists on TikTok only."""
    tiktok.add_product(SHOP, "Wool Socks", [_sku("Grey", "sock-gry", "9.00", 40)])
    shopify.add_product(STORE, "Wool Socks", [_variant("Grey", "SOCK-GRY", "9.00", 40)], product_type="Socks")
    tiktok.add_product(SHOP, "Wool Socks, pack of 6", [_sku("", "SOCK-GRY-6", "50.00", 6)])
    tiktok.add_product(SHOP, "Live show tee (copy)", [_sku("", "LIVE-0042", "15.00", 5)])
    shopify.add_product(STORE, "Gift card sleeve", [_variant("", "", "1.00", 50)], tags=["gift"])
    return 3
