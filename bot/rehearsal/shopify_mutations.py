"""Mutation resolvers of the rehearsed Shopify: scope, idempotency key, then the act and its payload."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo
from graphql.execution.values import get_directive_values

from bot.rehearsal import (
    shopify_bulk,
    shopify_changes,
    shopify_create,
    shopify_shipping,
    shopify_stock,
)
from bot.rehearsal.shopify_context import Context, namespace_of, user_error
from bot.rehearsal.shopify_hooks import Subscription
from bot.rehearsal.shopify_queries import checked_id, need
from bot.rehearsal.shopify_world import gid

Resolver = Callable[..., Any]
KEY_LIFE = timedelta(hours=24)
HOOK_SCOPES = {
    "PRODUCTS": "read_products",
    "INVENTORY": "read_inventory",
    "ORDERS": "read_orders",
    "REFUNDS": "read_orders",
    "FULFILLMENTS": "read_fulfillments",
    "LOCATIONS": "read_locations",
}
MUTATIONS: dict[str, Resolver] = {}


def mutation(name: str, scope: str | None, idempotent: bool = False) -> Callable[[Resolver], Resolver]:
    """Registers `act(ctx, args, info) → payload` under its schema name."""

    def register(act: Resolver) -> Resolver:
        def resolve(_: Any, info: GraphQLResolveInfo, **args: Any) -> Any:
            ctx: Context = info.context
            if scope:
                need(ctx, scope, name)
            return _once(info, args, act) if idempotent else act(ctx, args, info)

        MUTATIONS[name] = resolve
        return act

    return register


def _once(info: GraphQLResolveInfo, args: dict[str, Any], act: Resolver) -> Any:
    """Mandatory since 2026-04 although the schema does not show it: the directive @idempotent on the field."""
    ctx: Context = info.context
    directive = next(one for one in info.schema.directives if one.name == "idempotent")
    found = get_directive_values(directive, info.field_nodes[0], info.variable_values)
    if not found:
        message = "The @idempotent directive is required for this mutation but was not provided."
        raise GraphQLError(message, extensions={"code": "BAD_REQUEST"})
    key, said = found["key"], json.dumps([info.field_name, args], sort_keys=True, default=str)
    kept = ctx.store.idempotency.get(key)
    if kept and kept[0] > ctx.now:
        if kept[1] == said:
            return kept[2]
        message = "The idempotency key was already used with other parameters."
        code = None if info.field_name == "refundCreate" else "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
        return {"user_errors": [user_error(None, message, code)]}
    payload = act(ctx, args, info)
    ctx.store.idempotency[key] = (ctx.now + KEY_LIFE, said, payload)
    return payload


@mutation("orderCreate", "write_orders")
def order_create(ctx: Context, args: Any, _: Any) -> Any:
    order, errors = shopify_create.create_order(ctx, args["order"], args.get("options") or {})
    return {"order": order, "user_errors": errors}


@mutation("orderUpdate", "write_orders")
def order_update(ctx: Context, args: Any, _: Any) -> Any:
    order, errors = shopify_changes.update_order(ctx, args["input"])
    return {"order": order, "user_errors": errors}


@mutation("orderCancel", "write_orders")
def order_cancel(ctx: Context, args: Any, _: Any) -> Any:
    job, errors = shopify_changes.cancel_order(ctx, args)
    result = job.result if job else None
    return {"job": job, "job_result": result, "order_cancel_user_errors": errors, "user_errors": errors}


@mutation("orderMarkAsPaid", "write_orders")
def order_mark_as_paid(ctx: Context, args: Any, _: Any) -> Any:
    order, errors = shopify_changes.mark_paid(ctx, args["input"]["id"])
    return {"order": order, "user_errors": errors}


@mutation("refundCreate", "write_orders", idempotent=True)
def refund_create(ctx: Context, args: Any, _: Any) -> Any:
    order, refund, errors = shopify_changes.create_refund(ctx, args["input"])
    return {"order": order, "refund": refund, "user_errors": errors}


def _tag_scope(ctx: Context, id: str, field: str) -> None:
    need(ctx, "write_products" if "/Product/" in id else "write_orders", field)


@mutation("tagsAdd", None)
def tags_add(ctx: Context, args: Any, _: Any) -> Any:
    _tag_scope(ctx, checked_id(args["id"]), "tagsAdd")
    node, errors = shopify_changes.change_tags(ctx, args["id"], args["tags"], add=True)
    return {"node": node, "user_errors": errors}


@mutation("tagsRemove", None)
def tags_remove(ctx: Context, args: Any, _: Any) -> Any:
    _tag_scope(ctx, checked_id(args["id"]), "tagsRemove")
    node, errors = shopify_changes.change_tags(ctx, args["id"], args["tags"], add=False)
    return {"node": node, "user_errors": errors}


@mutation("fulfillmentOrderHold", "write_merchant_managed_fulfillment_orders")
def fulfillment_order_hold(ctx: Context, args: Any, _: Any) -> Any:
    target, hold, errors = shopify_shipping.hold(ctx, args["id"], args["fulfillmentHold"])
    return {"fulfillment_order": target, "fulfillment_hold": hold, "user_errors": errors}


@mutation("fulfillmentOrderReleaseHold", "write_merchant_managed_fulfillment_orders")
def fulfillment_order_release_hold(ctx: Context, args: Any, _: Any) -> Any:
    target, errors = shopify_shipping.release(ctx, args["id"], args.get("holdIds"))
    return {"fulfillment_order": target, "user_errors": errors}


@mutation("fulfillmentCreate", "write_merchant_managed_fulfillment_orders")
def fulfillment_create(ctx: Context, args: Any, _: Any) -> Any:
    made, errors = shopify_shipping.fulfil(ctx, args["fulfillment"])
    return {"fulfillment": made, "user_errors": errors}


@mutation("inventorySetQuantities", "write_inventory", idempotent=True)
def inventory_set_quantities(ctx: Context, args: Any, _: Any) -> Any:
    group, errors = shopify_stock.set_quantities(ctx, args["input"])
    return {"inventory_adjustment_group": group, "user_errors": errors}


@mutation("inventoryAdjustQuantities", "write_inventory", idempotent=True)
def inventory_adjust_quantities(ctx: Context, args: Any, _: Any) -> Any:
    group, errors = shopify_stock.adjust_quantities(ctx, args["input"])
    return {"inventory_adjustment_group": group, "user_errors": errors}


@mutation("productVariantsBulkUpdate", "write_products")
def product_variants_bulk_update(ctx: Context, args: Any, _: Any) -> Any:
    partial = bool(args.get("allowPartialUpdates"))
    product, variants, errors = shopify_stock.update_variants(ctx, args["productId"], args["variants"], partial)
    return {"product": product, "product_variants": variants, "user_errors": errors}


@mutation("metafieldDefinitionCreate", None)
def metafield_definition_create(ctx: Context, args: Any, _: Any) -> Any:
    given = args["definition"]
    if given["ownerType"] == "ORDER":
        need(ctx, "write_orders", "metafieldDefinitionCreate")
    namespace, key = namespace_of(given.get("namespace")), given["key"]
    if not re.fullmatch(r"[A-Za-z0-9_-]{2,64}", key):
        message = "Key contains one or more invalid characters."
        error = user_error(["definition", "key"], message, "INVALID_CHARACTER")
        return {"created_definition": None, "user_errors": [error]}
    if (namespace, key) in ctx.store.definitions:
        error = user_error(["definition", "key"], "Key is in use for Order metafields", "TAKEN")
        return {"created_definition": None, "user_errors": [error]}
    unique = given["type"] == "id"
    definition = {
        "id": gid("MetafieldDefinition"),
        "name": given["name"],
        "namespace": namespace,
        "key": key,
        "owner_type": given["ownerType"],
        "description": given.get("description"),
        "type": {"name": given["type"], "category": "ID" if unique else "TEXT"},
        "capabilities": {"unique_values": {"eligible": unique, "enabled": unique}},
    }
    ctx.store.definitions[(namespace, key)] = definition
    return {"created_definition": definition, "user_errors": []}


def _uri_problem(uri: str) -> str | None:
    if not uri:
        return "Address can't be blank"
    loopback = re.match(r"http://(127\.0\.0\.1|localhost|\[::1\])[:/]", uri)  # the rehearsal itself lives there
    if not uri.startswith("https://") and not loopback:
        return "Address protocol http:// is not supported"
    return None


@mutation("webhookSubscriptionCreate", None)
def webhook_subscription_create(ctx: Context, args: Any, _: Any) -> Any:
    topic, given = args["topic"], args["webhookSubscription"]
    uri = given.get("uri") or given.get("callbackUrl") or ""
    scope = HOOK_SCOPES.get(topic.split("_")[0])
    if scope and scope not in ctx.scopes:
        message = "You cannot create a webhook subscription with the specified topic"
        return {"webhook_subscription": None, "user_errors": [user_error(["topic"], message)]}
    problem = _uri_problem(uri)
    same = (topic, uri, given.get("filter"))
    if any((one.topic, one.uri, one.filter) == same for one in ctx.store.subscriptions.values()):
        problem = "Address for this topic has already been taken"
    if problem:
        return {"webhook_subscription": None, "user_errors": [user_error(["webhookSubscription", "uri"], problem)]}
    made = Subscription(
        gid("WebhookSubscription"),
        topic,
        uri,
        ctx.now,
        ctx.now,
        format=given.get("format") or "JSON",
        filter=given.get("filter"),
        include_fields=list(given.get("includeFields") or []),
        metafield_namespaces=list(given.get("metafieldNamespaces") or []),
        name=given.get("name"),
    )
    ctx.store.subscriptions[made.id] = made
    return {"webhook_subscription": made, "user_errors": []}


@mutation("webhookSubscriptionDelete", None)
def webhook_subscription_delete(ctx: Context, args: Any, _: Any) -> Any:
    if ctx.store.subscriptions.pop(checked_id(args["id"]), None) is None:
        return {"user_errors": [user_error(["id"], "Webhook subscription does not exist")]}
    return {"deleted_webhook_subscription_id": args["id"], "user_errors": []}


@mutation("bulkOperationRunQuery", None)
def bulk_operation_run_query(ctx: Context, args: Any, info: GraphQLResolveInfo) -> Any:
    group = bool(args.get("groupObjects"))
    operation, errors = shopify_bulk.start(ctx, info.schema, args["query"], group)
    return {"bulk_operation": operation, "user_errors": errors}


@mutation("bulkOperationCancel", None)
def bulk_operation_cancel(ctx: Context, args: Any, _: Any) -> Any:
    operation = ctx.store.bulk_operations.get(checked_id(args["id"]))
    if operation is None or operation.status not in shopify_bulk.RUNNING:
        message = "A bulk operation cannot be canceled when it is completed or does not exist"
        return {"bulk_operation": operation, "user_errors": [user_error(["id"], message)]}
    operation.status = "CANCELING"
    return {"bulk_operation": operation, "user_errors": []}
