"""Listings, variants, connections and pages: their small derived facts."""

from datetime import timedelta

import pytest

from bot.domain.board import Page
from bot.domain.catalogue import ListingStatus, Stocked, VariantStatus, sku_key
from bot.domain.connections import ConnectionState, Shop, Store, Token, TokenKind
from bot.domain.values import WorkspaceId

from .build import NOW, SHOP, STORE, listing, variant


@pytest.mark.parametrize(
    "typed, key",
    [
        ("TEE-1", "TEE-1"),
        (" \tTEE-1\u00a0\n", "TEE-1"),
        ("TEE  1", "TEE  1"),  # inner space is part of it
        ("00123", "00123"),
        ("1E5", "1E5"),
        ("TEE-1\u200b", "TEE-1\u200b"),  # a zero-width space is no white space
        ("   ", ""),
        ("", ""),
    ],
)
def test_a3_skus_are_text_and_only_trimmed(typed: str, key: str) -> None:
    assert sku_key(typed) == key
    assert listing(typed).sku == key


def test_a_listing_s_stock_is_the_sum_of_its_warehouses() -> None:
    assert listing(stock=(Stocked("W1", 3), Stocked("W2", 4))).quantity == 7
    assert listing(stock=()).quantity == 0


@pytest.mark.parametrize("status", list(ListingStatus))
def test_only_deleted_products_are_deleted(status: ListingStatus) -> None:
    assert listing(status=status).is_deleted is (status is ListingStatus.DELETED)


@pytest.mark.parametrize("status", list(VariantStatus))
def test_archived_and_deleted_variants_do_not_count_for_the_rule(status: VariantStatus) -> None:
    expected = status not in (VariantStatus.ARCHIVED, VariantStatus.DELETED)
    assert variant(status=status).counts_for_auto is expected


@pytest.mark.parametrize(
    "fields, has",
    [
        ({}, True),
        ({"available": 0}, True),
        ({"available": None}, False),
        ({"tracked": False}, False),
        ({"sells_past_zero": True}, False),
    ],
)
def test_which_variants_have_a_figure_to_push(fields: dict[str, object], has: bool) -> None:
    assert variant(**fields).has_stock_to_offer is has


@pytest.mark.parametrize("state", list(ConnectionState))
def test_only_connected_shops_and_stores_are_live(state: ConnectionState) -> None:
    shop = Shop(
        id=SHOP,
        workspace_id=WorkspaceId("T1"),
        name="Harbour",
        region="US",
        currency="USD",
        cipher="GCP_secret",
        token_key="t",
        state=state,
        connected_at=NOW,
    )
    store = Store(STORE, WorkspaceId("T1"), "Harbour", "USD", state, NOW)
    assert shop.is_live is store.is_live is (state is ConnectionState.CONNECTED)
    assert "GCP_secret" not in repr(shop)


@pytest.mark.parametrize(
    "expires, stale",
    [(None, False), (timedelta(hours=2), False), (timedelta(hours=1), True), (timedelta(0), True)],
)
def test_a_token_is_stale_before_it_expires(expires: timedelta | None, stale: bool) -> None:
    token = Token(TokenKind.TIKTOK, "secret-a", NOW + expires if expires is not None else None, refresh="secret-r")
    assert token.is_stale(NOW, margin=timedelta(hours=1)) is stale
    assert "secret" not in repr(token)


@pytest.mark.parametrize("offset, rows, total, more", [(0, 10, 11, True), (10, 1, 11, False), (0, 0, 0, False)])
def test_a_page_knows_whether_more_follow(offset: int, rows: int, total: int, more: bool) -> None:
    assert Page(range(rows), total, offset, 10).has_more is more
