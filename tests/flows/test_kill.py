"""The process dies twenty times in the middle of a run of orders; nothing may be lost, doubled or told twice."""

import os
import random
import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import open_db
from bot.domain.ledger import Act
from bot.domain.orders import Standing
from bot.rehearsal.scenes import connect_all
from bot.rehearsal.seed import SHOP, SHOP_NAME, STORE, STORE_NAME
from bot.rehearsal.slack_client import text_of
from bot.rehearsal.stage import Stage, open_stage
from tests.flows.serving import Child, until

ORDERS, KILLS, STOCK = 60, 20, 1000
SKUS = ("TEE-S", "TEE-M", "TEE-L")
HEADLINE = re.compile(r"(\d+) mirrored · (\d+) held · (\d+) failed")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    made = await open_stage(
        database_url=f"sqlite:///{tmp_path / 'kill.db'}",
        seeded=False,
        LINKBOT_POLL_SECONDS="1",
        LINKBOT_LEASE_SECONDS="1",
        LINKBOT_UNCLEAR_SECONDS="3",
    )
    made.tiktok.add_shop(SHOP, SHOP_NAME, region="US", currency="USD")
    made.shopify.add_store(STORE, STORE_NAME, currency="USD", locations=("Main",), search_lag=0.2)
    rows = [{"seller_sku": sku, "price": "19.99", "stock": STOCK} for sku in SKUS]
    made.tiktok.add_product(SHOP, "Tee", rows)
    made.shopify.add_product(
        STORE, "Tee", [{"sku": sku, "price": "19.99", "stock": STOCK, "options": {"Size": sku[-1]}} for sku in SKUS]
    )
    made.slack.world.message_burst = None
    yield made
    await made.close()


class Run:
    """Buyers who go on ordering while the bot dies; what each order was is kept to compare with."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage, self.dice = stage, random.Random(seed)
        self.sku_ids = [sku["id"] for p in stage.tiktok.world.products.values() for sku in p["skus"]]
        self.placed: list[str] = []
        self.units: Counter[str] = Counter()

    def buy(self, count: int) -> None:
        for _ in range(min(count, ORDERS - len(self.placed))):
            chosen = self.dice.sample(self.sku_ids, self.dice.randint(1, 2))
            lines = [(sku_id, self.dice.randint(1, 3)) for sku_id in chosen]
            self.placed.append(
                self.stage.tiktok.place_order(
                    SHOP, lines, tax=f"{self.dice.randint(0, 300) / 100:.2f}", shipping="4.99"
                )
            )
            for sku_id, quantity in lines:
                self.units[self.stage.tiktok.world.sku(sku_id)["seller_sku"]] += quantity

    def calls(self) -> int:
        return len(self.stage.tiktok.calls) + len(self.stage.shopify.calls) + len(self.stage.slack.calls)

    def mirrored(self) -> Counter[str]:
        return Counter(str(order.source_identifier) for order in self.stage.shopify.orders(STORE))

    def reports(self) -> dict[str, list[tuple[int, int, int]]]:
        """Report key → the counts of every message that stands under it."""
        found: dict[str, list[tuple[int, int, int]]] = {}
        for message in self.stage.slack.messages("C1"):
            key = str(message.get("metadata", {}).get("event_payload", {}).get("key", ""))
            counts = HEADLINE.search(message.get("text", ""))
            if counts:
                assert key.startswith("report:"), message
                found.setdefault(key, []).append((int(counts[1]), int(counts[2]), int(counts[3])))
        return found

    def told(self) -> tuple[int, int, int]:
        each = [counts for messages in self.reports().values() for counts in messages]
        return sum(c[0] for c in each), sum(c[1] for c in each), sum(c[2] for c in each)


async def _set_up(run: Run) -> None:
    stage = run.stage
    stage.carry_webhooks()
    await connect_all(stage)
    prompts = lambda: [m for m in stage.slack.messages("C1") if "Link automatically" in text_of(m)]  # noqa: E731
    await until(prompts, 20, "the prompt")
    await stage.slack.person("U1").click(prompts()[-1], "Link automatically")
    db = open_db(stage.settings, stage.tiktok.now)
    await until(lambda: len(db.read_sync(lambda u: u.ledger.page(None, acts=[Act.LINK]))) == len(SKUS), 20, "links")
    await db.close()


@pytest.mark.req("N7", "N15", "S31", "S32", "B2")
async def test_n7_twenty_kills_lose_and_double_nothing(stage: Stage, tmp_path: Path) -> None:
    seed = int(os.environ.get("LINKBOT_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
    print(f"seed {seed}: repeat with LINKBOT_TEST_SEED={seed}")
    run, child = Run(stage, seed), Child(stage, tmp_path / "serve.log")
    try:
        child.start()
        await child.ready()
        await _set_up(run)
        for _ in range(KILLS):
            run.buy(run.dice.randint(0, 2))  # told by webhook while it lives
            goal = run.calls() + run.dice.randint(1, 40)  # any moment of any step: both shops' and Slack's calls count
            await until(lambda goal=goal: run.calls() >= goal, 20, f"{goal} calls")
            child.kill()
            run.buy(run.dice.randint(0, 4))  # while it is dead
            child.start()
        run.buy(ORDERS)
        await child.ready()
        await until(lambda: len(run.mirrored()) == ORDERS, 30, "all orders in Shopify")
        await until(lambda: run.told() == (ORDERS, 0, 0), 45, "a report that counts them all")
        print(f"cold starts: {[round(x, 2) for x in child.starts]}")
    finally:
        child.kill()
    _compare(run)


def _compare(run: Run) -> None:
    stage = run.stage
    assert run.mirrored() == Counter(run.placed)
    paid = {key: order["payment"]["total_amount"] for key, order in stage.tiktok.sales.orders.items()}
    for order in stage.shopify.orders(STORE):
        assert f"{order.total.shop:.2f}" == paid[str(order.source_identifier)]
    for product in stage.shopify.stores[STORE].products.values():
        for variant in product.variants:
            sold = run.units[variant.sku]
            assert variant.inventory_quantity == STOCK - sold, variant.sku
    doubled = {key: messages for key, messages in run.reports().items() if len(messages) > 1}
    assert not doubled, "two report messages for one hour"
    db = open_db(stage.settings, stage.tiktok.now)
    entries = db.read_sync(lambda u: u.ledger.page(None, acts=[Act.ORDER], limit=100_000))
    db.close_sync()
    ended = Counter(e.order_id for e in entries if e.standing in (Standing.MIRRORED, Standing.ADOPTED))
    assert ended == Counter(run.placed), "an order is told as mirrored more or less than once"
