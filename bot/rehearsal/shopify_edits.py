"""Editing the world of the rehearsed Shopify, as a merchant or another app would; each edit queues its webhooks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.rehearsal import shopify_create, shopify_shipping
from bot.rehearsal.shopify_auth import Access
from bot.rehearsal.shopify_context import Context
from bot.rehearsal.shopify_hooks import Hooks, Subscription
from bot.rehearsal.shopify_order_parts import OPEN, Fulfillment
from bot.rehearsal.shopify_orders import Order
from bot.rehearsal.shopify_world import Location, Product, Store, Variant, gid, number_of

CASE_RULES = {"phone not valid E.164": "E164", "shippingAddress.lastName blank": "lastName"}


class Edits:
    """The part of FakeShopify that tests, the stage and the panel call."""

    now: Callable[[], datetime]
    stores: dict[str, Store]
    hooks: Hooks
    access: Access
    scopes: list[str]
    context: Callable[..., Context]

    def add_store(
        self,
        domain: str,
        name: str | None = None,
        *,
        currency: str = "USD",
        locations: Sequence[str | Mapping[str, Any]] = ("Main",),
        taxes_included: bool = False,
        in_organisation: bool = True,
        **settings: Any,
    ) -> Store:
        """`locations`: names, or {id, name, is_active, fulfills_online_orders}. `settings`: fields of Store."""
        store = Store(domain, name or domain.split(".")[0], currency, taxes_included, self.now())
        store.in_organisation = store.installed = in_organisation
        store.scopes = list(self.scopes)
        for key, value in settings.items():
            if not hasattr(store, key):
                raise TypeError(f"a store has no {key}")
            setattr(store, key, value)
        for location in locations:
            given = {"name": location} if isinstance(location, str) else dict(location)
            store.add_location(given.pop("name"), self.now(), **given)
        self.stores[domain] = store
        return store

    def token(self, domain: str, token: str | None = None) -> str:
        """A permanent token of an older custom app (`shpat_…`); made up when none is given."""
        return self.access.register(domain, frozenset(self.stores[domain].scopes), token)

    def subscribe(self, domain: str, topic: str, uri: str, **more: Any) -> Subscription:
        """Subscribes as the merchant's app configuration would; `topic` as the enum or as `orders/create`."""
        name = topic.upper().replace("/", "_")
        made = Subscription(gid("WebhookSubscription"), name, uri, self.now(), self.now(), **more)
        self.stores[domain].subscriptions[made.id] = made
        return made

    def add_product(
        self, domain: str, title: str, variants: Sequence[Mapping[str, Any]] = ({},), **more: Any
    ) -> Product:
        """`more`: id, status, product_type, tags, category, vendor; a variant: sku, price, stock, options, barcode,
        tracked, policy, or the names of the API (id, inventoryItem, inventoryLevels, …)."""
        ctx = self.context(domain)
        for api, own in (("productType", "product_type"),):
            if api in more:
                more[own] = more.pop(api)
        product = ctx.store.add_product(title, variants, ctx.now, **more)
        ctx.tell_product(product, "products/create")
        return product

    def add_variant(self, product_gid: str, **spec: Any) -> Variant:
        store, product = self._product(product_gid)
        ctx = self.context(store.domain)
        variant = ctx.store.add_variant(product, spec, ctx.now)
        self._product_changed(ctx, product)
        return variant

    def load(self, given: Mapping[str, Any]) -> None:
        """The `shopify` part of a case file: stores, products, rules, limits."""
        domains = {}
        for store in given.get("stores", []):
            domain = domains[store["id"]] = store["myshopifyDomain"]
            rows = [{"id": place["id"], "name": place["name"]} for place in store.get("locations", [])]
            made = self.add_store(domain, store["id"], currency=store["currencyCode"], locations=rows or ("Main",))
            made.iana_timezone = store.get("ianaTimezone", made.iana_timezone)
            made.taxes_included = bool(store.get("taxesIncluded", False))
            rules = given.get("rules", {}).get("orderCreate", {}).get("reject_if", [])
            made.requires = frozenset(CASE_RULES[rule] for rule in rules if rule in CASE_RULES)
        for product in given.get("products", []):
            domain = domains.get(product.get("store_id"), next(iter(domains.values())))
            more = {key: product[key] for key in ("id", "status", "productType", "tags", "category") if key in product}
            self.add_product(domain, product["title"], product["variants"], **more)

    def store_of(self, gid_text: str) -> Store:
        """The store that holds the thing. Raises KeyError."""
        for store in self.stores.values():
            if store.find(gid_text) is not None:
                return store
        raise KeyError(gid_text)

    def variant(self, variant_gid: str) -> Variant:
        return self.store_of(variant_gid).variants[variant_gid]

    def _product(self, product_gid: str) -> tuple[Store, Product]:
        store = self.store_of(product_gid)
        return store, store.products[product_gid]

    def _product_changed(self, ctx: Context, product: Product) -> None:
        product.updated_at = ctx.now
        ctx.tell_product(product)

    def set_price(self, variant_gid: str, price: str | Decimal) -> None:
        self.set_variant(variant_gid, price=str(price))

    def set_variant(self, variant_gid: str, **fields: Any) -> None:
        """price, sku, barcode, compare_at_price, policy, options, requires_components, tracked: products/update,
        and inventory_items/update where the inventory item has changed."""
        variant = self.variant(variant_gid)
        ctx = self.context(self.store_of(variant_gid).domain)
        item_changed = bool({"sku", "tracked"} & set(fields))
        for name, value in fields.items():
            name = {"policy": "inventory_policy"}.get(name, name)
            if name == "tracked":
                variant.inventory_item.tracked = value
            elif hasattr(variant, name):
                setattr(variant, name, value)
            else:
                raise TypeError(f"a variant has no {name}")
        variant.updated_at = ctx.now
        if item_changed:
            variant.inventory_item.updated_at = ctx.now
            ctx.tell_item(variant)
        self._product_changed(ctx, variant.product)

    def set_available(self, variant_gid: str, available: int, location: str | None = None) -> None:
        """Stock at one location (the first by default): inventory_levels/update, and no products/update."""
        variant = self.variant(variant_gid)
        ctx = self.context(self.store_of(variant_gid).domain)
        where = location or next(iter(variant.inventory_item.levels), None) or next(iter(ctx.store.locations))
        place: Location = ctx.store.locations[where]
        ctx.tell_level(ctx.store.set_level(variant.inventory_item, place, available, ctx.now))

    def set_product(self, product_gid: str, **fields: Any) -> None:
        """title, status, tags, product_type, vendor, category."""
        store, product = self._product(product_gid)
        for name, value in fields.items():
            if not hasattr(product, name):
                raise TypeError(f"a product has no {name}")
            setattr(product, name, value)
        self._product_changed(self.context(store.domain), product)

    def set_status(self, product_gid: str, status: str) -> None:
        """ACTIVE, DRAFT or ARCHIVED."""
        self.set_product(product_gid, status=status)

    def delete_variant(self, variant_gid: str) -> None:
        variant, store = self.variant(variant_gid), self.store_of(variant_gid)
        store.remove_variant(variant)
        ctx = self.context(store.domain)
        number = number_of(variant.inventory_item.id)
        self.hooks.queue(store, "inventory_items/delete", lambda: {"id": number})
        self._product_changed(ctx, variant.product)

    def delete_product(self, product_gid: str) -> None:
        store, product = self._product(product_gid)
        for variant in list(product.variants):
            store.remove_variant(variant)
        del store.products[product_gid]
        self.hooks.queue(store, "products/delete", lambda: {"id": number_of(product_gid)})

    def set_scopes(self, domain: str, scopes: Iterable[str]) -> None:
        """A changed consent; tokens that exist keep the scopes they had."""
        store = self.stores[domain]
        before, store.scopes = list(store.scopes), list(scopes)
        news = {"id": number_of(store.id), "previous": before, "current": store.scopes}
        self.hooks.queue(store, "app/scopes_update", lambda: news)

    def orders(self, domain: str) -> list[Order]:
        """Oldest first."""
        return list(self.stores[domain].orders.values())

    def orders_of(self, source_identifier: str) -> list[Order]:
        """Every order, in any store, that says it comes from this TikTok order; more than one is a duplicate."""
        found = [order for store in self.stores.values() for order in store.orders.values()]
        return [order for order in found if order.source_identifier == source_identifier]

    def foreign_order(
        self,
        domain: str,
        *,
        lines: Sequence[tuple[str, int]] | None = None,
        note: str | None = None,
        tags: Sequence[str] = (),
        name: str | None = None,
        source_identifier: str | None = None,
        attributes: Mapping[str, str] | None = None,
        app: str = "Another Connector",
    ) -> Order:
        """An order made by another app; `lines`: (variant gid, quantity), the first variant of the store by default."""
        ctx = self.context(domain)
        chosen = lines or [(next(iter(ctx.store.variants)), 1)]
        given: dict[str, Any] = {
            "lineItems": [{"variantId": v, "quantity": n, "requiresShipping": True} for v, n in chosen],
            "note": note,
            "tags": list(tags),
            "sourceIdentifier": source_identifier,
            "sourceName": "9990001",
            "customAttributes": [{"key": key, "value": value} for key, value in (attributes or {}).items()],
        }
        if name:
            given["name"] = name
        order, errors = shopify_create.create_order(ctx, given, {"inventoryBehaviour": "DECREMENT_IGNORING_POLICY"})
        if order is None:
            raise ValueError(errors)
        order.app = {"id": gid("App"), "name": app}
        return order

    def fulfil(self, order_gid: str, number: str | None, company: str | None = None, **tracking: Any) -> Fulfillment:
        """The merchant ships everything that is open. Raises ValueError when Shopify would refuse."""
        store = self.store_of(order_gid)
        ctx = self.context(store.domain)
        targets = [one for one in shopify_shipping.routed(store.orders[order_gid], ctx.now) if one.status in OPEN]
        rows = [{"fulfillmentOrderId": one.id} for one in targets if one.location is targets[0].location]
        info = {"number": number, "company": company, **tracking}
        made, errors = shopify_shipping.fulfil(ctx, {"lineItemsByFulfillmentOrder": rows, "trackingInfo": info})
        if made is None:
            raise ValueError(errors)
        return made

    def edit_tracking(self, fulfillment_gid: str, status: str | None = None, **tracking: Any) -> None:
        """Tracking added later, or status="CANCELLED": fulfillments/update."""
        store = self.store_of(fulfillment_gid)
        ctx = self.context(store.domain)
        shopify_shipping.edit_tracking(ctx, store.nodes[fulfillment_gid], tracking, status)
