"""What calls cost, by a maintained price list and by what the user says: docs/prices.md."""

from heliograph.genai._prices._book import Prices, Quote
from heliograph.genai._prices._overrides import check
from heliograph.genai._prices._problems import Mistake, PriceError
from heliograph.genai._prices._rates import RATES, Card

__all__ = ["RATES", "Card", "Mistake", "PriceError", "Prices", "Quote", "check"]
