"""The rows of the search index."""
# pyright: reportAssignmentType=false

from sqlalchemy import Column, Index, Integer, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from bot.store.columns import key as _key
from bot.store.columns import text as _text


class VariantSearchRow(SQLModel, table=True):
    """What a variant is found by; deleted ones have no row. `code`: folded SKU; `look`: what a person sees of it."""

    __tablename__ = "variant_search"
    __table_args__ = (
        UniqueConstraint("variant_id", name="variant_search_variant"),
        Index("variant_search_code", "store_id", "code"),
        Index("variant_search_look", "store_id", "look"),
        Index("variant_search_back", "store_id", "look_back"),
        Index("variant_search_gtin", "gtin", sqlite_where=text("gtin <> ''"), postgresql_where=text("gtin <> ''")),
        Index("variant_search_category", "category", "number"),
        Index("variant_search_product", "product_id"),
    )
    number: int | None = Field(default=None, sa_column=Column(Integer, primary_key=True, autoincrement=True))
    variant_id: str = _text()
    store_id: str = _text()
    product_id: str = _text()
    category: str = _text()
    code: str = _text()
    look: str = _text()
    look_back: str = _text()
    gtin: str = _text()
    hay: str = _text()


class VariantFacetRow(SQLModel, table=True):
    __tablename__ = "variant_facets"
    __table_args__ = (Index("variant_facets_number", "number"),)
    tag: str = _key()
    category: str = _key()
    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))


class ProductWordRow(SQLModel, table=True):
    """The words of product titles; the empty word stands for every product."""

    __tablename__ = "product_words"
    __table_args__ = (Index("product_words_product", "product_id"),)
    store_id: str = _key()
    word: str = _key()
    product_id: str = _key()
