"""`/link health`: the counts are the ledger's, the trend is a picture and words, and words alone where Slack has none."""

import random
import zlib
from datetime import UTC, datetime

import pytest

from bot.domain.health import LinkCounts
from bot.domain.ledger import Act
from bot.domain.values import ListingId, VariantId
from bot.rehearsal.faults import Fault, FaultKind
from bot.rehearsal.slack_client import text_of
from bot.sync import health, linking
from tests.flows.shopfloor import Floor, open_shop
from tests.flows.world import TEAM, Clock, Json, World, open_world

DAY = 86_400
SKUS = tuple(f"TEE-{n}" for n in range(10))


@pytest.fixture
async def floor(world: World) -> Floor:
    return await open_shop(world, skus=SKUS)


async def shown(world: World) -> Json:
    await world.command(world.ana, "/link health")
    return world.private(world.ana)


def images(message: Json) -> list[Json]:
    return [block for block in message["blocks"] if block["type"] == "image"]


def labels(message: Json) -> list[str]:
    return [e["text"]["text"] for b in message["blocks"] if b["type"] == "actions" for e in b["elements"]]


@pytest.mark.req("N24", "U35")
async def test_n24_health_tells_the_counts_the_score_and_the_trend_with_a_picture(world: World, floor: Floor) -> None:
    await world.unlink("TEE-0")
    floor.buy(("TEE-0", 2))
    floor.buy(("TEE-1", 1))
    await world.settle()
    message = await shown(world)
    told = text_of(message)
    for part in ("10 TikTok SKUs", "9 linked", "1 unlinked", "90 % are linked", "8 linked SKUs were never sold since"):
        assert part in told, part
    assert "1 order waits for a link, worth 39.98 USD" in told
    assert "Catalogue health: 88 of 100" in told, "54 + 10 + 15 + 0 (one of nine was sold) + 9"
    assert labels(message) == ["Link products"]
    [image] = images(message)
    assert "today 90 %" in image["alt_text"]
    assert "today 90 %" in message["text"]
    held = world.slack.world.files[image["slack_file"]["id"]]
    assert held["content"].startswith(b"\x89PNG")
    assert not held["shared"]


@pytest.mark.req("N24")
async def test_n24_link_products_opens_the_unlinked_ones(world: World, floor: Floor) -> None:
    await world.unlink("TEE-3")
    message = await shown(world)
    await world.ana.click(message, "Link products")
    await world.slack_idle()
    assert "TEE-3" in text_of(world.view(world.ana))


@pytest.mark.req("N24")
async def test_n24_the_trend_is_read_from_a_daily_entry_of_the_ledger(sqlite_url: str) -> None:
    world = await open_world(sqlite_url, clock=Clock(datetime(2026, 9, 28, 9, tzinfo=UTC)))
    try:
        await open_shop(world, skus=SKUS)
        for week in range(10):
            for day in range(7):
                if (week, day) in ((3, 2), (6, 1)):
                    await world.unlink(f"TEE-{week}")
                await world.wait(DAY)
        entries = world.acts(Act.HEALTH)
        assert len({entry.at.date() for entry in entries}) == len(entries) == 70
        message = await shown(world)
        assert "18 Oct 100 % → 25 Oct 90 % → 1 Nov 90 %" in message["text"]
        assert "15 Nov 80 % → 22 Nov 80 % → 29 Nov 80 % → 6 Dec 80 % → today 80 %" in message["text"]
        [image] = images(message)
        assert all(part.strip() in image["alt_text"] for part in trend_of(message).split("→"))
        assert trend_of(message).count("→") == 8, "eight weeks and today"
    finally:
        await world.stage.close()


def trend_of(message: Json) -> str:
    line = next(line for line in message["text"].splitlines() if "→" in line)
    return line.split(":*", 1)[1]


