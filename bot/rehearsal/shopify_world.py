"""What a rehearsed Shopify holds in memory: stores, locations, products, variants, stock. Attribute names are the
schema's field names in snake case, so that the default resolver finds them."""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

SCOPES = (
    "read_products",
    "read_inventory",
    "read_locations",
    "read_orders",
    "write_orders",
    "read_merchant_managed_fulfillment_orders",
    "write_merchant_managed_fulfillment_orders",
    "read_fulfillments",
    "write_inventory",
    "write_products",
)
DECIMALS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "KWD": 3, "BHD": 3, "OMR": 3, "JOD": 3, "TND": 3}
QUANTITY_NAMES = ("available", "committed", "damaged", "incoming", "on_hand", "quality_control", "reserved")
QUANTITY_NAMES += ("safety_stock",)
_numbers = itertools.count(8_100_000_000_001)


def new_number() -> int:
    return next(_numbers)


def gid(kind: str, number: int | str | None = None) -> str:
    return f"gid://shopify/{kind}/{number if number is not None else new_number()}"


def number_of(gid_text: str) -> int:
    """The number at the end of a gid, as webhooks and legacyResourceId show it (0 when it has none)."""
    found = re.search(r"/(\d+)(?:\?.*)?$", gid_text)
    return int(found.group(1)) if found else 0


def decimals(currency: str) -> int:
    return DECIMALS.get(currency, 2)


def rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-decimals(currency)), ROUND_HALF_UP)


def plain(amount: Decimal) -> str:
    """An amount as the Decimal scalar shows it: no exponent, no spare zeros, at least one decimal ("24.0")."""
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0")
    else:
        text += "."
    return text + "0" if text.endswith(".") else text


