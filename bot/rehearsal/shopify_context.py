"""What the resolvers of one API call work with: the store, the time, and the ways in which news leaves."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from bot.rehearsal import shopify_payloads as payloads
from bot.rehearsal.shopify_hooks import Hooks
from bot.rehearsal.shopify_order_parts import Level
from bot.rehearsal.shopify_orders import Order
from bot.rehearsal.shopify_world import Product, Store, Variant

APP_ID = "gid://shopify/App/4242001"
APP_NAME = "Linkbot rehearsal"
APP_NAMESPACE = "app--4242001"


def user_error(path: list[str] | None, message: str, code: str | None = None) -> dict[str, Any]:
    return {"field": path, "message": message, "code": code}


def namespace_of(given: str | None) -> str:
    """`$app` and `$app:x` belong to the calling app; no namespace means `$app`."""
    if not given or given == "$app":
        return APP_NAMESPACE
    return f"{APP_NAMESPACE}--{given[5:]}" if given.startswith("$app:") else given


@cache
def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def attribute(source: Any, name: str) -> Any:
    """What a schema field without a resolver of its own shows: the attribute or key of that name in snake case."""
    if isinstance(source, dict):
        return source.get(snake(name), source.get(name))
    return getattr(source, snake(name), None)


@dataclass(eq=False, repr=False)
class Context:
    store: Store
    now: datetime
    hooks: Hooks
    scopes: frozenset[str]
    base_url: str = ""
    bulk: bool = False

    def tell_product(self, product: Product, topic: str = "products/update") -> None:
        self.hooks.queue(self.store, topic, lambda: payloads.product(product))

    def tell_level(self, level: Level) -> None:
        self.hooks.queue(self.store, "inventory_levels/update", lambda: payloads.level(level))

    def tell_item(self, variant: Variant) -> None:
        self.hooks.queue(self.store, "inventory_items/update", lambda: payloads.item(variant))

    def tell_order(self, order: Order, *topics: str) -> None:
        for topic in topics:
            self.hooks.queue(self.store, topic, lambda: payloads.order(order))
