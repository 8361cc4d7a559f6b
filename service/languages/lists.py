"""Several names, and numbers, as the spoken language writes them."""

from collections.abc import Sequence

from babel.lists import format_list
from babel.numbers import format_decimal

from service.languages.speech import manners


def joined(names: Sequence[str]) -> str:
    """Science, Climate and Energy"""
    return format_list(list(names), locale=manners())


def number(count: float) -> str:
    """12,500"""
    return format_decimal(count, locale=manners())


def capitalised(sentence: str) -> str:
    """Begin with a capital, and leave the rest as it is."""
    return sentence[:1].upper() + sentence[1:]
