"""Webhook intake: signed, durable before the answer (SQLite, synchronous FULL), at a steady 200 a second for 30 s.

    python bench/intake.py [--rate 200] [--seconds 30]

Floor: p99 ≤ 50 ms, every answer 200, every webhook's job stored. The bot listens in a process of its own; this one
sends on the beat, whether or not answers came (so a stall is counted for all who wait), half TikTok Shop, half Shopify.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import multiprocessing
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from bench._tools import finish, percentile
from bot.app import build, open_db
from bot.config import Settings
from bot.domain.connections import ConnectionState, Shop, Store
from bot.domain.values import ShopId, StoreId, WorkspaceId
from bot.times import utc_now

P99 = 0.050  # seconds
SHOP, STORE, TEAM = ShopId("7495001000000000001"), StoreId("bench.myshopify.com"), WorkspaceId("T0001")
KEY, SECRET, SHOPIFY_SECRET = "benchkey", "bench-tiktok-secret", "bench-shopify-secret"


def settings(folder: Path, port: int) -> Settings:
    return Settings.load(
        {
            "DATABASE_URL": f"sqlite:///{folder / 'intake.db'}",
            "LINKBOT_PORT": str(port),
            "SLACK_BOT_TOKEN": "xoxb-bench",
            "SLACK_SIGNING_SECRET": "bench",
            "TIKTOK_APP_KEY": KEY,
            "TIKTOK_APP_SECRET": SECRET,
            "SHOPIFY_CLIENT_ID": "bench",
            "SHOPIFY_CLIENT_SECRET": SHOPIFY_SECRET,
        }
    )


def listen(folder: Path, port: int) -> None:
    """The bot's web endpoints as `serve` runs them; its workers are measured by bench/jobs.py."""
    bot = build(settings(folder, port))
    uvicorn.run(bot.web, host="127.0.0.1", port=port, log_level="warning", access_log=False)


def tiktok(number: int) -> tuple[str, bytes, dict[str, str]]:
    order = str(576461413038000000 + number)
    data = {"order_id": order, "order_status": "AWAITING_SHIPMENT", "is_on_hold_order": True, "update_time": 1795478400}
    told = {"type": 1, "tts_notification_id": f"n{number}", "shop_id": SHOP, "timestamp": 1795478400, "data": data}
    raw = json.dumps(told).encode()
    sign = hmac.new(SECRET.encode(), KEY.encode() + raw, hashlib.sha256).hexdigest()
    return "/tiktok/webhook", raw, {"authorization": sign, "content-type": "application/json"}


def shopify(number: int) -> tuple[str, bytes, dict[str, str]]:
    raw = json.dumps({"inventory_item_id": 50_000_000 + number, "location_id": 1, "available": number % 50}).encode()
    sign = base64.b64encode(hmac.new(SHOPIFY_SECRET.encode(), raw, hashlib.sha256).digest()).decode()
    headers = {
        "x-shopify-topic": "inventory_levels/update",
        "x-shopify-shop-domain": STORE,
        "x-shopify-webhook-id": f"w{number}",
        "x-shopify-hmac-sha256": sign,
        "content-type": "application/json",
    }
    return "/shopify/webhook", raw, headers


async def drive(port: int, rate: int, seconds: int) -> tuple[list[float], list[int]]:
    """Seconds from the beat to the answer, and the statuses."""
    took: list[float] = []
    statuses: list[int] = []
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    base = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=base, limits=limits, trust_env=False, timeout=30) as client:
        await _up(client)

        async def one(number: int, beat: float) -> None:
            path, raw, headers = (tiktok, shopify)[number % 2](number)
            answer = await client.post(path, content=raw, headers=headers)
            took.append(time.perf_counter() - beat)
            statuses.append(answer.status_code)

        began, tasks = time.perf_counter() + 0.1, []
        for number in range(rate * seconds):
            beat = began + number / rate
            await asyncio.sleep(max(0.0, beat - time.perf_counter()))
            tasks.append(asyncio.create_task(one(number, beat)))
        await asyncio.gather(*tasks)
    return took, statuses


async def _up(client: httpx.AsyncClient) -> None:
    for _ in range(500):
        try:
            if (await client.get("/healthz")).status_code == 200:
                return
        except httpx.TransportError:
            await asyncio.sleep(0.02)
    raise RuntimeError("the bot does not listen")


def prepare(folder: Path) -> None:
    db = open_db(settings(folder, 1))
    db.upgrade()
    now = utc_now()
    shop = Shop(SHOP, TEAM, "Bench", "US", "USD", "cipher", "t", ConnectionState.CONNECTED, now)
    store = Store(STORE, TEAM, "Bench", "USD", ConnectionState.CONNECTED, now)
    db.run_sync(lambda u: (u.shops.save(shop), u.stores.save(store)))
    db.close_sync()


def stored(folder: Path) -> int:
    db = open_db(settings(folder, 1))
    try:
        return db.read_sync(lambda u: u.jobs.counts()).get("ready", 0)
    finally:
        db.close_sync()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=30)
    asked = parser.parse_args()
    port = 20_000 + os.getpid() % 20_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        bot = multiprocessing.get_context("spawn").Process(target=listen, args=(folder, port), daemon=True)
        bot.start()
        try:
            took, statuses = asyncio.run(drive(port, asked.rate, asked.seconds))
        finally:
            bot.terminate()
            bot.join()
        kept = stored(folder)
    figures: dict[str, Any] = {"webhooks": len(took), "rate": asked.rate, "stored": kept, "floor_p99_ms": P99 * 1000}
    for label, share in (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99), ("max_ms", 1.0)):
        figures[label] = round(percentile(took, share) * 1000, 1)
    missed = []
    if percentile(took, 0.99) > P99:
        missed.append(f"p99 {figures['p99_ms']} ms")
    if set(statuses) != {200}:
        missed.append(f"statuses {sorted(set(statuses))}")
    if kept != len(took):
        missed.append(f"{kept} jobs stored of {len(took)}")
    finish("intake", figures, missed)


if __name__ == "__main__":
    main()
