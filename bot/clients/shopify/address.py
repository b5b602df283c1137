"""A TikTok address as Shopify's MailingAddressInput: nothing masked, nothing too long, nothing refused. No I/O."""

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers

from bot.clients.shopify.provinces import WITHOUT, province_code
from bot.domain.orders import Address, masked

LONGEST = 255
_NOBODY = "TikTok Shop customer"  # some carriers refuse an empty last name
_COUNTRIES = {"UK": "GB", "EL": "GR"}


@dataclass(frozen=True)
class Placed:
    """`fields`: the input by Shopify's names. `hidden`: what TikTok masked. `cut`: full texts that did not fit.

    `phone_text`: the number as TikTok sent it when Shopify can't have it and it is not masked.
    """

    fields: dict[str, str]
    hidden: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    phone_text: str = ""


def place(address: Address, *, with_phone: bool = True) -> Placed:
    """Source of the rules: MailingAddressInput of the 2026-10 schema; see also `provinces.py`."""
    country = _country(address.region)
    first, last = _name(address)
    street, more = _street(address, country)
    phone = valid_phone(address.phone, country) if with_phone else None
    wanted = {
        "firstName": first,
        "lastName": last,
        "address1": street,
        "address2": more,
        "city": _open(address.city),
        "provinceCode": (province_code(country, _regions(address)) or "") if country else "",
        "zip": _open(address.postal_code),
        "countryCode": country or "",
        "phone": phone or "",
    }
    told = {key: clean(value) for key, value in wanted.items()}
    cut = tuple(value for value in told.values() if len(value) > LONGEST)
    fields = {key: value[:LONGEST].rstrip() for key, value in told.items() if value}
    number = clean(address.phone)
    return Placed(fields, _hidden(address), cut, "" if phone or masked(number) else number)


def clean(text: str) -> str:
    """Without control characters, runs of blanks, and texts that hold no letter or digit at all (emoji only)."""
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    kept = re.sub(r"\s+", " ", kept).strip()
    return kept if any(c.isalnum() for c in kept) else ""


def valid_phone(text: str, country: str | None) -> str | None:
    """E.164, or None when masked, incomplete or no number of any country."""
    plain = re.sub(r"[()]", "", text).strip()
    if not plain or masked(plain):
        return None
    try:
        number = phonenumbers.parse(plain, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _open(text: str) -> str:
    """The text unless TikTok masked it."""
    return "" if masked(text) else text


def _country(region: str) -> str | None:
    code = _COUNTRIES.get(region.upper(), region.upper())
    return code if code in phonenumbers.SUPPORTED_REGIONS else None


def _name(address: Address) -> tuple[str, str]:
    first, last = clean(_open(address.first_name)), clean(_open(address.last_name))
    if first and last:
        return first, last
    whole = clean(_open(address.name)) or first or last
    if not whole:
        return "", _NOBODY
    head, _, tail = whole.rpartition(" ")
    return head, tail


def _regions(address: Address) -> tuple[str, ...]:
    return tuple(name for level, name in address.districts if level in ("L1", "L2") and not masked(name))


def _street(address: Address, country: str | None) -> tuple[str, str]:
    """(address1, address2). A region whose code Shopify doesn't know, and an unknown country, stay as text."""
    lines = [line for line in map(clean, address.lines) if line and not masked(line)]
    rest = lines[1:]
    state = clean(_open(address.district("L1")))
    coded = bool(country) and province_code(country or "", _regions(address)) is not None
    if state and not coded and country not in WITHOUT and state != address.city:
        rest.append(state)
    if country is None and address.region:
        rest.append(clean(_open(address.district("L0"))) or address.region)
    street = lines[0] if lines else clean(_open(address.city))
    return street, ", ".join(part for part in rest if part != street)


def _hidden(address: Address) -> tuple[str, ...]:
    parts = {
        "name": (address.name, address.first_name, address.last_name),
        "phone": (address.phone,),
        "street": address.lines,
        "town": (address.city,),
        "postcode": (address.postal_code,),
    }
    return tuple(name for name, told in parts.items() if any(masked(text) for text in told))
