"""Who is heard: wrong signatures leave no trace, odd bodies do no harm, and the ledger keeps no buyer."""

import hashlib
import hmac
import logging
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import MetaData, create_engine, select
from sqlmodel import SQLModel

from bot.rehearsal.seed import SHOP, STORE
from tests.flows.shopfloor import Floor, open_shop
from tests.flows.world import World


@pytest.fixture
async def floor(world: World) -> Floor:
    return await open_shop(world)


@pytest.fixture
async def web(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=world.stage.bot_url, trust_env=False) as client:
        yield client


def rows(world: World) -> dict[str, list[str]]:
    """Every row of every table as text, as they stand in the database."""
    engine = create_engine(world.stage.settings.database_url)
    found = MetaData()
    found.reflect(engine)
    assert {table.name for table in SQLModel.metadata.sorted_tables} <= set(found.tables)
    with engine.connect() as connection:
        told = {name: sorted(str(row) for row in connection.execute(select(t))) for name, t in found.tables.items()}
    engine.dispose()
    return told


def slack_headers(world: World, raw: bytes, *, secret: str | None = None, at: float | None = None) -> dict[str, str]:
    stamp = str(int(time.time() if at is None else at))
    key = (world.slack.wire.secret if secret is None else secret).encode()
    sign = hmac.new(key, b"v0:" + stamp.encode() + b":" + raw, hashlib.sha256).hexdigest()
    form = "application/x-www-form-urlencoded"
    return {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={sign}", "content-type": form}


COMMAND = b"command=%2Flink&text=products&user_id=U1&team_id=T0001&channel_id=C1&trigger_id=1.2.abc&response_url=http%3A%2F%2F127.0.0.1%3A1%2Fx"


@pytest.mark.req("N23", "S31")
@pytest.mark.parametrize("how", ["none", "other secret", "body changed", "old timestamp"])
async def test_a_wrong_slack_signature_gets_401_and_leaves_no_trace(
    world: World, floor: Floor, web: httpx.AsyncClient, how: str
) -> None:
    before, told = rows(world), world.told(world.ana)
    headers = slack_headers(
        world, COMMAND, secret="another" if how == "other secret" else None,
        at=time.time() - 400 if how == "old timestamp" else None,
    )  # fmt: skip
    if how == "none":
        del headers["x-slack-signature"]
    raw = COMMAND + b"x" if how == "body changed" else COMMAND
    answer = await web.post("/slack/events", content=raw, headers=headers)
    await world.settle()
    assert answer.status_code == 401
    assert rows(world) == before
    assert world.told(world.ana) == told


@pytest.mark.parametrize("how", ["none", "other secret", "body changed"])
async def test_a_wrong_tiktok_signature_gets_401_and_leaves_no_trace(
    world: World, floor: Floor, web: httpx.AsyncClient, how: str
) -> None:
    order_id = floor.buy(("TEE-S", 1))
    world.tiktok.outbox.waiting.clear()
    body = {"type": 1, "tts_notification_id": "9", "shop_id": SHOP, "timestamp": 1, "data": {"order_id": order_id}}
    raw, headers = world.tiktok.webhook_now(body)
    before = rows(world)
    if how == "none":
        headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
    elif how == "other secret":
        headers = {name: "0" * 64 if name.lower() == "authorization" else value for name, value in headers.items()}
    else:
        raw = raw.replace(b'"9"', b'"8"')
    answer = await web.post("/tiktok/webhook", content=raw, headers=headers)
    await world.settle()
    assert answer.status_code == 401
    assert rows(world) == before


@pytest.mark.parametrize("how", ["none", "other secret", "body changed"])
async def test_a_wrong_shopify_signature_gets_401_and_leaves_no_trace(
    world: World, floor: Floor, web: httpx.AsyncClient, how: str
) -> None:
    raw, headers = world.shopify.webhook_now(STORE, "app/uninstalled", {"domain": STORE})
    before = rows(world)
    if how == "none":
        headers = {name: value for name, value in headers.items() if "hmac" not in name.lower()}
    elif how == "other secret":
        headers = {name: "AAAA" if "hmac" in name.lower() else value for name, value in headers.items()}
    else:
        raw += b" "
    answer = await web.post("/shopify/webhook", content=raw, headers=headers)
    await world.settle()
    assert answer.status_code == 401
    assert rows(world) == before


@pytest.mark.parametrize("path", ["/slack/events", "/tiktok/webhook", "/shopify/webhook"])
async def test_a_body_over_the_limit_gets_413_before_anything_else(
    world: World, web: httpx.AsyncClient, path: str
) -> None:
    assert (await web.post(path, content=b"x" * (1024 * 1024 + 1))).status_code == 413


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'{"type": 1}', b'{"type": "\\ud800"}', b"\xff\xfe"])
async def test_a_signed_body_that_makes_no_sense_is_taken_and_does_nothing(
    world: World, floor: Floor, web: httpx.AsyncClient, raw: bytes
) -> None:
    sign = hmac.new(world.tiktok.app_secret.encode(), world.tiktok.app_key.encode() + raw, hashlib.sha256).hexdigest()
    answer = await web.post("/tiktok/webhook", content=raw, headers={"authorization": sign})
    await world.settle()
    assert answer.status_code == 200, "an error would only make TikTok send it again"
    assert len(world.links()) == 3


