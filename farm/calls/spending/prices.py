"""What a reply costs: a table of one's own first, then the list prices of the library genai-prices.

The library is asked with the endpoint's address; behind an address that it does not know (a gateway, a server of one's
own) the model's name decides. A model that neither knows has no price, which is None and never 0.
"""

import functools
from collections.abc import Mapping
from typing import NamedTuple

from farm.calls.settings import Price


class Usage(NamedTuple):
    """Tokens of one reply."""

    n_prompt: int
    n_cached_prompt: int
    """Of n_prompt, those that the provider's prefix cache held."""
    n_completion: int


NO_USAGE = Usage(0, 0, 0)


class Prices:
    """Prices of the models of one run."""

    def __init__(self, table: Mapping[str, Price]) -> None:
        self._table = table

    def cost_usd(self, model: str, base_url: str, usage: Usage) -> float | None:
        """USD for one reply; None if no price is known."""
        own = self._table.get(model)
        if own is not None:
            fresh = usage.n_prompt - usage.n_cached_prompt
            cost = fresh * own.input_usd + usage.n_cached_prompt * own.cached_input_usd
            return (cost + usage.n_completion * own.output_usd) / 1e6
        if not self.is_known(model, base_url):
            return None
        return _list_cost(model, _address(model, base_url), usage)

    def is_known(self, model: str, base_url: str) -> bool:
        """Whether replies of this model have a price."""
        return model in self._table or _list_cost(model, _address(model, base_url), Usage(1, 0, 1)) is not None


@functools.lru_cache(maxsize=256)
def _address(model: str, base_url: str) -> str | None:
    """The address, if the library knows a provider there."""
    return base_url if _list_cost(model, base_url, Usage(1, 0, 1)) is not None else None


@functools.lru_cache(maxsize=4096)
def _list_cost(model: str, base_url: str | None, usage: Usage) -> float | None:
    # Imported here: its data take a while to load, and reading the cache needs none.
    import genai_prices

    asked = genai_prices.Usage(
        input_tokens=usage.n_prompt, cache_read_tokens=usage.n_cached_prompt, output_tokens=usage.n_completion
    )
    try:
        if base_url is None:
            return float(genai_prices.calc_price(asked, model).total_price)
        return float(genai_prices.calc_price(asked, model, provider_api_url=base_url).total_price)
    except LookupError:
        return None


def price_override(model: str) -> str:
    """What to write on the command line to give a model a price; the name may hold dots, slashes and colons."""
    name = model.replace(":", r"\:")
    return f"'+calls.prices={{{name}: {{input_usd: 1, cached_input_usd: 1, output_usd: 2}}}}'"
