"""Prices: the user's table, then published list prices, else none."""

import pytest

from farm.calls.settings import Price
from farm.calls.spending.prices import Prices, Usage

MILLION = 1_000_000
OPENAI = "https://api.openai.com/v1"


def test_list_prices_are_the_published_ones() -> None:
    # OpenAI's price list: gpt-4o-mini 0.15 USD per million input tokens, 0.075 cached, 0.60 output;
    # gpt-4o 2.50, 1.25 and 10.00.
    prices = Prices({})
    assert prices.cost_usd("gpt-4o-mini", OPENAI, Usage(MILLION, 0, MILLION)) == pytest.approx(0.75)
    assert prices.cost_usd("gpt-4o-mini", OPENAI, Usage(MILLION, MILLION, 0)) == pytest.approx(0.075)
    assert prices.cost_usd("gpt-4o", OPENAI, Usage(MILLION, 0, MILLION)) == pytest.approx(12.5)


def test_a_price_of_ones_own_comes_first() -> None:
    prices = Prices({"gpt-4o": Price(input_usd=1.0, cached_input_usd=0.1, output_usd=4.0)})
    # 3 fresh and 2 cached millions in, 1 out: 3 * 1.0 + 2 * 0.1 + 4.0
    assert prices.cost_usd("gpt-4o", OPENAI, Usage(5 * MILLION, 2 * MILLION, MILLION)) == pytest.approx(7.2)


def test_behind_an_unknown_address_the_name_decides() -> None:
    cost = Prices({}).cost_usd("gpt-4o-mini", "http://127.0.0.1:4000/v1", Usage(MILLION, 0, 0))
    assert cost == pytest.approx(0.15)


def test_what_nobody_knows_has_no_price() -> None:
    prices = Prices({})
    assert prices.cost_usd("my-own-model", "http://127.0.0.1:4000/v1", Usage(MILLION, 0, 0)) is None
    assert not prices.is_known("my-own-model", "http://127.0.0.1:4000/v1")