def iso(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


class Entity:
    """Something with a gid."""

    id: str

    @property
    def legacy_resource_id(self) -> str:
        return str(number_of(self.id))


@dataclass(eq=False, repr=False)
class Location(Entity):
    id: str
    name: str
    created_at: datetime
    is_active: bool = True
    fulfills_online_orders: bool = True
    ships_inventory: bool = True
    is_primary: bool = False

    @property
    def updated_at(self) -> datetime:
        return self.created_at


@dataclass(eq=False, repr=False)
class Quantity:
    id: str
    name: str
    quantity: int
    updated_at: datetime


@dataclass(eq=False, repr=False)
class Level(Entity):
    """Stock of one item at one location. `available` may be negative; on_hand = available + committed."""

    id: str
    item: "Item"
    location: Location
    available: int
    created_at: datetime
    updated_at: datetime
    committed: int = 0
    is_active: bool = True

    def quantities(self, names: Iterable[str]) -> list[Quantity]:
        known = {"available": self.available, "committed": self.committed}
        known["on_hand"] = self.available + self.committed
        return [Quantity(f"{self.id}&name={name}", name, known.get(name, 0), self.updated_at) for name in names]


@dataclass(eq=False, repr=False)
class Item(Entity):
    """Inventory item; one per variant here."""

    id: str
    created_at: datetime
    updated_at: datetime
    tracked: bool = True
    requires_shipping: bool = True
    levels: dict[str, Level] = field(default_factory=dict)
    variants: list["Variant"] = field(default_factory=list)

    @property
    def variant(self) -> "Variant":
        return self.variants[0]

    @property
    def sku(self) -> str | None:
        return self.variant.sku


@dataclass(eq=False, repr=False)
class Variant(Entity):
    id: str
    product: "Product"
    sku: str | None
    price: str
    inventory_item: Item
    created_at: datetime
    updated_at: datetime
    compare_at_price: str | None = None
    barcode: str | None = None
    inventory_policy: str = "DENY"
    options: dict[str, str] = field(default_factory=dict)
    requires_components: bool = False
    taxable: bool = True
    contextual_prices: dict[str, tuple[str, str]] = field(default_factory=dict)  # country → (price, currency)

    @property
    def title(self) -> str:
        return " / ".join(self.options.values()) or "Default Title"

    @property
    def display_name(self) -> str:
        return f"{self.product.title} - {self.title}"

    @property
    def position(self) -> int:
        return self.product.variants.index(self) + 1

    @property
    def selected_options(self) -> list[dict[str, str]]:
        pairs = self.options or {"Title": "Default Title"}
        return [{"name": name, "value": value} for name, value in pairs.items()]

    def _sum(self, online: bool) -> int:
        levels = self.inventory_item.levels.values()
        active = [level for level in levels if level.is_active and level.location.is_active]
        return sum(one.available for one in active if one.location.fulfills_online_orders or not online)

    @property
    def inventory_quantity(self) -> int:
        return self._sum(online=False)

    @property
    def sellable_online_quantity(self) -> int:
        return self._sum(online=True)

    @property
    def available_for_sale(self) -> bool:
        free = not self.inventory_item.tracked or self.inventory_policy == "CONTINUE"
        return self.product.status == "ACTIVE" and (free or self.inventory_quantity > 0)


@dataclass(eq=False, repr=False)
class Product(Entity):
    id: str
    title: str
    created_at: datetime
    updated_at: datetime
    status: str = "ACTIVE"
    product_type: str = ""
    vendor: str = "Rehearsal"
    tags: list[str] = field(default_factory=list)
    category: dict[str, Any] | None = None
    variants: list[Variant] = field(default_factory=list)
    online_store_url: None = None

    @property
    def handle(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")

    @property
    def total_inventory(self) -> int:
        return sum(variant.inventory_quantity for variant in self.variants)

    @property
    def tracks_inventory(self) -> bool:
        return any(variant.inventory_item.tracked for variant in self.variants)

    @property
    def has_only_default_variant(self) -> bool:
        return len(self.variants) == 1 and not self.variants[0].options

    @property
    def variants_count(self) -> dict[str, Any]:
        return {"count": len(self.variants), "precision": "EXACT"}


@dataclass(eq=False, repr=False)
class Bucket:
    """Cost points of the app at one store (facts: rate and size differ by plan)."""

    maximum: float = 2000.0
    restore: float = 100.0
    level: float = 2000.0
    at: datetime | None = None

    def refill(self, now: datetime) -> float:
        if self.at is not None and now > self.at:
            self.level = min(self.maximum, self.level + (now - self.at).total_seconds() * self.restore)
        self.at = now
        return self.level


@dataclass(eq=False, repr=False)
class Store(Entity):
    """One shop. The settings in the second block are what a test or the demo may turn."""

    domain: str
    name: str
    currency_code: str
    taxes_included: bool
    created_at: datetime
    id: str = field(default_factory=lambda: gid("Shop"))
    iana_timezone: str = "America/New_York"

    in_organisation: bool = True
    installed: bool = True
    scopes: list[str] = field(default_factory=lambda: list(SCOPES))
    http_status: int | None = None  # 402 frozen, 403, 423 locked: every call is answered so
    search_lag: float = 0.0  # seconds until an order search by a query string sees a new or changed order
    free_text: frozenset[str] = frozenset({"name", "email", "tags", "note", "source_identifier", "attributes", "lines"})
    routing_delay: float = 0.0  # seconds until fulfilment orders appear
    cancel_delay: float = 0.0  # seconds until an orderCancel job is done
    orders_per_minute: int | None = None  # 5 on development stores
    requires: frozenset[str] = frozenset()  # stricter address rules: lastName, zip, …; E164: phones only so
    duplicate_custom_id: str = "create"  # or "refuse": what a second order with one id-type metafield value gets
    protected_data: bool = True  # False: level 2 customer data is denied
    bulk_polls: int = 2  # looks at a bulk operation until it is COMPLETED
    bulk_parent: str = "variant"  # or "item": the parent named in lines below a nested object
    bulk_failure: str | None = None  # error code with which the next bulk operation fails
    bucket: Bucket = field(default_factory=Bucket)

    locations: dict[str, Location] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    variants: dict[str, Variant] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    orders: dict[str, Any] = field(default_factory=dict)
    nodes: dict[str, Any] = field(default_factory=dict)  # everything else that has a gid
    order_words: dict[str, dict[str, Any]] = field(default_factory=dict)  # word → orders that have ever shown it
    subscriptions: dict[str, Any] = field(default_factory=dict)
    definitions: dict[tuple[str, str], Any] = field(default_factory=dict)
    custom_ids: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    bulk_operations: dict[str, Any] = field(default_factory=dict)
    idempotency: dict[str, Any] = field(default_factory=dict)
    due: list[tuple[datetime, Any]] = field(default_factory=list)  # asynchronous work: (when, what)
    next_order: int = 1001

    @property
    def myshopify_domain(self) -> str:
        return self.domain

    @property
    def url(self) -> str:
        return f"https://{self.domain}"

    @property
    def enabled_presentment_currencies(self) -> list[str]:
        return [self.currency_code]

    @property
    def plan(self) -> dict[str, Any]:
        development = self.orders_per_minute is not None
        name = "Development" if development else "Basic"
        return {
            "display_name": name,
            "public_display_name": name,
            "partner_development": development,
            "shopify_plus": False,
        }

    def settle(self, now: datetime) -> None:
        """Does the asynchronous work that is due."""
        if self.due:
            ready = [work for at, work in self.due if at <= now]
            self.due = [entry for entry in self.due if entry[0] > now]
            for work in ready:
                work()

    def add_location(self, name: str, now: datetime, id: str | None = None, **more: Any) -> Location:
        location = Location(id or gid("Location"), name, now, is_primary=not self.locations, **more)
        self.locations[location.id] = location
        return location

    def add_product(self, title: str, variants: Sequence[Mapping[str, Any]], now: datetime, **more: Any) -> Product:
        """`more`: id, status, product_type, tags, category, vendor. A variant has the keys of `add_variant`."""
        category = more.pop("category", None)
        product = Product(more.pop("id", None) or gid("Product"), title, now, now, category=_category(category), **more)
        for variant in variants:
            self.add_variant(product, variant, now)
        self.products[product.id] = product
        return product

    def add_variant(self, product: Product, spec: Mapping[str, Any], now: datetime) -> Variant:
        """`spec`: sku, price, stock (number or {location: number}), options, barcode, tracked, policy; or API names."""
        given: Mapping[str, Any] = spec.get("inventoryItem") or {}
        variant_id = str(spec.get("id") or gid("ProductVariant"))
        item = Item(str(given.get("id") or gid("InventoryItem")), now, now)
        item.tracked = bool(spec.get("tracked", given.get("tracked", True)))
        item.requires_shipping = bool(given.get("requiresShipping", True))
        options = spec.get("options") or {o["name"]: o["value"] for o in spec.get("selectedOptions", [])}
        variant = Variant(variant_id, product, spec.get("sku"), str(spec.get("price", "0.00")), item, now, now)
        variant.options = dict(options)
        variant.barcode = spec.get("barcode")
        variant.compare_at_price = spec.get("compareAtPrice", spec.get("compare_at_price"))
        variant.inventory_policy = spec.get("inventoryPolicy", spec.get("policy", "DENY"))
        variant.requires_components = bool(spec.get("requiresComponents", False))
        item.variants.append(variant)
        product.variants.append(variant)
        self.variants[variant.id] = variant
        self.items[item.id] = item
        for location, count in self._stock(spec).items():
            self.set_level(item, self.locations[location], count, now)
        return variant

    def _stock(self, spec: Mapping[str, Any]) -> dict[str, int]:
        if "inventoryLevels" in spec:
            return {level["location_id"]: int(level["available"]) for level in spec["inventoryLevels"]}
        stock = spec.get("stock", 0)
        if isinstance(stock, Mapping):
            return {str(location): int(count) for location, count in stock.items()}
        return {next(iter(self.locations)): int(stock)}

    def set_level(self, item: Item, location: Location, available: int, now: datetime) -> Level:
        level = item.levels.get(location.id)
        if level is None:
            name = f"gid://shopify/InventoryLevel/{new_number()}?inventory_item_id={number_of(item.id)}"
            level = item.levels[location.id] = Level(name, item, location, available, now, now)
            self.nodes[name] = level
        level.available, level.updated_at = available, now
        return level

    def find(self, id: str) -> Any:
        """Whatever has this gid, or None."""
        for shelf in (self.variants, self.products, self.orders, self.items, self.locations, self.bulk_operations):
            if id in shelf:
                return shelf[id]
        return self.subscriptions.get(id) or self.nodes.get(id) or (self if id == self.id else None)

    def remove_variant(self, variant: Variant) -> None:
        variant.product.variants.remove(variant)
        del self.variants[variant.id]
        self.items.pop(variant.inventory_item.id, None)
        for level in variant.inventory_item.levels.values():
            self.nodes.pop(level.id, None)


def _category(given: Any) -> dict[str, Any] | None:
    if given is None or isinstance(given, dict):
        return given
    name = str(given)
    return {
        "id": gid("TaxonomyCategory", re.sub(r"[^a-z0-9]+", "-", name.lower())),
        "name": name.rsplit(" > ", 1)[-1],
        "full_name": name,
        "level": name.count(" > ") + 1,
        "is_leaf": True,
    }
