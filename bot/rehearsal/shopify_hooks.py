"""Webhooks of the rehearsed Shopify: subscriptions, signing, the outbox with faults and retries.

Source: https://shopify.dev/docs/apps/build/webhooks: HMAC over the raw bytes, 5 s for an answer, 8 retries over 4 hours
with the original payload and Webhook-Id; a subscription made by API goes after 8 failures in a row.
"""

import base64
import hashlib
import hmac
import json
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from bot.rehearsal.faults import FaultKind, Faults
from bot.rehearsal.shopify_search import compiled
from bot.rehearsal.shopify_world import Entity, Store, iso

RETRIES = tuple(timedelta(seconds=s) for s in (60, 180, 420, 900, 1800, 2700, 3600, 4500))
PATIENCE = httpx.Timeout(5.0, connect=1.0)
MAX_FAILURES = 8


def signature(secret: str, raw: bytes) -> str:
    """The value of X-Shopify-Hmac-Sha256."""
    return base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()


def topic_name(enum_name: str) -> str:
    """`INVENTORY_LEVELS_UPDATE` → `inventory_levels/update`."""
    for verb in ("order_routing_complete", "scopes_update", "data_request", "partially_fulfilled"):
        if enum_name.lower().endswith("_" + verb):
            return enum_name.lower()[: -len(verb) - 1] + "/" + verb
    head, _, verb = enum_name.lower().rpartition("_")
    return f"{head}/{verb}"


@dataclass(eq=False, repr=False)
class Subscription(Entity):
    id: str
    topic: str
    uri: str
    created_at: datetime
    updated_at: datetime
    format: str = "JSON"
    filter: str | None = None
    include_fields: list[str] = field(default_factory=list)
    metafield_namespaces: list[str] = field(default_factory=list)
    name: str | None = None
    failures: int = 0  # deliveries that failed, in a row

    @property
    def api_version(self) -> dict[str, Any]:
        return {"handle": "2026-10", "display_name": "2026-10", "supported": True}

    @property
    def endpoint(self) -> "Endpoint":
        return Endpoint(self.uri)


@dataclass(eq=False, repr=False)
class Endpoint:
    callback_url: str


@dataclass(eq=False, repr=False)
class Hook:
    """One delivery on its way; raw bytes and headers stay the same on retries."""

    store: Store
    subscription: Subscription
    raw: bytes
    headers: dict[str, str]
    due: datetime
    tries: int = 0
    faulted: bool = False

    @property
    def topic(self) -> str:
        return self.headers["X-Shopify-Topic"]


def _flat(payload: Any, path: str = "") -> dict[str, list[Any]]:
    """Payload fields by dotted path, as webhook filters name them."""
    found: dict[str, list[Any]] = {}
    if isinstance(payload, dict):
        for key, value in payload.items():
            for name, values in _flat(value, f"{path}.{key}" if path else key).items():
                found.setdefault(name, []).extend(values)
    elif isinstance(payload, list):
        for value in payload:
            for name, values in _flat(value, path).items():
                found.setdefault(name, []).extend(values)
    else:
        found[path] = [payload]
    return found


class Hooks:
    """The outbox of one fake, all stores together."""

    def __init__(self, secret: str, now: Callable[[], datetime], faults: Faults) -> None:
        self.secret, self.now, self.faults = secret, now, faults
        self.version = "2026-10"
        self.waiting: list[Hook] = []
        self.sent: deque[tuple[Hook, int]] = deque(maxlen=10_000)  # with the status answered, 0 for none
        self.lost: list[Hook] = []
        self.hosts: dict[str, str] = {}  # public address prefix → where it really is

    def signed(
        self, domain: str, topic: str, payload: Any, *, event_id: str | None = None, name: str | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """Raw bytes and headers of a delivery; `payload` may be a JSON value or the bytes themselves."""
        raw = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": domain,
            "X-Shopify-API-Version": self.version,
            "X-Shopify-Webhook-Id": str(uuid.uuid4()),
            "X-Shopify-Event-Id": event_id or str(uuid.uuid4()),
            "X-Shopify-Triggered-At": self.now().isoformat().replace("+00:00", "Z"),
            "X-Shopify-Hmac-Sha256": signature(self.secret, raw),
        }
        if name:
            headers["X-Shopify-Name"] = name
        return raw, headers

    def queue(self, store: Store, topic: str, build: Callable[[], dict[str, Any]]) -> None:
        """Puts the news into the outbox once per subscription; `build` is called only when somebody listens."""
        event_id, payload = str(uuid.uuid4()), None
        for subscription in list(store.subscriptions.values()):
            if topic_name(subscription.topic) != topic:
                continue
            payload = build() if payload is None else payload
            if subscription.filter and not compiled(subscription.filter)(_flat(payload)):
                continue
            shown = payload
            if subscription.include_fields:
                tops = {name.split(".")[0] for name in subscription.include_fields}
                shown = {key: value for key, value in payload.items() if key in tops}
            raw, headers = self.signed(store.domain, topic, shown, event_id=event_id, name=subscription.name)
            self.waiting.append(Hook(store, subscription, raw, headers, self.now()))

    async def deliver(self) -> int:
        """Sends all that is due by the clock, in order; returns how many were answered with 2xx."""
        batch = self._due()
        if not batch:
            return 0
        delivered = 0
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False, follow_redirects=False) as client:
            for hook in batch:
                delivered += await self._send(client, hook)
        return delivered

    def _due(self) -> list[Hook]:
        now = self.now()
        due = sorted((hook for hook in self.waiting if hook.due <= now), key=lambda hook: hook.due)
        self.waiting = [hook for hook in self.waiting if hook.due > now]
        batch: list[Hook] = []
        late: list[Hook] = []
        for hook in due:
            fault = None if hook.faulted else self.faults.take(f"webhook.{hook.topic}")
            hook.faulted = True
            kind = fault.kind if fault else None
            if kind is FaultKind.HOOK_LOST:
                self.lost.append(hook)
            elif kind is FaultKind.HOOK_DOUBLED:
                batch += [hook, hook]
            elif kind is FaultKind.HOOK_DELAYED and fault is not None:
                hook.due = now + timedelta(seconds=fault.seconds or 60)
                self.waiting.append(hook)
            elif kind is FaultKind.HOOK_REORDERED:
                late.insert(0, hook)
            else:
                batch.append(hook)
        return batch + late

    async def _send(self, client: httpx.AsyncClient, hook: Hook) -> int:
        try:
            answer = await client.post(self._local(hook.subscription.uri), content=hook.raw, headers=hook.headers)
            status = answer.status_code
        except httpx.HTTPError:
            status = 0
        self.sent.append((hook, status))
        if 200 <= status < 300:
            hook.subscription.failures = 0
            return 1
        hook.subscription.failures += 1
        if hook.subscription.failures >= MAX_FAILURES:
            hook.store.subscriptions.pop(hook.subscription.id, None)
        if hook.tries < len(RETRIES):
            hook.due = self.now() + RETRIES[hook.tries]
            hook.tries += 1
            self.waiting.append(hook)
        else:
            self.lost.append(hook)
        return 0

    def _local(self, address: str) -> str:
        for public, local in self.hosts.items():
            if address.startswith(public):
                return local + address[len(public) :]
        return address


def shop_payload(store: Store) -> dict[str, Any]:
    return {
        "id": int(store.legacy_resource_id),
        "name": store.name,
        "myshopify_domain": store.domain,
        "domain": store.domain,
        "currency": store.currency_code,
        "iana_timezone": store.iana_timezone,
        "taxes_included": store.taxes_included,
        "created_at": iso(store.created_at),
    }
