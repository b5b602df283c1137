"""Query resolvers of the rehearsed Shopify: what may be read, searched and paged, and with which scope."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from graphql import GraphQLError

from bot.rehearsal import shopify_bulk, shopify_shipping
from bot.rehearsal.shopify_context import APP_ID, APP_NAME, Context, namespace_of
from bot.rehearsal.shopify_order_parts import FulfillmentOrder, Level, Line, Metafield
from bot.rehearsal.shopify_orders import Order
from bot.rehearsal.shopify_search import connection, search, words
from bot.rehearsal.shopify_world import QUANTITY_NAMES, Item, Product, Variant, number_of

VISIBLE = timedelta(days=60)  # read_orders shows no older orders; read_all_orders does
_PLAIN_QUERY = re.compile(r"\s*(?:(?:source_identifier|tag|name):)?(?:'[^'\\]*'|\"[^\"\\]*\"|[\w#.-]+)\s*")


def need(ctx: Context, scope: str, field: str) -> None:
    """Raises ACCESS_DENIED unless the token has the scope."""
    if scope not in ctx.scopes:
        raise GraphQLError(
            f"Access denied for {field} field. Required access: `{scope}` access scope.",
            extensions={"code": "ACCESS_DENIED", "requiredAccess": f"`{scope}` access scope."},
        )


def checked_id(id: str) -> str:
    if not re.match(r"gid://shopify/\w+/.", id):
        raise GraphQLError(f"Invalid global id '{id}'", extensions={"code": "argumentLiteralsIncompatible"})
    return id


class Searchable(Mapping[str, Any]):
    """The searchable fields of something, computed only when a query asks for them."""

    def __init__(self, source: Any, fields: Mapping[str, Callable[[Any], Any]]) -> None:
        self.source, self.fields = source, fields

    def __contains__(self, name: object) -> bool:
        return name in self.fields

    def __getitem__(self, name: str) -> Any:
        return self.fields[name](self.source)

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)


def _option(place: int) -> Callable[[Variant], str]:
    return lambda variant: ([*list(variant.options.values()), "", "", ""])[place]


VARIANT_FIELDS: dict[str, Callable[[Variant], Any]] = {
    "": lambda v: [v.title, v.product.title, v.sku or "", v.barcode or ""],
    "id": lambda v: int(v.legacy_resource_id),
    "sku": lambda v: v.sku or "",
    "barcode": lambda v: v.barcode or "",
    "title": lambda v: v.title,
    "tag": lambda v: v.product.tags,
    "product_type": lambda v: v.product.product_type,
    "vendor": lambda v: v.product.vendor,
    "product_id": lambda v: v.product.legacy_resource_id,
    "product_ids": lambda v: v.product.legacy_resource_id,
    "product_status": lambda v: v.product.status,
    "location_id": lambda v: [str(number_of(id)) for id in v.inventory_item.levels],
    "inventory_quantity": lambda v: v.inventory_quantity,
    "updated_at": lambda v: v.updated_at,
    "managed": lambda v: v.inventory_item.tracked,
    "requires_components": lambda v: v.requires_components,
    "taxable": lambda v: v.taxable,
    "option1": _option(0),
    "option2": _option(1),
    "option3": _option(2),
}
PRODUCT_FIELDS: dict[str, Callable[[Product], Any]] = {
    "": lambda p: [p.title, p.product_type, p.vendor, *p.tags, *(v.sku or "" for v in p.variants)],
    "id": lambda p: int(p.legacy_resource_id),
    "title": lambda p: p.title,
    "tag": lambda p: p.tags,
    "product_type": lambda p: p.product_type,
    "vendor": lambda p: p.vendor,
    "status": lambda p: p.status,
    "sku": lambda p: [v.sku or "" for v in p.variants],
    "barcode": lambda p: [v.barcode or "" for v in p.variants],
    "variant_id": lambda p: [v.legacy_resource_id for v in p.variants],
    "category_id": lambda p: p.category["id"] if p.category else "",
    "price": lambda p: [Decimal(v.price) for v in p.variants],
    "inventory_total": lambda p: p.total_inventory,
    "created_at": lambda p: p.created_at,
    "updated_at": lambda p: p.updated_at,
}
PRODUCT_KEYS: dict[str, Callable[[Product], Any]] = {
    "ID": lambda p: int(p.legacy_resource_id),
    "CREATED_AT": lambda p: (p.created_at, p.id),
    "UPDATED_AT": lambda p: (p.updated_at, p.id),
    "TITLE": lambda p: p.title.casefold(),
    "PRODUCT_TYPE": lambda p: p.product_type.casefold(),
    "VENDOR": lambda p: p.vendor.casefold(),
    "INVENTORY_TOTAL": lambda p: p.total_inventory,
}
VARIANT_KEYS: dict[str, Callable[[Variant], Any]] = {
    "ID": lambda v: int(v.legacy_resource_id),
    "SKU": lambda v: (v.sku or "", v.id),
    "TITLE": lambda v: v.title.casefold(),
    "NAME": lambda v: v.display_name.casefold(),
    "FULL_TITLE": lambda v: v.display_name.casefold(),
    "INVENTORY_QUANTITY": lambda v: v.inventory_quantity,
    "POSITION": lambda v: v.position,
}
ORDER_KEYS: dict[str, Callable[[Order], Any]] = {
    "PROCESSED_AT": lambda o: o.processed_at,
    "CREATED_AT": lambda o: o.created_at,
    "UPDATED_AT": lambda o: o.updated_at,
    "ID": lambda o: int(o.legacy_resource_id),
    "ORDER_NUMBER": lambda o: o.number,
    "TOTAL_PRICE": lambda o: o.total.shop,
}


def find_products(ctx: Context, query: str | None, sort: str | None = None) -> list[Product]:
    hits = search(query, list(ctx.store.products.values()), lambda p: Searchable(p, PRODUCT_FIELDS))
    return sorted(hits, key=PRODUCT_KEYS.get(sort or "ID", PRODUCT_KEYS["ID"]))


def find_variants(ctx: Context, query: str | None, sort: str | None = None) -> list[Variant]:
    hits = search(query, list(ctx.store.variants.values()), lambda v: Searchable(v, VARIANT_FIELDS))
    return sorted(hits, key=VARIANT_KEYS.get(sort or "ID", VARIANT_KEYS["ID"]))


def visible(ctx: Context, order: Order | None) -> Order | None:
    if order is None or "read_all_orders" in ctx.scopes or order.created_at >= ctx.now - VISIBLE:
        return order
    return None


def find_orders(ctx: Context, query: str | None, sort: str | None) -> list[Order]:
    """With a query string the index is asked, which lags; without one the newest orders are there at once."""
    known: Sequence[Order] = list(ctx.store.orders.values())
    if query and _PLAIN_QUERY.fullmatch(query):  # one plain term: only orders that ever showed its rarest word
        asked = words(query.split(":", 1)[-1])
        shelves = [ctx.store.order_words.get(word, {}) for word in asked]
        known = list(min(shelves, key=len).values()) if shelves else []
    hits = search(query, known, lambda order: order.searchable(ctx.now))
    hits = [order for order in hits if visible(ctx, order)]
    return sorted(hits, key=ORDER_KEYS.get(sort or "PROCESSED_AT", ORDER_KEYS["CREATED_AT"]))


def _count(found: Sequence[Any], limit: int | None) -> dict[str, Any]:
    if limit is not None and len(found) > limit:
        return {"count": limit, "precision": "AT_LEAST"}
    return {"count": len(found), "precision": "EXACT"}


def _page(ctx: Context, found: Sequence[Any], args: Mapping[str, Any]) -> dict[str, Any]:
    return connection(found, args, ctx.bulk)


def products(_: Any, ctx: Context, **args: Any) -> Any:
    need(ctx, "read_products", "products")
    return _page(ctx, find_products(ctx, args.get("query"), args.get("sortKey")), args)


def product_variants(_: Any, ctx: Context, **args: Any) -> Any:
    need(ctx, "read_products", "productVariants")
    return _page(ctx, find_variants(ctx, args.get("query"), args.get("sortKey")), args)


def orders(_: Any, ctx: Context, **args: Any) -> Any:
    need(ctx, "read_orders", "orders")
    return _page(ctx, find_orders(ctx, args.get("query"), args.get("sortKey")), args)


def locations(_: Any, ctx: Context, **args: Any) -> Any:
    need(ctx, "read_locations", "locations")
    found = [one for one in ctx.store.locations.values() if one.is_active or args.get("includeInactive")]
    return _page(ctx, sorted(found, key=lambda one: one.name), args)


def _node(ctx: Context, id: str) -> Any:
    found = ctx.store.find(checked_id(id))
    if isinstance(found, Order):
        return visible(ctx, found)
    if isinstance(found, FulfillmentOrder):
        return shopify_shipping.find(ctx, id)
    if isinstance(found, shopify_bulk.BulkOperation):
        return shopify_bulk.look(ctx, found)
    return found


def _one(kind: type, scope: str, field: str) -> Callable[..., Any]:
    def resolve(_: Any, ctx: Context, id: str) -> Any:
        need(ctx, scope, field)
        found = _node(ctx, id)
        return found if isinstance(found, kind) else None

    return resolve


def order_by_identifier(_: Any, ctx: Context, identifier: Mapping[str, Any]) -> Order | None:
    """Goes past the search index. A custom id needs a definition of type `id`."""
    need(ctx, "read_orders", "orderByIdentifier")
    custom = identifier.get("customId")
    if custom is None:
        return visible(ctx, ctx.store.orders.get(checked_id(identifier["id"])))
    namespace, key = namespace_of(custom.get("namespace")), custom["key"]
    definition = ctx.store.definitions.get((namespace, key))
    if definition is None or definition["type"]["name"] != "id":
        message = "Metafield definition of type 'id' is required when using custom ids."
        raise GraphQLError(message, extensions={"code": "NOT_FOUND"})
    return visible(ctx, ctx.store.custom_ids.get((namespace, key, custom["value"])))


def installation(_: Any, ctx: Context) -> dict[str, Any]:
    scopes = [{"handle": scope, "description": scope.replace("_", " ")} for scope in sorted(ctx.scopes)]
    app = {"id": APP_ID, "handle": "linkbot", "title": APP_NAME, "api_key": "rehearsal"}
    return {"id": f"gid://shopify/AppInstallation/{number_of(ctx.store.id)}", "access_scopes": scopes, "app": app}


def inventory_properties(_: Any, ctx: Context) -> dict[str, Any]:
    need(ctx, "read_inventory", "inventoryProperties")
    parts = [name for name in QUANTITY_NAMES if name not in ("on_hand", "incoming")]
    names = []
    for name in QUANTITY_NAMES:
        inside = {"comprises": parts if name == "on_hand" else [], "belongs_to": ["on_hand"] if name in parts else []}
        names.append({"name": name, "display_name": name.replace("_", " "), "is_in_use": True, **inside})
    return {"quantity_names": names}


def subscriptions(_: Any, ctx: Context, **args: Any) -> Any:
    found = list(ctx.store.subscriptions.values())
    if topics := args.get("topics"):
        found = [one for one in found if one.topic in topics]
    if uri := args.get("uri") or args.get("callbackUrl"):
        found = [one for one in found if one.uri == uri]
    return _page(ctx, found, args)


def definitions(_: Any, ctx: Context, **args: Any) -> Any:
    found = [one for one in ctx.store.definitions.values() if one["owner_type"] == args["ownerType"]]
    if args.get("namespace"):
        found = [one for one in found if one["namespace"] == namespace_of(args["namespace"])]
    if args.get("key"):
        found = [one for one in found if one["key"] == args["key"]]
    return _page(ctx, found, args)


def bulk_operations(_: Any, ctx: Context, **args: Any) -> Any:
    """`query` may ask for status, id, operation_type and times."""
    found = [shopify_bulk.look(ctx, one) for one in ctx.store.bulk_operations.values()]
    return _page(ctx, search(args.get("query"), found, shopify_bulk.searchable), args)


def quantities(level: Level, ctx: Context, names: list[str]) -> Any:
    need(ctx, "read_inventory", "quantities")
    unknown = [name for name in names if name not in QUANTITY_NAMES]
    if unknown:
        raise GraphQLError(f"Invalid quantity name: {unknown[0]}", extensions={"code": "INVALID_NAME"})
    return level.quantities(names)


def levels(item: Item, ctx: Context, **args: Any) -> Any:
    need(ctx, "read_inventory", "inventoryLevels")
    found = [one for one in item.levels.values() if one.is_active or args.get("includeInactive")]
    return _page(ctx, found, args)


def contextual_pricing(variant: Variant, ctx: Context, context: Mapping[str, Any]) -> dict[str, Any]:
    price, currency = variant.contextual_prices.get(
        str(context.get("country")), (variant.price, ctx.store.currency_code)
    )
    return {"price": {"amount": price, "currency_code": currency}, "compare_at_price": None}


def _protected(name: str) -> Callable[..., Any]:
    def resolve(order: Order, ctx: Context) -> Any:
        if not ctx.store.protected_data:
            message = f"This app is not approved to access the {name} field."
            raise GraphQLError(message, extensions={"code": "ACCESS_DENIED"})
        return getattr(order, re.sub("A", "_a", name))

    return resolve


def _fulfillment_orders(order: Order, ctx: Context, **args: Any) -> Any:
    need(ctx, "read_merchant_managed_fulfillment_orders", "fulfillmentOrders")
    found = shopify_shipping.routed(order, ctx.now)
    if not args.get("displayable"):
        return _page(ctx, found, args)
    return _page(ctx, [one for one in found if one.status != "CANCELLED"], args)


def _metafield(order: Order, _: Context, key: str, namespace: str | None = None) -> Metafield | None:
    wanted = (namespace_of(namespace), key)
    return next((one for one in order.metafields if (one.namespace, one.key) == wanted), None)


def _first(attribute: str) -> Callable[..., Any]:
    def resolve(source: Any, ctx: Context, first: int | None = None, **_: Any) -> Any:
        return list(getattr(source, attribute))[: first if first is not None and not ctx.bulk else None]

    return resolve


def _paged(attribute: str) -> Callable[..., Any]:
    return lambda source, ctx, **args: _page(ctx, list(getattr(source, attribute)), args)


def _texts(pick: Callable[[Product], Sequence[str]]) -> Callable[..., Any]:
    def resolve(_: Any, ctx: Context, **args: Any) -> Any:
        need(ctx, "read_products", "productTags")
        texts = {text for product in ctx.store.products.values() for text in pick(product) if text}
        return _page(ctx, sorted(texts, key=str.casefold), args)

    return resolve


def _line_variant(source: Any, ctx: Context) -> Variant | None:
    """Null once the variant is deleted."""
    line: Line = source if isinstance(source, Line) else source.line_item
    return ctx.store.variants.get(line.variant_id or "")


def _line_product(line: Line, ctx: Context) -> Product | None:
    variant = _line_variant(line, ctx)
    return variant.product if variant else None


RESOLVERS: dict[str, Callable[..., Any]] = {
    "QueryRoot.shop": lambda _, ctx: ctx.store,
    "QueryRoot.currentAppInstallation": installation,
    "QueryRoot.locations": locations,
    "QueryRoot.location": lambda _, ctx, id=None: (
        ctx.store.locations.get(id) if id else next(iter(ctx.store.locations.values()), None)
    ),
    "QueryRoot.products": products,
    "QueryRoot.productsCount": lambda _, ctx, query=None, limit=10000, **__: _count(find_products(ctx, query), limit),
    "QueryRoot.product": _one(Product, "read_products", "product"),
    "QueryRoot.productVariants": product_variants,
    "QueryRoot.productVariantsCount": lambda _, ctx, query=None, limit=10000: _count(find_variants(ctx, query), limit),
    "QueryRoot.productVariant": _one(Variant, "read_products", "productVariant"),
    "QueryRoot.productTags": _texts(lambda product: product.tags),
    "QueryRoot.productTypes": _texts(lambda product: [product.product_type]),
    "QueryRoot.inventoryItem": _one(Item, "read_inventory", "inventoryItem"),
    "QueryRoot.inventoryLevel": _one(Level, "read_inventory", "inventoryLevel"),
    "QueryRoot.inventoryProperties": inventory_properties,
    "QueryRoot.orders": orders,
    "QueryRoot.ordersCount": lambda _, ctx, query=None, limit=10000, **__: _count(find_orders(ctx, query, None), limit),
    "QueryRoot.order": _one(Order, "read_orders", "order"),
    "QueryRoot.orderByIdentifier": order_by_identifier,
    "QueryRoot.fulfillmentOrder": _one(
        FulfillmentOrder, "read_merchant_managed_fulfillment_orders", "fulfillmentOrder"
    ),
    "QueryRoot.job": lambda _, ctx, id: ctx.store.nodes.get(checked_id(id)),
    "QueryRoot.node": lambda _, ctx, id: _node(ctx, id),
    "QueryRoot.nodes": lambda _, ctx, ids: [_node(ctx, id) for id in ids],
    "QueryRoot.bulkOperation": lambda _, ctx, id: _node(ctx, id),
    "QueryRoot.bulkOperations": bulk_operations,
    "QueryRoot.webhookSubscriptions": subscriptions,
    "QueryRoot.metafieldDefinitions": definitions,
    "Product.variants": _paged("variants"),
    "ProductVariant.contextualPricing": contextual_pricing,
    "InventoryItem.inventoryLevels": levels,
    "InventoryItem.inventoryLevel": lambda item, _, locationId, **__: item.levels.get(locationId),
    "InventoryItem.variants": _paged("variants"),
    "InventoryLevel.quantities": quantities,
    "Order.lineItems": _paged("lines"),
    "Order.shippingLines": _paged("shipping"),
    "Order.transactions": _first("transactions"),
    "Order.fulfillments": _first("fulfillments"),
    "Order.refunds": _first("refunds"),
    "Order.fulfillmentOrders": _fulfillment_orders,
    "Order.metafield": _metafield,
    "Order.metafields": _paged("metafields"),
    "Order.shippingAddress": _protected("shippingAddress"),
    "Order.billingAddress": _protected("billingAddress"),
    "Order.email": _protected("email"),
    "Order.phone": _protected("phone"),
    "LineItem.variant": _line_variant,
    "LineItem.product": _line_product,
    "LineItem.taxLines": _first("tax_lines"),
    "Fulfillment.trackingInfo": _first("tracking"),
    "Fulfillment.fulfillmentLineItems": _paged("lines"),
    "FulfillmentOrder.lineItems": _paged("lines"),
    "FulfillmentOrderLineItem.variant": _line_variant,
    "Refund.refundLineItems": _paged("lines"),
    "Refund.transactions": _paged("paid"),
}
