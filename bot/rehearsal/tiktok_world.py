"""The fake TikTok Shop's world: shops, warehouses, products, SKUs and their stock, with the edits a seller makes.

Products are kept in the shape of the official product detail. Stock a buyer took is committed from UNPAID on.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.rehearsal.tiktok_wire import Ids, money

Emit = Callable[[str, int, dict[str, Any]], None]
STATUSES = (
    "DRAFT",
    "PENDING",
    "FAILED",
    "ACTIVATE",
    "SELLER_DEACTIVATED",
    "PLATFORM_DEACTIVATED",
    "FREEZE",
    "DELETED",
)


@dataclass
class Shop:
    """One TikTok shop. `seller` is the open id of its owner: shops of one seller share a token."""

    id: str
    name: str
    region: str
    currency: str
    cipher: str
    code: str
    seller: str
    seller_type: str = "LOCAL"
    active: bool = True
    warehouses: list[dict[str, Any]] = field(default_factory=list)
    permissions: list[str] = field(default_factory=list)


def warehouse(id: str, name: str, region: str, **fields: Any) -> dict[str, Any]:
    """A warehouse in the official shape; `fields` override (`effect_status`, `type`, `is_default`, ...)."""
    return {
        "id": id,
        "entity_id": str(int(id) + 1) if id.isdigit() else id + "-e",
        "name": name,
        "effect_status": "ENABLED",
        "type": "SALES_WAREHOUSE",
        "sub_type": "DOMESTIC_WAREHOUSE",
        "is_default": False,
        "address": {"region_code": region, "full_address": f"{name}, {region}", "contact_person": name, "distict": ""},
    } | fields


class World:
    """Everything the fake knows. Methods that change something tell it by `emit(shop_id, event type, data)`."""

    def __init__(self, now: Callable[[], datetime], ids: Ids, emit: Emit) -> None:
        self.now = now
        self.ids = ids
        self.emit = emit
        self.shops: dict[str, Shop] = {}
        self.products: dict[str, dict[str, Any]] = {}
        self.product_shop: dict[str, str] = {}
        self.sku_product: dict[str, str] = {}
        self.committed: dict[tuple[str, str], int] = {}  # (SKU, warehouse) -> units sold and not shipped
        self.price_locks: dict[str, int] = {}  # SKU in a promotion -> the code a price write gets
        self.stock_locks: set[str] = set()  # SKUs whose stock may not fall during a promotion
        self.auto_allocated: set[str] = set()  # SKUs whose stock TikTok allocates (FBT)
        self.quantities: list[tuple[datetime, str, int]] = []  # every change of a SKU's available total
        self.stock_range = (0, 99_999)

    def stamp(self) -> int:
        return int(self.now().timestamp())

    # shops

    def add_shop(
        self,
        id: str,
        name: str,
        region: str = "US",
        currency: str = "USD",
        cipher: str | None = None,
        warehouses: Sequence[Mapping[str, Any] | str] = (),
        *,
        seller: str | None = None,
        seller_type: str = "LOCAL",
        code: str | None = None,
        permissions: Sequence[str] = (),
    ) -> Shop:
        """Adds a shop. Warehouses: names, or dicts with at least `id`; without any it gets one sales warehouse."""
        shop = Shop(
            id=id,
            name=name,
            region=region,
            currency=currency,
            cipher=cipher or f"GCP_{id}AAAAAB+/=",
            code=code or f"{region}LC{id[-6:]}",
            seller=seller or f"seller-{id}",
            seller_type=seller_type,
            permissions=list(permissions),
        )
        for n, given in enumerate(warehouses or ["Main warehouse"]):
            fields = {"name": given} if isinstance(given, str) else dict(given)
            number = fields.pop("id", None) or self.ids.next("warehouse")
            label = fields.pop("name", f"Warehouse {n + 1}")
            shop.warehouses.append(warehouse(number, label, region, **({"is_default": n == 0} | fields)))
        self.shops[id] = shop
        return shop

    def sales_warehouses(self, shop: Shop) -> list[str]:
        return [w["id"] for w in shop.warehouses if w["type"] == "SALES_WAREHOUSE"]

    # products

    def add_product(
        self,
        shop_id: str,
        title: str = "",
        skus: Sequence[Mapping[str, Any]] = (),
        status: str = "ACTIVATE",
        *,
        product: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> str:
        """Adds a product and returns its id.

        `skus`: dicts with `seller_sku`, `price` (decimal text), `stock` (a number, or warehouse id -> number), and any
        official field, `id` and `committed` included. `product`: a whole product in the official shape instead.
        """
        shop = self.shops[shop_id]
        made: dict[str, Any] = {"title": title, "status": status} | fields | dict(product or {})
        made.setdefault("id", self.ids.next("product"))
        moment = self.stamp()
        made.setdefault("create_time", moment)
        made.setdefault("update_time", moment)
        made.setdefault("sales_regions", [shop.region])
        made["skus"] = [self._sku(shop, dict(sku)) for sku in (made.get("skus") or skus)]
        self.products[made["id"]] = made
        self.product_shop[made["id"]] = shop_id
        for sku in made["skus"]:
            self.sku_product[sku["id"]] = made["id"]
            self._note(sku)
        self.emit(shop_id, 16, {"product_id": _number(made["id"]), "product_types": [], "update_time": moment})
        return made["id"]

    def _sku(self, shop: Shop, given: dict[str, Any]) -> dict[str, Any]:
        price = given.pop("price", "10.00")
        stock = given.pop("stock", None)
        taken = given.pop("committed", 0)
        if not isinstance(price, dict):
            amount = money(price, shop.currency)
            price = {"currency": shop.currency, "tax_exclusive_price": amount, "sale_price": amount}
        sku = {"id": given.pop("id", None) or self.ids.next("sku"), "seller_sku": "", "price": dict(price)} | given
        sku.setdefault("status_info", {"status": "NORMAL"})
        sku.setdefault("sales_attributes", [])
        if "inventory" in sku and stock is None:
            sku["inventory"] = [dict(place) for place in sku["inventory"]]
        else:
            shares = stock if isinstance(stock, dict) else self._shares(shop, int(stock or 0))
            sku["inventory"] = [{"warehouse_id": w, "quantity": q} for w, q in shares.items()]
        self._know_warehouses(shop, sku["inventory"])
        if taken and sku["inventory"]:
            self.committed[sku["id"], sku["inventory"][0]["warehouse_id"]] = int(taken)
        return sku

    def _shares(self, shop: Shop, stock: int) -> dict[str, int]:
        places = self.sales_warehouses(shop)
        return {place: stock if n == 0 else 0 for n, place in enumerate(places)}

    def _know_warehouses(self, shop: Shop, inventory: Iterable[Mapping[str, Any]]) -> None:
        """A product given whole may name warehouses the shop was not given: they exist, then."""
        known = {w["id"] for w in shop.warehouses}
        for place in inventory:
            if place["warehouse_id"] not in known:
                known.add(place["warehouse_id"])
                shop.warehouses.append(warehouse(place["warehouse_id"], "Warehouse", shop.region))

    def sku(self, sku_id: str) -> dict[str, Any]:
        """The SKU in its official shape. KeyError when there is none."""
        product = self.products[self.sku_product[sku_id]]
        return next(sku for sku in product["skus"] if sku["id"] == sku_id)

    def sku_shop(self, sku_id: str) -> str:
        return self.product_shop[self.sku_product[sku_id]]

    def edit_sku(
        self,
        sku_id: str,
        *,
        price: str | None = None,
        stock: int | Mapping[str, int] | None = None,
        seller_sku: str | None = None,
        **fields: Any,
    ) -> None:
        """An edit in Seller Center. `stock`: available units, in the first warehouse or per warehouse."""
        sku, product = self.sku(sku_id), self.products[self.sku_product[sku_id]]
        shop = self.shops[self.product_shop[product["id"]]]
        if price is not None:
            amount = money(price, shop.currency)
            sku["price"] |= {"tax_exclusive_price": amount, "sale_price": amount}
        if seller_sku is not None:
            sku["seller_sku"] = seller_sku
        sku.update(fields)
        if stock is not None:
            shares = stock if isinstance(stock, Mapping) else {sku["inventory"][0]["warehouse_id"]: stock}
            self.set_stock(sku_id, shares, "manual_adjustment")
        product["update_time"] = self.stamp()
        if seller_sku is not None or fields:
            self.tell_changed(product["id"], ["sku"])

    def edit_product(self, product_id: str, **fields: Any) -> None:
        """Changes fields of the product itself (`title`, `status`, `external_product_id`, ...)."""
        product = self.products[product_id]
        moved = "status" in fields and fields["status"] != product["status"]
        product.update(fields)
        product["update_time"] = self.stamp()
        if moved:
            self.tell_status(product_id)
        if set(fields) - {"status"}:
            self.tell_changed(product_id, sorted(set(fields) - {"status"}))

    def add_sku(self, product_id: str, **sku: Any) -> str:
        """A new SKU on an existing product; returns its id."""
        product = self.products[product_id]
        shop_id = self.product_shop[product_id]
        made = self._sku(self.shops[shop_id], sku)
        product["skus"].append(made)
        product["update_time"] = self.stamp()
        self.sku_product[made["id"]] = product_id
        self._note(made)
        self.tell_sku(product_id, made["id"], "CREATED")
        return made["id"]

    def delete_sku(self, sku_id: str) -> None:
        """Takes a SKU off its product; it is gone from every answer."""
        product = self.products[self.sku_product.pop(sku_id)]
        product["skus"] = [sku for sku in product["skus"] if sku["id"] != sku_id]
        product["update_time"] = self.stamp()
        self.tell_sku(product["id"], sku_id, "DELETED")

    def delete_product(self, product_id: str) -> None:
        """Moves the product to the bin: status DELETED, still listed when asked for."""
        self.edit_product(product_id, status="DELETED")
        for sku in self.products[product_id]["skus"]:
            self.tell_sku(product_id, sku["id"], "DELETED")

    def lock_price(self, sku_id: str, code: int = 12052038) -> None:
        """Puts the SKU into a promotion: price writes get 12052038 (or 12019045) until `unlock`."""
        self.price_locks[sku_id] = code
        self.stock_locks.add(sku_id)

    def unlock(self, sku_id: str) -> None:
        self.price_locks.pop(sku_id, None)
        self.stock_locks.discard(sku_id)

    # stock

    def available(self, sku_id: str) -> int:
        return sum(place["quantity"] for place in self.sku(sku_id)["inventory"])

    def taken(self, sku_id: str) -> int:
        """Units committed to buyers and not shipped."""
        places = self.sku(sku_id)["inventory"]
        return sum(self.committed.get((sku_id, place["warehouse_id"]), 0) for place in places)

    def commit(self, sku_id: str, quantity: int) -> list[tuple[str, str, int]]:
        """Takes units for a buyer, warehouse by warehouse; ValueError when too few are left."""
        places, wanted = self.sku(sku_id)["inventory"], quantity
        if self.available(sku_id) < quantity:
            raise ValueError(f"only {self.available(sku_id)} of SKU {sku_id} left")
        parts = []
        for place in places:
            units = min(place["quantity"], quantity)
            if units > 0:
                place["quantity"] -= units
                quantity -= units
                key = (sku_id, place["warehouse_id"])
                self.committed[key] = self.committed.get(key, 0) + units
                parts.append((*key, units))
        self._note(self.sku(sku_id))
        self.tell_stock(sku_id, "order_created", -wanted, wanted)
        return parts

    def give_back(self, parts: Iterable[tuple[str, str, int]]) -> None:
        """A cancel: the units are for sale again."""
        for sku_id, place_id, units in parts:
            self._uncommit(sku_id, place_id, units)
            if sku_id not in self.sku_product:
                continue
            for place in self.sku(sku_id)["inventory"]:
                if place["warehouse_id"] == place_id:
                    place["quantity"] += units
            self._note(self.sku(sku_id))
            self.tell_stock(sku_id, "order_canceled", units, -units)

    def ship_out(self, parts: Iterable[tuple[str, str, int]]) -> None:
        """A shipment: the units are neither for sale nor committed any more."""
        for sku_id, place_id, units in parts:
            self._uncommit(sku_id, place_id, units)

    def _uncommit(self, sku_id: str, place_id: str, units: int) -> None:
        self.committed[sku_id, place_id] = max(0, self.committed.get((sku_id, place_id), 0) - units)

    def set_stock(self, sku_id: str, shares: Mapping[str, int], source: str = "api_sync") -> None:
        """An absolute write of available stock, per warehouse; the others keep theirs."""
        sku, before = self.sku(sku_id), self.available(sku_id)
        for place in sku["inventory"]:
            place["quantity"] = shares.get(place["warehouse_id"], place["quantity"])
        self._note(sku)
        self.tell_stock(sku_id, source, self.available(sku_id) - before, 0)

    def _note(self, sku: Mapping[str, Any]) -> None:
        total = sum(place["quantity"] for place in sku["inventory"])
        self.quantities.append((self.now(), sku["id"], total))

    # news

    def tell_status(self, product_id: str) -> None:
        told = {"product_id": _number(product_id), "status": "PRODUCT_STATUS_CHANGED", "suspended_reason": ""}
        self.emit(self.product_shop[product_id], 5, told | {"update_time": self.stamp()})

    def tell_changed(self, product_id: str, changed: list[str]) -> None:
        told = {"product_id": product_id, "change_source": "SELLER", "changed_fields": changed}
        self.emit(self.product_shop[product_id], 15, told | {"update_time": self.stamp()})

    def tell_sku(self, product_id: str, sku_id: str, status: str) -> None:
        entry = {"sku_id": sku_id, "status": status}
        told = {"product_id": product_id, "skus": [entry], "update_time": self.stamp()}
        self.emit(self.product_shop[product_id], 50, told)

    def tell_stock(self, sku_id: str, source: str, available: int, committed: int) -> None:
        """Type 71 with both changes, its ids as JSON integers; and 27 when the SKU has run out. App-level only."""
        shop_id, product_id = self.sku_shop(sku_id), self.sku_product[sku_id]
        total, taken = self.available(sku_id), self.taken(sku_id)
        moment = self.now().strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"
        number = f"{sku_id}-{len(self.quantities)}"
        snapshot = {
            "total_quantity": total + taken,
            "total_available_quantity": total,
            "total_committed_quantity": taken,
            "in_shop_quantity": total,
            "campaign_locked_quantity": 0,
            "creator_locked_quantity": 0,
        }
        detail = {
            "idempotency_key": number,
            "trigger_source": source,
            "occurred_at": moment,
            "total_quantity_delta": available + committed,
            "available_quantity_delta": available,
            "committed_quantity_delta": committed,
            "in_shop_quantity_delta": available,
            "campaign_locked_quantity_delta": 0,
            "creator_locked_quantity_delta": 0,
        }
        told = {"event_id": number, "occurred_at": moment}
        told |= {"shop_id": _number(shop_id), "product_id": _number(product_id), "sku_id": _number(sku_id)}
        self.emit(shop_id, 71, told | {"quantity_snapshot_after_change": snapshot, "change_detail": [detail]})
        if total == 0 and available < 0:
            low = {
                "product_id": product_id,
                "sku_id": sku_id,
                "trigger_reason": {"alert_type": "REALTIME"},
                "current_inventory_status": "OUT_OF_STOCK",
                "inventory_distribution": {"available_quantity": 0, "committed_quantity": taken},
            }
            self.emit(shop_id, 27, low | {"update_time": self.stamp()})


def _number(id: str) -> int | str:
    """An id as the JSON integer that some webhooks carry."""
    return int(id) if id.isdigit() else id
