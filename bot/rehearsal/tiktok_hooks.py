"""Webhooks of the fake TikTok Shop: who hears what, the outbox, signed delivery with faults and retries."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from bot.rehearsal.faults import FaultKind, Faults
from bot.rehearsal.tiktok_wire import Ids, hook_signature

EVENTS = {
    1: "ORDER_STATUS_CHANGE",
    2: "REVERSE_STATUS_UPDATE",
    3: "RECIPIENT_ADDRESS_UPDATE",
    4: "PACKAGE_UPDATE",
    5: "PRODUCT_STATUS_CHANGE",
    6: "SELLER_DEAUTHORIZATION",
    7: "UPCOMING_AUTHORIZATION_EXPIRATION",
    11: "CANCELLATION_STATUS_CHANGE",
    12: "RETURN_STATUS_CHANGE",
    13: "NEW_CONVERSATION",
    14: "NEW_MESSAGE",
    15: "PRODUCT_INFORMATION_CHANGE",
    16: "PRODUCT_CREATION",
    18: "PRODUCT_CATEGORY_CHANGE",
    33: "NEW_MESSAGE_LISTENER",
    36: "INVOICE_STATUS_CHANGE",
    37: "PRODUCT_AUDIT_STATUS_CHANGE",
    27: "INVENTORY_STATUS_CHANGE",  # this one and the next two: only through the app's own setting, not per shop
    50: "SKU_STATUS_CHANGE",
    71: "INVENTORY_CHANGED_BY_SHOP",
}
PER_SHOP = frozenset(name for number, name in EVENTS.items() if number not in (27, 50, 71))
RETRIES = (timedelta(minutes=2), timedelta(minutes=30), timedelta(hours=3), timedelta(hours=12))
PATIENCE = 3.0  # real seconds TikTok waits for the answer


@dataclass(frozen=True)
class Hook:
    """One webhook on its way to one address. `tries` counts failed deliveries."""

    number: int
    event: str
    shop_id: str
    address: str
    raw: bytes
    due: datetime
    tries: int = 0
    faulted: bool = False


class Outbox:
    """Webhooks waiting for `deliver()`. `sent` and `dropped` keep what became of them."""

    def __init__(
        self, key: str, secret: str, now: Callable[[], datetime], faults: Faults, ids: Ids, app_events: set[int]
    ) -> None:
        self.key = key
        self.secret = secret
        self.now = now
        self.faults = faults
        self.ids = ids
        self.app_events = app_events
        self.webhook_url: str | None = None  # the app-level address of Partner Center
        self.hosts: dict[str, str] = {}  # a public base address -> where it answers on this machine
        self.registered: dict[str, dict[str, dict[str, Any]]] = {}  # shop id -> event name -> its registration
        self.waiting: list[Hook] = []
        self.sent: list[tuple[Hook, int]] = []
        self.dropped: list[Hook] = []

    def address(self, shop_id: str, number: int) -> str | None:
        """Where this event of this shop goes: the shop's registration first, then the app's own setting."""
        own = self.registered.get(shop_id, {}).get(EVENTS[number])
        if own is not None:
            return own["address"]
        return self.webhook_url if number in self.app_events else None

    def put(self, shop_id: str, number: int, content: dict[str, Any]) -> None:
        """Queues an event, if anybody listens."""
        address = self.address(shop_id, number)
        if address is None:
            return
        raw = json.dumps(self.envelope(shop_id, number, content), separators=(",", ":"), ensure_ascii=False).encode()
        self.waiting.append(Hook(number, EVENTS[number], shop_id, address, raw, self.now()))

    def envelope(self, shop_id: str, number: int, content: dict[str, Any]) -> dict[str, Any]:
        """The body; type 3 is documented without a notification id and is sent so."""
        body: dict[str, Any] = {"type": number}
        if number != 3:
            body["tts_notification_id"] = self.ids.next("notification")
        return body | {"shop_id": shop_id, "timestamp": int(self.now().timestamp()), "data": content}

    def signed(self, body: Any) -> tuple[bytes, dict[str, str]]:
        """Raw bytes and headers as TikTok would send them; a dict is written compactly, bytes and text stay as is."""
        if isinstance(body, str):
            raw = body.encode()
        elif isinstance(body, bytes):
            raw = body
        else:
            raw = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        signature = hook_signature(self.key, self.secret, raw)
        return raw, {"Authorization": signature, "Content-Type": "application/json"}

    async def deliver(self) -> int:
        """Sends everything due by the fake's clock, in order; returns how many deliveries were answered."""
        batch = self._due()
        if not batch:
            return 0
        answered = 0
        async with httpx.AsyncClient(verify=False, trust_env=False, timeout=PATIENCE) as client:  # loopback only
            for hook in batch:
                answered += await self._send(client, hook)
        return answered

    def _due(self) -> list[Hook]:
        now, batch, late = self.now(), [], []
        due = [hook for hook in self.waiting if hook.due <= now]
        self.waiting = [hook for hook in self.waiting if hook.due > now]
        for hook in sorted(due, key=lambda h: h.due):
            fault = None if hook.faulted else self.faults.take(f"webhook.{hook.event.lower()}")
            kind = fault.kind if fault else None
            hook = replace(hook, faulted=True)
            if kind is FaultKind.HOOK_LOST:
                self.dropped.append(hook)
            elif kind is FaultKind.HOOK_DOUBLED:
                batch += [hook, hook]
            elif kind is FaultKind.HOOK_DELAYED and fault is not None:
                self.waiting.append(replace(hook, due=now + timedelta(seconds=fault.seconds or 60)))
            elif kind is FaultKind.HOOK_REORDERED:
                late.insert(0, hook)
            else:
                batch.append(hook)
        return batch + late

    async def _send(self, client: httpx.AsyncClient, hook: Hook) -> int:
        _, headers = self.signed(hook.raw)
        try:
            async with asyncio.timeout(PATIENCE):
                response = await client.post(self._local(hook.address), content=hook.raw, headers=headers)
            status = response.status_code
        except (httpx.HTTPError, TimeoutError):
            status = 0
        self.sent.append((hook, status))
        if 200 <= status < 300 or status == 401:  # a rejected signature counts as answered
            return 1
        if hook.tries < len(RETRIES):
            later = replace(hook, tries=hook.tries + 1, due=self.now() + RETRIES[hook.tries])
            self.waiting.append(later)
        else:
            self.dropped.append(hook)
        return 0

    def _local(self, address: str) -> str:
        for public, local in self.hosts.items():
            if address.startswith(public):
                return local + address[len(public) :]
        return address
