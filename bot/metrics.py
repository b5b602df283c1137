"""Prometheus text: figures read from the database at the moment they are asked for."""

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from bot.domain.orders import Standing
from bot.store.db import Db, Unit


def _read(u: Unit) -> tuple[dict[str, int], float, dict[Standing, int], list[tuple[str, bool]]]:
    age = u.jobs.queue_age(u.now)
    orders: dict[Standing, int] = {}
    for workspace in {shop.workspace_id for shop in u.shops.all()}:
        for standing, count in u.orders.counts(workspace).items():
            orders[standing] = orders.get(standing, 0) + count
    connections: list[tuple[str, bool]] = [(shop.id, shop.is_live) for shop in u.shops.all()]
    connections += [(store.id, store.is_live) for store in u.stores.all()]
    return u.jobs.counts(), age.total_seconds() if age else 0.0, orders, connections


async def metrics_text(db: Db) -> bytes:
    """Jobs by state, age of the queue in seconds, orders by standing, connections (1 = connected)."""
    jobs, age, orders, connections = await db.read(_read)
    registry = CollectorRegistry()
    by_state = Gauge("linkbot_jobs", "Jobs by state", ["state"], registry=registry)
    for state, count in jobs.items():
        by_state.labels(state).set(count)
    Gauge("linkbot_queue_age_seconds", "Age of the oldest due job", registry=registry).set(age)
    by_standing = Gauge("linkbot_orders", "TikTok orders by standing", ["standing"], registry=registry)
    for standing in Standing:
        by_standing.labels(standing.value).set(orders.get(standing, 0))
    connected = Gauge("linkbot_connected", "Connections of shops and stores", ["id"], registry=registry)
    for name, is_live in connections:
        connected.labels(name).set(1 if is_live else 0)
    return generate_latest(registry)
