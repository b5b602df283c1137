"""inventorySetQuantities, inventoryAdjustQuantities and productVariantsBulkUpdate."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.rehearsal.shopify_context import Context, user_error
from bot.rehearsal.shopify_world import Level, gid

Input = Mapping[str, Any]
Errors = list[dict[str, Any]]
REASONS = {
    "correction",
    "cycle_count_available",
    "damaged",
    "movement_created",
    "movement_updated",
    "movement_received",
    "movement_canceled",
    "other",
    "promotion",
    "quality_control",
    "received",
    "reservation_created",
    "reservation_updated",
    "reservation_deleted",
    "restock",
    "safety_stock",
    "shrinkage",
}


def _checked(ctx: Context, row: Input, path: list[str]) -> tuple[Level | None, Errors]:
    item = ctx.store.items.get(row["inventoryItemId"])
    location = ctx.store.locations.get(row["locationId"])
    if "changeFromQuantity" not in row:
        message = "The changeFromQuantity field is required; an explicit null skips the check"
        return None, [user_error([*path, "changeFromQuantity"], message, "INVALID_QUANTITY")]
    if item is None:
        message = "The specified inventory item could not be found."
        return None, [user_error([*path, "inventoryItemId"], message, "INVALID_INVENTORY_ITEM")]
    if location is None or not location.is_active:
        message = "The specified location could not be found."
        return None, [user_error([*path, "locationId"], message, "INVALID_LOCATION")]
    if item.variant.requires_components:
        message = "The quantity of a bundle cannot be changed."
        return None, [user_error([*path, "inventoryItemId"], message, "NON_MUTABLE_INVENTORY_ITEM")]
    level = item.levels.get(location.id)
    if level is None:
        message = "The specified inventory item is not stocked at the location."
        return None, [user_error([*path, "locationId"], message, "ITEM_NOT_STOCKED_AT_LOCATION")]
    return level, []


def _apply(ctx: Context, given: Input, rows: list[Input], key: str, absolute: bool) -> tuple[Any, Errors]:
    """All or nothing: one bad row and no quantity moves."""
    errors: Errors = []
    name = given["name"]
    if given["reason"] not in REASONS:
        errors.append(user_error(["input", "reason"], "The specified reason is invalid.", "INVALID_REASON"))
    if name not in ("available", "on_hand") or (not absolute and name != "available"):
        code = "INVALID_NAME" if absolute else "INVALID_QUANTITY_NAME"
        errors.append(user_error(["input", "name"], "The specified quantity name is invalid.", code))
    pairs = [(row["inventoryItemId"], row["locationId"]) for row in rows]
    if len(set(pairs)) < len(pairs):
        code = "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"
        errors.append(user_error(["input", key], "The combination of item and location is not unique.", code))
    moves: list[tuple[Level, int]] = []
    for place, row in enumerate(rows):
        path = ["input", key, str(place)]
        level, problems = _checked(ctx, row, path)
        errors += problems
        if level is None:
            continue
        before = level.available if name == "available" else level.available + level.committed
        delta = row["quantity"] - before if absolute else row["delta"]
        if absolute and row["quantity"] < 0:
            message = "The quantity can't be negative."
            errors.append(user_error([*path, "quantity"], message, "INVALID_QUANTITY_NEGATIVE"))
        if row["changeFromQuantity"] is not None and row["changeFromQuantity"] != before:
            message = "The changeFromQuantity value does not match the persisted quantity."
            errors.append(user_error([*path, "changeFromQuantity"], message, "CHANGE_FROM_QUANTITY_STALE"))
        moves.append((level, delta))
    if errors:
        return None, _with_schema_codes(errors, absolute)
    return _moved(ctx, given, moves), []


def _with_schema_codes(errors: Errors, absolute: bool) -> Errors:
    """Codes that the schema's enum does not have go out as null (seen in the field: the message alone tells)."""
    for error in errors:
        if error["code"] in ("ITEM_NOT_STOCKED_AT_LOCATION", "INVALID_QUANTITY") or (
            not absolute and error["code"] == "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"
        ):
            error["code"] = None
    return errors


def _moved(ctx: Context, given: Input, moves: list[tuple[Level, int]]) -> dict[str, Any]:
    changes = []
    for level, delta in moves:
        level.available += delta
        level.updated_at = ctx.now
        changes.append(
            {
                "name": given["name"],
                "delta": delta,
                "quantity_after_change": level.available,
                "item": level.item,
                "location": level.location,
            }
        )
        if delta:
            ctx.tell_level(level)
    return {
        "id": gid("InventoryAdjustmentGroup"),
        "reason": given["reason"],
        "reference_document_uri": given.get("referenceDocumentUri"),
        "created_at": ctx.now,
        "changes": changes,
    }


def set_quantities(ctx: Context, given: Input) -> tuple[Any, Errors]:
    return _apply(ctx, given, given["quantities"], "quantities", absolute=True)


def adjust_quantities(ctx: Context, given: Input) -> tuple[Any, Errors]:
    return _apply(ctx, given, given["changes"], "changes", absolute=False)


def update_variants(ctx: Context, product_id: str, rows: list[Input], partial: bool) -> tuple[Any, list[Any], Errors]:
    """productVariantsBulkUpdate: price, compareAtPrice, barcode, inventoryPolicy, sku and tracked."""
    product = ctx.store.products.get(product_id)
    if product is None:
        return None, [], [user_error(["productId"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")]
    errors: Errors = []
    good = []
    for place, row in enumerate(rows):
        variant = ctx.store.variants.get(row.get("id") or "")
        path = ["variants", str(place)]
        if variant is None or variant.product is not product:
            message = "Product variant does not exist"
            errors.append(user_error([*path, "id"], message, "PRODUCT_VARIANT_DOES_NOT_EXIST"))
        elif row.get("price") is not None and Decimal(str(row["price"])) < 0:
            message = "Price must be greater than or equal to 0"
            errors.append(user_error([*path, "price"], message, "GREATER_THAN_OR_EQUAL_TO"))
        else:
            good.append((variant, row))
    if errors and not partial:
        return product, [], errors
    names = {"price": "price", "compareAtPrice": "compare_at_price", "barcode": "barcode"}
    names |= {"inventoryPolicy": "inventory_policy", "taxable": "taxable"}
    for variant, row in good:
        for name, attribute in names.items():
            if name in row:
                setattr(variant, attribute, row[name])
        item = row.get("inventoryItem") or {}
        if "sku" in item:
            variant.sku = item["sku"]
        if item.get("tracked") is not None:
            variant.inventory_item.tracked = item["tracked"]
        variant.updated_at = ctx.now
        if item:
            ctx.tell_item(variant)
    if good:
        product.updated_at = ctx.now
        ctx.tell_product(product)
    return product, [variant for variant, _ in good], errors
