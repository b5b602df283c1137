"""What orderCreate and orderUpdate refuse: addresses, phones, money, tags, lines. Every refusal is a userError."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import phonenumbers

from bot.rehearsal.shopify_context import user_error
from bot.rehearsal.shopify_world import Store

PROTECTED_SOURCES = {"web", "pos", "iphone", "android", "shopify_draft_order"}
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PROVINCES = {
    "US": "AL AK AS AZ AR CA CO CT DE DC FM FL GA GU HI ID IL IN IA KS KY LA ME MH MD MA MI MN MS MO MT NE NV NH NJ NM "
    "NY NC ND MP OH OK OR PW PA PR RI SC SD TN TX UT VT VI VA WA WV WI WY AA AE AP",
    "CA": "AB BC MB NB NL NT NS NU ON PE QC SK YT",
    "GB": "ENG SCT WLS NIR BFP",
    "AU": "ACT NSW NT QLD SA TAS VIC WA",
}
Input = Mapping[str, Any]
Errors = list[dict[str, Any]]


@dataclass
class Checked:
    """The order input under test and whose store it is for."""

    store: Store
    now: datetime
    given: Input


def phone_is_valid(phone: str, country: str | None) -> bool:
    """Masked and impossible numbers are refused; a national one is read by the address's country."""
    if not re.fullmatch(r"\+?[\d\s().\-/]+", phone.strip()):
        return False
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(phone, country))
    except phonenumbers.NumberParseException:
        return False


def address(given: Input | None) -> dict[str, Any] | None:
    """A MailingAddressInput as it is stored and read back; a province the country does not have is dropped."""
    if not given:
        return None
    names = ("address1", "address2", "city", "company", "zip", "phone", "province", "country")
    stored = {name: given.get(name) for name in names}
    stored["first_name"], stored["last_name"] = given.get("firstName"), given.get("lastName")
    stored["name"] = " ".join(part for part in (given.get("firstName"), given.get("lastName")) if part) or None
    country = stored["country_code_v2"] = given.get("countryCode")
    stored["province_code"] = given.get("provinceCode") if country in PROVINCES else None
    stored["id"] = "gid://shopify/MailingAddress/1?model_name=Address"
    return stored


def check_address(given: Input | None, path: list[str], requires: frozenset[str] = frozenset()) -> Errors:
    if not given:
        return []
    errors = []
    country = given.get("countryCode")
    for name, value in given.items():
        if isinstance(value, str) and len(value) > 255:
            errors.append(user_error([*path, name], f"{name} is too long (maximum is 255 characters)", "INVALID"))
    for name in sorted(requires - {"E164"}):
        if not (given.get(name) or "").strip() and (name != "provinceCode" or country in PROVINCES):
            errors.append(user_error([*path, name], f"{name} can't be blank", "INVALID"))
    phone = given.get("phone")
    if phone and not phone_is_valid(phone, None if "E164" in requires else country):
        errors.append(user_error([*path, "phone"], f"phone {phone} is invalid", "INVALID"))
    province = given.get("provinceCode")
    if province and country in PROVINCES and province.upper() not in PROVINCES[country].split():
        errors.append(user_error([*path, "provinceCode"], "province is not valid for the country", "INVALID"))
    return errors


def check_tags(tags: Sequence[str], path: list[str]) -> Errors:
    if len(tags) > 250:
        return [user_error(path, "Tags can't be more than 250", "INVALID")]
    errors = []
    for tag in tags:
        if "," in tag:
            errors.append(user_error(path, "Tags can't include commas", "INVALID"))
        elif len(tag.strip()) > 40:
            errors.append(user_error(path, f"Tag {tag[:20]}… is too long (maximum is 40 characters)", "INVALID"))
    return errors


def check_contact(given: Input, path: list[str]) -> Errors:
    """E-mail, phone and note of an order."""
    errors = []
    if (email := given.get("email")) and not EMAIL.fullmatch(email):
        errors.append(user_error([*path, "email"], "Email is invalid", "INVALID"))
    country = (given.get("shippingAddress") or {}).get("countryCode")
    phone = given.get("phone")
    if phone and not phone_is_valid(phone, country):
        errors.append(user_error([*path, "phone"], "Phone is invalid", "INVALID"))
    if len(given.get("note") or "") > 5000:
        errors.append(user_error([*path, "note"], "Note is too long (maximum is 5000 characters)", "INVALID"))
    return errors


