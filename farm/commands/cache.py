"""`farm cache`: look at what has been asked of judge models, export it, or forget some of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from farm.addresses import with_shown_addresses
from farm.calls.cache.cache_contents import ModelContents, contents, export_lines, prune, size_bytes
from farm.calls.spending.ledger import money, tokens
from farm.config.compose import compose_one
from farm.config.objects import ConfigError, Problem, build
from farm.disk import whole_file
from farm.errors import UserError
from farm.plain_text import cell, say

ACTIONS = ("look", "export", "prune")
"""Words that the command line has checked (farm/commands/shell/registry.py)."""


@dataclass(frozen=True, kw_only=True)
class CacheCommand:
    """conf/cache.yaml"""

    root: Path
    """Where the artifacts are."""
    cache: Path
    """The file."""
    output: Path | None
    """JSON Lines file of an export."""
    older_than_days: float | None
    """Only replies made longer ago."""
    judge_model: str | None
    """Only replies of this model."""

    def __post_init__(self) -> None:
        if self.older_than_days is not None and self.older_than_days < 0:
            raise ValueError(f"older_than_days must be at least 0, got {self.older_than_days}")


def cache(arguments: Sequence[str]) -> int:
    """Look, export or prune; returns the exit code."""
    words = [a for a in arguments if "=" not in a]
    if len(words) > 1:
        raise ConfigError([Problem(words[1], f"one of {', '.join(ACTIONS)} at a time")])
    action = words[0] if words else "look"
    overrides = [a for a in arguments if a not in words]
    settings = compose_one("cache", overrides, lambda config: build(CacheCommand, config))
    path = settings.cache.expanduser()
    _check(action, settings)
    if not path.exists():
        if action == "look":
            say(f"{path}: no model has been asked anything yet")
            return 0
        raise UserError(f"{path}: there is no call cache here; give root=DIR or cache=FILE")
    if action == "export":
        _export(settings, path)
    elif action == "prune":
        before = size_bytes(path)
        n = prune(path, model=settings.judge_model, older_than_days=settings.older_than_days)
        say(f"{path}: {n:,} replies forgotten, {_size(before)} before, {_size(size_bytes(path))} now")
    else:
        print("\n".join(_table(path)))
    return 0


def _check(action: str, settings: CacheCommand) -> None:
    problems = []
    if action == "export" and settings.output is None:
        problems.append(Problem("output", "say where to, e.g. farm cache export output=calls.jsonl"))
    if action == "prune" and settings.judge_model is None and settings.older_than_days is None:
        problems.append(
            Problem("older_than_days", "say what to forget: older_than_days=N (0 for all of it) or judge_model=NAME")
        )
    if action != "export" and settings.output is not None:
        problems.append(Problem("output", "is for `farm cache export`"))
    if action == "look" and (settings.judge_model is not None or settings.older_than_days is not None):
        problems.append(
            Problem("judge_model", "judge_model and older_than_days are for `farm cache export` and `farm cache prune`")
        )
    if problems:
        raise ConfigError(problems)


def _export(settings: CacheCommand, path: Path) -> None:
    output = settings.output
    assert output is not None
    n = 0
    lines = export_lines(path, model=settings.judge_model, older_than_days=settings.older_than_days)
    try:
        with whole_file(output) as draft, draft.open("w") as file:
            for line in lines:
                file.write(line + "\n")
                n += 1
    except OSError as error:
        raise UserError(f"{output}: cannot write the export: {error.strerror}") from error
    say(f"{output}: {n:,} replies with their requests, {_size(output.stat().st_size)}")


def _table(path: Path) -> Iterator[str]:
    found = contents(path)
    n_replies = sum(model.n_replies for model in found)
    cost, n_unpriced = sum(model.cost_usd for model in found), sum(model.n_unpriced for model in found)
    yield f"{path}: {n_replies:,} replies, {_size(size_bytes(path))}, {_cost(cost, n_unpriced)}"
    if not found:
        return
    head = ("model", "replies", "prompt", "cached", "completion", "cost", "latency", "last", "endpoint")
    table = [head, *(_cells(model) for model in found)]
    widths = [max(len(row[i]) for row in table) for i in range(len(head) - 1)]
    yield ""
    for row in table:
        first, *rest = (text.rjust(width) for text, width in zip(row[:-1], widths, strict=True))
        yield "  ".join(chain([first.strip().ljust(widths[0])], rest, [row[-1]])).rstrip()


def _cells(model: ModelContents) -> tuple[str, ...]:
    name, endpoint = cell(model.model), cell(with_shown_addresses(model.endpoint))
    return (
        name if len(name) <= 40 else "..." + name[-37:],
        f"{model.n_replies:,}",
        tokens(model.n_prompt_tokens),
        tokens(model.n_cached_prompt_tokens),
        tokens(model.n_completion_tokens),
        _cost(model.cost_usd, model.n_unpriced),
        f"{model.mean_latency_seconds:.2f} s",
        f"{model.last_made:%Y-%m-%d}",
        endpoint if len(endpoint) <= 50 else endpoint[:20] + "...",
    )


def _cost(usd: float, n_unpriced: int) -> str:
    if not n_unpriced:
        return money(usd)
    return f"{money(usd)} + {n_unpriced:,} unpriced" if usd else "no known price"


def _size(n_bytes: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.3g} {unit}"
    return f"{n_bytes} B"
