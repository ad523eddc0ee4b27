"""How judge models are asked: conf/calls/*.yaml as an object."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from farm.config.checks import check_fields


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a model costs that the price library does not know, in USD per million tokens."""

    input_usd: float
    """Of the prompt."""
    cached_input_usd: float
    """Of the part of the prompt that the provider's prefix cache held."""
    output_usd: float
    """Of the reply."""

    def __post_init__(self) -> None:
        if min(self.input_usd, self.cached_input_usd, self.output_usd) < 0:
            raise ValueError("prices must be at least 0 USD per million tokens")


@dataclass(frozen=True, kw_only=True)
class HumanPrice:
    """What human annotators take for the same work; printed beside what judges take."""

    usd_per_1000: float
    """For 1,000 comparisons."""
    hours_per_1000: float
    """For 1,000 comparisons."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"usd_per_1000": 0, "hours_per_1000": 0})


@dataclass(frozen=True, kw_only=True)
class LocalSettings:
    """How local causal LMs run."""

    device: str
    """cpu, cuda, cuda:1, or auto."""
    dtype: Literal["float32", "bfloat16", "float16"]
    """Weights and arithmetic."""
    batch_size: int
    """Sequences per forward pass."""
    threads: int | None
    """CPU threads; None for all cores."""

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")


@dataclass(frozen=True, kw_only=True)
class CallSettings:
    """conf/calls/*.yaml"""

    cache: Path | None
    """SQLite file of everything that was answered; None for no cache."""
    concurrency: int
    """Requests in flight at once, at most; rate limits lower it for a while."""
    timeout_seconds: float
    """One try, from sending to the last byte."""
    max_attempts: int
    """Tries of one request before it is given up; being told to slow down does not count."""
    max_wait_seconds: float
    """One request with all its tries and waits, from its first try on."""
    budget_usd: float | None
    """This run sends nothing that could bring its spending above it; None for no bound."""
    budget_calls: int | None
    """Calls that this run pays for, at most; None for no bound."""
    allow_host: tuple[str, ...]
    """Servers that the command line allows keys and prompts to go to (`farm.calls.http.hosts`)."""
    max_unparsed: float
    """Share of verdicts that may be missing before a run says so first and ends with exit code 3."""
    prices: Mapping[str, Price]
    """By model name; they come before those of the price library."""
    human: HumanPrice
    """The price of people for the same work."""
    local: LocalSettings
    """How local models run."""

    def __post_init__(self) -> None:
        bounds = {
            "concurrency": (self.concurrency, 1),
            "max_attempts": (self.max_attempts, 1),
            "budget_usd": (self.budget_usd, 0),
            "budget_calls": (self.budget_calls, 0),
        }
        for name, (value, low) in bounds.items():
            if value is not None and value < low:
                raise ValueError(f"{name} must be at least {low}, got {value}")
        if not 0.0 <= self.max_unparsed <= 1.0:
            raise ValueError(f"max_unparsed must be from 0 to 1, got {self.max_unparsed}")
        if self.timeout_seconds <= 0 or self.max_wait_seconds < 0:
            raise ValueError(
                "timeout_seconds must be above 0 and max_wait_seconds at least 0, "
                f"got {self.timeout_seconds} and {self.max_wait_seconds}"
            )