@pytest.mark.req("N24")
async def test_a_second_run_of_the_day_writes_no_second_entry(world: World, floor: Floor) -> None:
    await world.wait(DAY)
    before = world.acts(Act.HEALTH)
    await world.bot.db.run(lambda u: u.jobs.add("health", TEAM, owner=TEAM))
    await world.settle()
    assert world.acts(Act.HEALTH) == before
    assert before[-1].facts == {"listings": "10", "linked": "10", "broken": "0", "ambiguous": "0", "never_sold": "10"}


@pytest.mark.req("N24", "U32")
@pytest.mark.parametrize("trouble", ["scope", "slack", "bytes"])
async def test_n24_without_a_picture_the_words_stay_and_the_answer_says_why(
    world: World, floor: Floor, trouble: str
) -> None:
    if trouble == "scope":
        world.slack.world.scopes.remove("files:write")
    elif trouble == "slack":
        world.slack.faults.add(Fault("files.getUploadURLExternal", FaultKind.SERVER_ERROR, times=5))
    else:
        world.slack.faults.add(Fault("upload", FaultKind.SERVER_ERROR, times=5))
    message = await shown(world)
    assert not images(message)
    assert "today 100 %" in text_of(message)
    assert "There is no picture because" in text_of(message)
    assert ("`files:write`" in text_of(message)) == (trouble == "scope")


@pytest.mark.req("N24")
async def test_n24_a_file_that_slack_still_looks_through_is_waited_for(
    world: World, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.handlers.health.PAUSES", (0.01, 0.01, 0.0))
    world.slack.world.files_late = 1
    assert images(await shown(world))
    world.slack.world.files_late = 9
    message = await shown(world)
    assert not images(message)
    assert "Slack has not finished reading the file" in text_of(message)


@pytest.mark.req("N24")
async def test_before_anything_is_connected_there_is_nothing_to_judge(world: World) -> None:
    assert "/link connect tiktok" in text_of(await shown(world))
    assert not world.slack.world.files


@pytest.mark.req("N24", "U22")
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_n24_counts_are_the_fold_of_the_ledger_after_random_steps(world: World, floor: Floor, seed: int) -> None:
    chance = random.Random(seed)
    done: list[str] = []
    listings = [floor.sku_ids[sku] for sku in SKUS]
    for _ in range(40):
        step, sku_id = chance.choice(("link", "unlink", "break", "gone", "back")), chance.choice(listings)
        done.append(f"{step} {sku_id}")
        await act(world, floor, step, sku_id, chance)
        counted, told = world.read(lambda u: (health.catalogue_health(u, TEAM), health.links_told(u, TEAM)))
        assert told == LinkCounts(counted.linked, counted.broken), (seed, done)
    assert len({step.split()[0] for step in done}) == 5, seed


async def act(world: World, floor: Floor, step: str, sku_id: str, chance: random.Random) -> None:
    """One step by the product's own use cases; most of them are sometimes refused."""
    variant = VariantId(chance.choice(list(floor.variants.values())).id)
    listing, actor = ListingId(sku_id), linking.AUTO_LINK
    if step == "link":
        await linking.link(world.bot.db, TEAM, linking.LinkRequest(listing, variant), actor)
    elif step == "unlink":
        await linking.unlink(world.bot.db, TEAM, listing, actor)
    elif step == "break":
        found = world.read(lambda u: u.catalogue.variant(variant))
        await world.bot.db.run(lambda u: linking.break_links(u, TEAM, found))
    elif step == "gone":
        await world.bot.db.run(lambda u: u.catalogue.delete_listings([listing]))
    else:
        back = world.read(lambda u: u.catalogue.listing(listing))
        again = type(back)(**vars(back) | {"status": type(back.status).ACTIVATE})
        await world.bot.db.run(lambda u: u.catalogue.put_listings([again]))


def test_the_picture_is_a_png_whose_checksums_hold() -> None:
    from bot.views import chart

    made = chart.png([("today", 50)])
    raw = zlib.decompress(made[made.index(b"IDAT") + 4 : made.index(b"IEND") - 8])
    assert len(raw) == chart.HEIGHT * (chart.WIDTH + 1)
