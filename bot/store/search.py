"""The search index of variants: filled beside the catalogue, asked by words, filters, SKUs and barcodes.

Rows stand for variants that are not deleted. SQLite keeps a trigram table beside it by triggers; Postgres a trigram
index where it may. Both take the same statements but for that one condition.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, select, text

from bot.domain.board import VariantQuery
from bot.domain.catalogue import Listing, Variant
from bot.domain.evidence import Rarity
from bot.domain.searching import Hit, fits, is_short, meant, rank, typed
from bot.domain.sides import title_of
from bot.domain.values import StoreId, VariantId
from bot.domain.words import fold, gtin, index_words, is_wide, looks, words
from bot.store.dialect import chunks, like, upsert
from bot.store.search_tables import ProductWordRow, VariantFacetRow, VariantSearchRow
from bot.store.shops import table_of
from bot.store.tables import VariantRow as VariantTable

SEARCH, FACETS, WORDS = table_of(VariantSearchRow), table_of(VariantFacetRow), table_of(ProductWordRow)
VARIANTS = table_of(VariantTable)
INNER = 500
"""Hits that are ranked; more than these are only said to be there."""
_FEW = 5000
"""Rows that filters may leave to be looked at one by one; above it the words lead."""
_COMMON = 2000
"""Places of a word from which it is common."""
_END = "\U0010ffff"
_NEIGHBOURS = 6
_PRODUCTS, _LIKELY, _ROWS = 30, 12, 160
_BUDGET = 1_000
"""Places of words in products that are read for one listing, the rarest words first."""


@dataclass(frozen=True)
class Found:
    """`is_more`: there are more than `ids` tells."""

    ids: list[VariantId]
    is_more: bool


class SearchIndex:
    """Every question names the stores it is about."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"

    # --- upkeep ------------------------------------------------------------------------------------------------------

    def put(self, variants: Sequence[Variant]) -> None:
        """New and changed ones, deleted ones left out."""
        for part in chunks(variants):
            upsert(self._connection, SEARCH, [_row(one) for one in part], ["variant_id"])
            numbers = self._numbers([one.id for one in part])
            self._connection.execute(delete(FACETS).where(FACETS.c.number.in_(numbers.values())))
            facets = [
                {"tag": tag, "category": one.category, "number": numbers[one.id]}
                for one in part
                for tag in dict.fromkeys(one.tags)
            ]
            if facets:
                self._connection.execute(FACETS.insert(), facets)
            self._put_words(part)

    def _put_words(self, variants: Sequence[Variant]) -> None:
        products = {one.product_id: one for one in variants}
        self._connection.execute(delete(WORDS).where(WORDS.c.product_id.in_(list(products))))
        rows = [
            {"store_id": one.store_id, "word": word, "product_id": key}
            for key, one in products.items()
            for word in ("", *index_words(one.title))  # "": every product, to count them
        ]
        self._connection.execute(WORDS.insert(), rows)

    def drop(self, ids: Sequence[VariantId]) -> None:
        for part in chunks(ids):
            mine = SEARCH.c.variant_id.in_(part)
            products = set(self._connection.execute(select(SEARCH.c.product_id).where(mine)).scalars())
            numbers = list(self._numbers(part).values())
            self._connection.execute(delete(FACETS).where(FACETS.c.number.in_(numbers)))
            self._connection.execute(delete(SEARCH).where(mine))
            left = select(SEARCH.c.product_id).where(SEARCH.c.product_id.in_(products))
            gone = products - set(self._connection.execute(left).scalars())
            self._connection.execute(delete(WORDS).where(WORDS.c.product_id.in_(gone)))

    def _numbers(self, ids: Sequence[VariantId]) -> dict[VariantId, int]:
        query = select(SEARCH.c.variant_id, SEARCH.c.number).where(SEARCH.c.variant_id.in_(list(ids)))
        return {VariantId(variant): number for variant, number in self._connection.execute(query)}

    # --- typed words -------------------------------------------------------------------------------------------------

    def search(self, stores: Sequence[StoreId], query: VariantQuery, limit: int) -> Found:
        """The best hits of a typed search, all words AND, filters as `facets` says. Typing errors are forgiven."""
        wanted = typed(query.words)
        found, is_more = self._hits(stores, query, wanted)
        if not found and wanted:
            found, is_more = self._near_hits(stores, query, wanted)
        ranked = rank(found, query.words)
        return Found([hit.variant_id for hit in ranked[:limit]], is_more or len(ranked) > limit)

    def _hits(self, stores: Sequence[StoreId], query: VariantQuery, wanted: list[str]) -> tuple[list[Hit], bool]:
        # as an expression, so that the stores, which are few, never lead the search
        filters = [SEARCH.c.store_id.concat("").in_(stores), *facets(query)]
        if len(filters) > 1:
            few = self._rows(filters, _FEW + 1)
            if len(few) <= _FEW:
                fitting = [hit for hit in few if fits(hit, wanted)]
                return fitting, False
        code = " ".join(wanted)
        in_code = [SEARCH.c.store_id.in_(stores), *filters[1:]]
        first = self._rows([*in_code, SEARCH.c.code >= code, SEARCH.c.code < code + _END], 100) if code else []
        more = self._rows([*filters, *self._places(stores, wanted)], INNER)
        hits = {hit.variant_id: hit for hit in (*first, *more) if fits(hit, wanted)}
        return list(hits.values()), len(more) == INNER or len(first) == 100

    def _places(self, stores: Sequence[StoreId], wanted: list[str]) -> list[Any]:
        """Conditions for every word, the ones that an index answers first: trigrams, else the list of words.

        All of them stand in the statement: what is left out of it and looked at later is lost behind its limit.
        """
        long = [word for word in wanted if len(word) >= 3]
        rest = [word for word in wanted if len(word) < 3]
        if not long:
            starts = [
                part for word in rest for part in (words(word) if is_wide(word) else [word] if is_short(word) else [])
            ]
            places = [self._with_word(stores, part) for part in starts]
            return places + [SEARCH.c.hay.like(like(word), escape="\\") for word in rest if not is_short(word)]
        if not self._is_sqlite:
            return [SEARCH.c.hay.like(like(word), escape="\\") for word in wanted]
        quoted = " AND ".join('"' + word.replace('"', '""') + '"' for word in long)
        match = text("select rowid from variant_fts where variant_fts match :typed").bindparams(typed=quoted)
        found = SEARCH.c.number.in_(match.columns(SEARCH.c.number))
        return [found, *(SEARCH.c.hay.like(like(word), escape="\\") for word in rest)]

    def _with_word(self, stores: Sequence[StoreId], start: str) -> Any:
        """Products with a word that begins so; a CJK character is a word of its own.

        A rare beginning is a list of products; a common one is asked row by row, which soon fills the limit.
        """
        begins = WORDS.c.word == start if is_wide(start) else and_(WORDS.c.word >= start, WORDS.c.word < start + _END)
        mine = select(WORDS.c.product_id).where(WORDS.c.store_id.in_(stores), begins)
        products = self._connection.execute(mine.limit(_COMMON)).scalars().all()
        if len(products) < _COMMON:
            return SEARCH.c.product_id.in_(mine)
        return exists().where(WORDS.c.product_id == SEARCH.c.product_id, begins)

    def _near_hits(self, stores: Sequence[StoreId], query: VariantQuery, wanted: list[str]) -> tuple[list[Hit], bool]:
        """The words that were meant: known words with the same two first letters, or without the first one."""
        for place, word in enumerate(wanted):
            if len(word) < 4:
                continue
            for known in meant(word, self._vocabulary(stores, word[:2])) or meant(
                word, self._vocabulary(stores, word[0])
            ):
                found, is_more = self._hits(stores, query, [*wanted[:place], known, *wanted[place + 1 :]])
                if found:
                    return found, is_more
        near = self.near_codes(stores, [looks(" ".join(wanted))]) if len("".join(wanted)) >= 5 else []
        rows = self._rows([SEARCH.c.variant_id.in_(near), *facets(query)], INNER)
        close = [hit for hit in rows if meant(looks(" ".join(wanted)), [looks(hit.code)])]
        return close, False

    def _vocabulary(self, stores: Sequence[StoreId], start: str) -> Iterable[str]:
        query = select(WORDS.c.word).distinct().where(WORDS.c.store_id.in_(stores))
        query = query.where(WORDS.c.word >= start, WORDS.c.word < start + _END).limit(20_000)
        return self._connection.execute(query).scalars().all()

    def _rows(self, wanted: Sequence[Any], limit: int) -> list[Hit]:
        query = select(SEARCH.c.variant_id, SEARCH.c.code, SEARCH.c.hay).where(and_(*wanted)).limit(limit)
        return [Hit(VariantId(row[0]), row[1], row[2]) for row in self._connection.execute(query)]

    # --- candidates for a listing ------------------------------------------------------------------------------------

    def candidates(self, stores: Sequence[StoreId], listing: Listing) -> tuple[list[VariantId], Rarity]:
        """Variants that may be the listing's: by words of its name, by its SKU's neighbours, by its barcode."""
        about = index_words(f"{listing.title} {listing.variation}"[:300]) | index_words(listing.sku)
        about |= {looks(listing.sku).lower(), fold(listing.sku)}
        counts = self._counts(stores, about)
        products = counts.pop("", 1)
        titles = self._titles(stores, listing, counts)
        counts |= self._counts(stores, {word for title in titles.values() for word in title_of(title).set} - about)
        rarity = Rarity(counts, products)
        likely = list(titles)
        ids = self.near_codes(stores, _probes(listing.sku))
        codes = [looks(code) for code in title_of(listing.title).models]
        ids += self.near_codes(stores, codes[:3], 2)
        ids += self._by_gtin(stores, [code for code in (gtin(listing.gtin), gtin(listing.sku)) if code])
        ids += self._of_products(stores, likely)
        return list(dict.fromkeys(ids))[:_ROWS], rarity

    def _counts(self, stores: Sequence[StoreId], about: Iterable[str]) -> dict[str, int]:
        """In how many products each word stands; "" for all products."""
        query = select(WORDS.c.word, func.count()).where(WORDS.c.store_id.in_(stores), WORDS.c.word.in_({"", *about}))
        return {word: int(n) for word, n in self._connection.execute(query.group_by(WORDS.c.word))}

    def _titles(self, stores: Sequence[StoreId], listing: Listing, counts: dict[str, int]) -> dict[str, str]:
        """Product → title of the most promising products, by the rarity of the words they have in common."""
        chosen, budget = list[str](), _BUDGET
        for word in sorted(counts, key=lambda one: (counts[one], one)):
            budget -= counts[word]
            if budget < 0 and chosen:
                break
            chosen.append(word)
        keys = self._code_products(stores, listing)
        rarity = Rarity(counts, 10 * max(counts.values(), default=1))
        score: dict[str, float] = {}
        query = select(WORDS.c.word, WORDS.c.product_id).where(WORDS.c.store_id.in_(stores), WORDS.c.word.in_(chosen))
        for word, product in self._connection.execute(query) if chosen else ():
            score[product] = score.get(product, 0.0) + rarity.of(word)
        likely = sorted(score, key=lambda key: (-score[key], key))[:_PRODUCTS]
        titles = self._titles_of(stores, [*keys, *likely])
        # a short name that is all there says more than a long one with the same words
        worth = {key: score[key] / (4 + len(index_words(titles[key]))) ** 0.5 for key in likely if key in titles}
        best = sorted(worth, key=lambda key: (-worth[key], key))[:_LIKELY]
        return {key: titles[key] for key in (*keys, *best) if key in titles}

    def _titles_of(self, stores: Sequence[StoreId], products: Sequence[str]) -> dict[str, str]:
        query = select(VARIANTS.c.product_id, func.min(VARIANTS.c.title)).where(VARIANTS.c.product_id.in_(products))
        query = query.where(VARIANTS.c.store_id.in_(stores)).group_by(VARIANTS.c.product_id)
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def _code_products(self, stores: Sequence[StoreId], listing: Listing) -> list[str]:
        """Products with a model number next to the listing's in the order of words."""
        keys: list[str] = []
        for code in list(title_of(listing.title).codes)[:4]:
            start = code[:4]
            near = select(WORDS.c.product_id).where(
                WORDS.c.store_id.in_(stores), WORDS.c.word >= start, WORDS.c.word < start + _END
            )
            keys += self._connection.execute(near.order_by(WORDS.c.word).limit(6)).scalars()
        return keys

    def near_codes(self, stores: Sequence[StoreId], probes: Sequence[str], count: int = _NEIGHBOURS) -> list[VariantId]:
        """Neighbours of each SKU in the order of SKUs, forwards and backwards: they share a beginning or an end."""
        found: list[VariantId] = []
        for store in stores:
            for probe in probes:
                for up, down, key in ((*_FORWARDS, probe), (*_BACKWARDS, probe[::-1])):
                    values = {"store": store, "key": key, "count": count}
                    rows = [tuple(row) for query in (up, down) for row in self._connection.execute(query, values)]
                    found += [VariantId(row[0]) for row in rows if _touches(row[1], key)]
        return found

    def _by_gtin(self, stores: Sequence[StoreId], codes: Sequence[str]) -> list[VariantId]:
        if not codes:
            return []
        query = select(SEARCH.c.store_id, SEARCH.c.variant_id).where(
            SEARCH.c.gtin.in_(list(codes)), SEARCH.c.gtin != ""
        )
        rows = self._connection.execute(query.limit(50))
        return [VariantId(row[1]) for row in rows if row[0] in stores]

    def _of_products(self, stores: Sequence[StoreId], products: Sequence[str]) -> list[VariantId]:
        # the stores are looked at here: named in the statement they would lead SQLite to the wrong index
        if not products:
            return []
        query = select(SEARCH.c.store_id, SEARCH.c.product_id, SEARCH.c.variant_id)
        rows = self._connection.execute(query.where(SEARCH.c.product_id.in_(list(products))).limit(2000)).all()
        order = {key: place for place, key in enumerate(products)}
        return [VariantId(row[2]) for row in sorted(rows, key=lambda row: (order[row[1]], row[2])) if row[0] in stores]


