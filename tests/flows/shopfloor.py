"""A small shop for order and push tests: three equal SKUs, linked, nothing else. Prices in USD."""

from bot.rehearsal.seed import SHOP, SHOP_NAME, STORE, STORE_NAME
from tests.flows.world import World

SKUS = ("TEE-S", "TEE-M", "TEE-L")


class Floor:
    """The linked shop: TikTok SKU ids and Shopify variants by SKU, and what happens on it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sku_ids = {sku["seller_sku"]: sku["id"] for p in world.tiktok.world.products.values() for sku in p["skus"]}
        self.variants = {v.sku: v for store in world.shopify.stores.values() for v in store.variants.values()}

    def buy(self, *lines: tuple[str, int], **fields: object) -> str:
        """A buyer orders (SKU, units); the order id."""
        return self.world.tiktok.place_order(SHOP, [(self.sku_ids[sku], units) for sku, units in lines], **fields)

    def offered(self, sku: str) -> int:
        return self.world.tiktok.stock(self.sku_ids[sku])

    def price(self, sku: str) -> str:
        return self.world.tiktok.world.sku(self.sku_ids[sku])["price"]["tax_exclusive_price"]

    def in_stock(self, sku: str) -> int:
        return self.variants[sku].inventory_quantity

    def total(self, order_id: str) -> str:
        return self.world.tiktok.order(order_id)["payment"]["total_amount"]


def build(world: World, *, skus: tuple[str, ...] = SKUS, stock: int = 20, currency: str = "USD") -> None:
    """One TikTok product with these SKUs, and the same in Shopify (`currency` is the store's)."""
    world.tiktok.add_shop(SHOP, SHOP_NAME, region="US", currency="USD")
    world.shopify.add_store(STORE, STORE_NAME, currency=currency, locations=("Main",))
    world.tiktok.add_product(SHOP, "Tee", [{"seller_sku": sku, "price": "19.99", "stock": stock} for sku in skus])
    rows = [{"sku": sku, "price": "19.99", "stock": stock, "options": {"Size": sku}} for sku in skus]
    world.shopify.add_product(STORE, "Tee", rows)


async def open_shop(world: World, *, linked: bool = True, **built: object) -> Floor:
    build(world, **built)
    await world.connect()
    await world.answer("Link automatically" if linked else "Link by hand")
    return Floor(world)
