"""Requests and settings for tests of calls."""

from pathlib import Path

from farm.calls.request import Decoding, ModelSlot, Request
from farm.calls.settings import CallSettings, HumanPrice, LocalSettings, Price
from farm.conversation import Message

DECODING = Decoding(temperature=0.0, max_tokens=10)
MILLIONTHS = Price(input_usd=1.0, cached_input_usd=0.5, output_usd=2.0)


def settings(
    cache: Path | None,
    *,
    concurrency: int = 16,
    timeout_seconds: float = 5.0,
    max_attempts: int = 6,
    max_wait_seconds: float = 60.0,
    budget_usd: float | None = None,
    budget_calls: int | None = None,
    allow_host: tuple[str, ...] = (),
) -> CallSettings:
    return CallSettings(
        cache=cache,
        concurrency=concurrency,
        timeout_seconds=timeout_seconds,
        max_attempts=max_attempts,
        max_wait_seconds=max_wait_seconds,
        budget_usd=budget_usd,
        budget_calls=budget_calls,
        allow_host=allow_host,
        max_unparsed=0.5,
        prices={"scripted": MILLIONTHS},
        human=HumanPrice(usd_per_1000=300.0, hours_per_1000=10.0),
        local=LocalSettings(device="cpu", dtype="float32", batch_size=4, threads=None),
    )


def slot(base_url: str, *, model: str = "scripted", key: str = "NOBODY_SET_THIS_API_KEY") -> ModelSlot:
    return ModelSlot(model=model, kind="endpoint", base_url=base_url, api_key_variable=key)


def questions(where: ModelSlot, n: int, *, decoding: Decoding = DECODING, start: int = 0) -> list[Request]:
    """Different questions, about 100 characters each."""
    return [
        Request(slot=where, messages=(Message("user", f"Question {i}: {'which is better? ' * 6}"),), decoding=decoding)
        for i in range(start, start + n)
    ]