def check_order(checked: Checked) -> Errors:
    """All userErrors of an orderCreate input; empty: the order can be made."""
    given, store = checked.given, checked.store
    if too_many := _pace(checked):
        return too_many
    errors = _check_customer(given) + _check_lines(checked) + _check_money(checked)
    errors += check_contact(given, ["order"]) + check_tags(given.get("tags") or [], ["order", "tags"])
    errors += check_address(given.get("shippingAddress"), ["order", "shippingAddress"], store.requires)
    errors += check_address(given.get("billingAddress"), ["order", "billingAddress"])
    if (given.get("sourceName") or "").lower() in PROTECTED_SOURCES:
        errors.append(user_error(["order", "sourceName"], "Source name is protected", "INVALID"))
    codes = [part for part in (given.get("discountCode") or {}).values() if part]
    if len(codes) > 1:
        errors.append(user_error(["order", "discountCode"], "Only one discount code is allowed", "INVALID"))
    return errors


def _pace(checked: Checked) -> Errors:
    limit = checked.store.orders_per_minute
    since = checked.now - timedelta(seconds=60)
    if limit is None or sum(order.created_at > since for order in checked.store.orders.values()) < limit:
        return []
    return [user_error(None, "Exceeded order API rate limit, please try again in a minute")]


def _check_customer(given: Input) -> Errors:
    if given.get("customer") and given.get("customerId"):
        message = "Only one way of naming the customer is allowed"
        return [user_error(["order", "customer"], message, "REDUNDANT_CUSTOMER_FIELDS")]
    return []


def _check_lines(checked: Checked) -> Errors:
    lines = checked.given.get("lineItems") or []
    if not lines:
        return [user_error(["order", "lineItems"], "Line items must have at least one line item", "INVALID")]
    if len(lines) > 250:
        return [user_error(["order", "lineItems"], "Line items can't be more than 250", "INVALID")]
    errors = []
    for place, line in enumerate(lines):
        path = ["order", "lineItems", str(place)]
        variant = line.get("variantId")
        if variant and variant not in checked.store.variants:
            errors.append(user_error([*path, "variantId"], "Variant does not exist", "INVALID"))
        if not variant and not (line.get("title") or "").strip():
            errors.append(user_error([*path, "title"], "Title can't be blank", "INVALID"))
        if line["quantity"] < 1:
            errors.append(user_error([*path, "quantity"], "Quantity must be greater than 0", "INVALID"))
    return errors


def _bags(given: Input) -> Iterator[tuple[list[str], Input]]:
    """Every MoneyBagInput of the order with its path."""

    def taxes(owner: Input, path: list[str]) -> Iterator[tuple[list[str], Input]]:
        for place, tax in enumerate(owner.get("taxLines") or []):
            if tax.get("priceSet"):
                yield [*path, "taxLines", str(place), "priceSet"], tax["priceSet"]

    for name in ("lineItems", "shippingLines"):
        for place, line in enumerate(given.get(name) or []):
            path = ["order", name, str(place)]
            if line.get("priceSet"):
                yield [*path, "priceSet"], line["priceSet"]
            yield from taxes(line, path)
    yield from taxes(given, ["order"])
    for place, payment in enumerate(given.get("transactions") or []):
        yield ["order", "transactions", str(place), "amountSet"], payment["amountSet"]
    fixed = (given.get("discountCode") or {}).get("itemFixedDiscountCode") or {}
    if fixed.get("amountSet"):
        yield ["order", "discountCode", "itemFixedDiscountCode", "amountSet"], fixed["amountSet"]


def _check_money(checked: Checked) -> Errors:
    given, own = checked.given, checked.store.currency_code
    shown = given.get("presentmentCurrency") or own
    errors = []
    if (given.get("currency") or own) != own:
        errors.append(user_error(["order", "currency"], f"Currency must be the shop's currency {own}", "INVALID"))
    for path, bag in _bags(given):
        presented = bag.get("presentmentMoney")
        if bag["shopMoney"]["currencyCode"] != own:
            message = f"Shop money must be in the shop's currency {own}"
            errors.append(user_error([*path, "shopMoney"], message, "INVALID"))
        elif presented and presented["currencyCode"] != shown:
            message = f"Presentment money must be in the presentment currency {shown}"
            errors.append(user_error([*path, "presentmentMoney"], message, "INVALID"))
        elif not presented and shown != own:
            message = "Presentment money is required when the presentment currency differs"
            errors.append(user_error([*path, "presentmentMoney"], message, "INVALID"))
        if Decimal(str(bag["shopMoney"]["amount"])) < 0:
            errors.append(user_error([*path, "shopMoney"], "Amount can't be negative", "INVALID"))
    on_lines = any(line.get("taxLines") for line in given.get("lineItems") or [])
    if given.get("taxLines") and on_lines:
        message = "Tax lines can be on the order or on its line items, not both"
        errors.append(user_error(["order", "taxLines"], message, "INVALID"))
    return errors