@pytest.mark.parametrize("path", ["/", "/admin", "/slack", "/.env", "/tiktok/webhook/x"])
async def test_nothing_else_is_served(world: World, web: httpx.AsyncClient, path: str) -> None:
    assert (await web.get(path)).status_code == 404


@pytest.mark.req("U36")
async def test_health_readiness_and_metrics(world: World, floor: Floor, web: httpx.AsyncClient) -> None:
    assert (await web.get("/healthz")).status_code == 200
    assert (await web.get("/readyz")).status_code == 200
    shown = await web.get("/metrics")
    assert shown.status_code == 200
    assert "linkbot_" in shown.text


# --- buyers ----------------------------------------------------------------------------------------------------------

BUYER = {
    "name": "Zebulon Quixano",
    "first_name": "Zebulon",
    "last_name": "Quixano",
    "phone_number": "(+1)5125550199",
    "full_address": "77 Windmill Lane, Toboso, TX 78701",
    "address_line1": "77 Windmill Lane",
    "postal_code": "78709",
}


@pytest.mark.req("S33")
async def test_no_buyer_is_kept_in_any_table_or_log(
    world: World, floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await world.unlink("TEE-M")
    email = "zebulon.q@example.com"
    mirrored = floor.buy(("TEE-S", 1), address=BUYER, buyer_email=email)
    held = floor.buy(("TEE-M", 1), address=BUYER, buyer_email=email)
    await world.settle()
    await world.command(world.ana, f"/link order {held}")
    await world.wait(5)
    assert (world.standing(mirrored)[0], world.standing(held)[0]) == ("mirrored", "held")
    assert world.shopify.orders_of(mirrored)[0].shipping_address["address1"] == "77 Windmill Lane"
    kept = str(rows(world)) + "\n".join(record.getMessage() for record in caplog.records) + str(world.messages())
    for word in ("Zebulon", "Quixano", "5550199", "Windmill", "78709", email):
        assert word not in kept


async def test_no_secret_is_kept_in_plain_or_logged(
    world: World, floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    floor.buy(("TEE-S", 1))
    await world.settle()
    kept = str(rows(world)) + "\n".join(record.getMessage() for record in caplog.records)
    settings = world.stage.settings
    secrets = [settings.tiktok_app_secret, settings.shopify_client_secret, settings.slack_signing_secret]
    plain = [secret.get_secret_value() for secret in secrets if secret is not None]
    tokens = world.read(lambda u: [u.tokens.get(key) for key in (f"shopify:{STORE}",)])
    plain += [token.access for token in tokens if token is not None]
    assert len(plain) >= 4
    assert not [secret for secret in plain if secret in kept]


@pytest.mark.parametrize("topic", ["customers/redact", "shop/redact", "customers/data_request"])
async def test_redaction_webhooks_are_taken_and_noted(
    world: World, floor: Floor, web: httpx.AsyncClient, topic: str
) -> None:
    body = {"shop_domain": STORE, "customer": {"id": 1, "email": "x@example.com"}, "orders_to_redact": [1]}
    raw, headers = world.shopify.webhook_now(STORE, topic, body)
    answer = await web.post("/shopify/webhook", content=raw, headers=headers)
    await world.settle()
    assert answer.status_code == 200
    assert "x@example.com" not in str(rows(world))
    assert len(world.links()) == 3, "links stay"
