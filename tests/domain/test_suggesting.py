"""How long a listing stays ignored, what people's choices teach, and the digest of a batch."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.ledger import Act, Entry
from bot.domain.matching import MatchReason, Suggestion, Tier
from bot.domain.suggesting import AcceptPlan, Ignored, IgnoreFor, Pair, UnignoreReason, look_of, remember
from bot.domain.values import Actor, ActorKind, ListingId, Money, UserId, VariantId, WorkspaceId
from tests.domain.build import listing, variant

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def entry(act: Act, number: int, sku: str = "TT-ABCD", variant_sku: str = "ABCD", **facts: str) -> Entry:
    told = {"sku": sku, "variant_sku": variant_sku} | facts
    return Entry(
        NOW, WorkspaceId("T1"), act, Actor(ActorKind.PERSON, "U1"), listing_id=ListingId(str(number)),
        variant_id=VariantId(f"v{number}"), facts=told,
    )  # fmt: skip


@pytest.mark.req("U17")
@pytest.mark.parametrize(
    ("how", "after", "seen", "expected"),
    [
        (IgnoreFor.DAY, timedelta(hours=23), "b", None),
        (IgnoreFor.DAY, timedelta(days=1), "a", UnignoreReason.TIME_OVER),
        (IgnoreFor.WEEK, timedelta(days=6), "b", None),
        (IgnoreFor.WEEK, timedelta(days=7), "a", UnignoreReason.TIME_OVER),
        (IgnoreFor.CHANGE, timedelta(days=999), "a", None),
        (IgnoreFor.CHANGE, timedelta(0), "b", UnignoreReason.CHANGED),
        (IgnoreFor.GOOD, timedelta(days=999), "b", None),
    ],
)
def test_u17_when_it_comes_back(how: IgnoreFor, after: timedelta, seen: str, expected: UnignoreReason | None) -> None:
    assert Ignored(how, UserId("U1"), NOW, "a", "no_match").is_over(NOW + after, seen) is expected


@pytest.mark.req("U17")
@pytest.mark.parametrize(
    "change",
    [{"title": "Other"}, {"variation": "Blue"}, {"seller_sku": "X"}, {"price": Money.parse("1", "USD")}, {"stock": ()}],
)
def test_u17_what_counts_as_a_change(change: dict[str, Any]) -> None:
    of = listing()
    assert look_of(of, [], 0) != look_of(replace(of, **change), [], 0)
    assert look_of(of, [], 0) == look_of(replace(of, updated_at=NOW), [], 0)
    assert len({look_of(of, [], 0), look_of(of, [VariantId("v")], 0), look_of(of, [], 1)}) == 3


@pytest.mark.req("N1")
def test_n1_links_by_hand_teach_and_the_rule_s_do_not() -> None:
    memory = remember(
        [
            entry(Act.LINK, 1, origin="hand"),
            entry(Act.LINK, 1, origin="hand"),
            entry(Act.LINK, 2, origin="auto"),
            entry(Act.SUGGESTION_PRAISED, 3),
            entry(Act.SUGGESTION_REFUSED, 4),
            entry(Act.SUGGESTION_REFUSED, 5, sku="other", variant_sku="words"),
        ]
    )
    assert dict(memory.accepted) == {"+TT-…": 2}, "a pair linked twice teaches once"
    assert dict(memory.refused) == {"+TT-…": 1}
    assert memory.lessons(ListingId("5")).refused_pairs == {VariantId("v5")}
    assert memory.lessons(ListingId("1")).refused_pairs == frozenset()


@pytest.mark.req("N5")
def test_n5_the_digest_is_of_the_pairs_whatever_their_order() -> None:
    def pair(number: str, of: str) -> Pair:
        best = Suggestion(replace(variant(), id=VariantId(of)), MatchReason.SAME_SKU, Tier.HIGH, 1.0)
        return Pair(replace(listing(), id=ListingId(number)), best, None)

    one, two, other = pair("1", "a"), pair("2", "b"), pair("2", "c")
    assert AcceptPlan([one, two], 2, 2).digest == AcceptPlan([two, one], 9, 9).digest
    assert len({AcceptPlan(x, 0, 0).digest for x in ([one], [one, two], [one, other], [])}) == 4
