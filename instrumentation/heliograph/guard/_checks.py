"""What a regular expression cannot tell: check digits.

Each check takes what an expression found and says how many of its characters are to be replaced, 0 for none.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["card", "has_digit", "iban"]

# Lengths by leading digits of the issuers' ranges (ISO/IEC 7812; the ranges that card networks publish).
_ISSUERS: Final = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[68]\d)\d{11}"  # Diners
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12}"  # Discover
    r"|35\d{14}"  # JCB
    r"|62\d{14,17}",  # UnionPay
    re.ASCII,
)

# Length of an IBAN by country (SWIFT's IBAN registry, release 97).
_IBAN_LENGTHS: Final = {
    code: length
    for length, codes in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL FK SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU XK MN",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ TL OM SO",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "PT ST LY",
        26: "IS TR",
        27: "FR GR IT MC MR SM BI DJ",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for code in codes.split()
}


def has_digit(found: str) -> int:
    """Accept what contains a digit: words of prose do not."""
    return len(found) if any("0" <= each <= "9" for each in found) else 0


def card(found: str) -> int:
    """Accept the number of a card: an issuer's range and the check digit (Luhn, ISO/IEC 7812-1)."""
    digits = found.replace(" ", "").replace("-", "")
    if _ISSUERS.fullmatch(digits) is None:
        return 0
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + position % 2)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - the sum of both digits
    return len(found) if total % 10 == 0 else 0


def iban(found: str) -> int:
    """Accept an IBAN (ISO 13616: remainder 1 of 97), whatever words follow it within `found`."""
    wanted = _IBAN_LENGTHS.get(found[:2])
    if wanted is None:
        return 0
    end = seen = 0
    for end, character in enumerate(found, start=1):  # noqa: B007 - used after the loop
        seen += character != " "
        if seen == wanted:
            break
    if seen < wanted or found[end : end + 1].isalnum():
        return 0
    plain = found[:end].replace(" ", "")
    number = int("".join(str(int(each, 36)) for each in plain[4:] + plain[:4]))
    return end if number % 97 == 1 else 0