def facets(query: VariantQuery) -> list[Any]:
    """Categories and tags: OR inside, AND between."""
    if query.tags:
        mine = [FACETS.c.tag.in_(query.tags)]
        if query.categories:
            mine.append(FACETS.c.category.in_(query.categories))
        return [SEARCH.c.number.in_(select(FACETS.c.number).where(*mine))]
    return [SEARCH.c.category.in_(query.categories)] if query.categories else []


def _probes(sku: str) -> list[str]:
    """The SKU as it looks, and without or with its first or last part elsewhere: affixes and swapped parts."""
    parts = [part for part in re.split(r"[^0-9A-Za-z]+", sku.strip()) if part]
    forms = [sku]
    if len(parts) > 1:
        forms += [
            "".join(parts[1:]),
            "".join(parts[:-1]),
            "".join(parts[1:] + parts[:1]),
            "".join(parts[-1:] + parts[:-1]),
        ]
    return [look for look in dict.fromkeys(map(looks, forms)) if len(look) >= 3]


def _touches(look: str, key: str) -> bool:
    """Do they begin alike for long enough to be worth a look?"""
    return look[: max(3, min(len(look), len(key)) * 2 // 5)] == key[: max(3, min(len(look), len(key)) * 2 // 5)]


def _neighbours(column: Any) -> tuple[Any, Any]:
    """Statements for the next rows and the ones before, built once."""
    key, count = bindparam("key"), bindparam("count")
    mine = select(SEARCH.c.variant_id, column).where(SEARCH.c.store_id == bindparam("store"))
    up = mine.where(column >= key).order_by(SEARCH.c.store_id, column).limit(count)
    down = mine.where(column < key, column != "").order_by(SEARCH.c.store_id.desc(), column.desc()).limit(count)
    return up, down


_FORWARDS, _BACKWARDS = _neighbours(SEARCH.c.look), _neighbours(SEARCH.c.look_back)


def _row(variant: Variant) -> dict[str, Any]:
    look = looks(variant.sku)
    return {
        "variant_id": variant.id,
        "store_id": variant.store_id,
        "product_id": variant.product_id,
        "category": variant.category,
        "code": fold(variant.sku.strip()),
        "look": look,
        "look_back": look[::-1],
        "gtin": gtin(variant.barcode) or gtin(variant.sku),
        "hay": fold(f"{variant.title} {variant.options} {variant.sku}"),
    }
