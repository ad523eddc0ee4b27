"""The figures of evaluated models as evaluation.json and as lines for the terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from farm.leaderboard.evaluation.evaluated import Evaluated, Figures
from farm.reports.json_file import Json, figure
from farm.stats.bootstrap import Estimate

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Rank:
    """A model's place among those of its track and annotator."""

    rank: int
    """1 is the highest win rate."""
    n_models: int


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One evaluated model with its figures."""

    model: Evaluated
    figures: Figures
    length_controlled: Estimate
    """Win rate at equal length."""
    rank: Rank | None
    """None where it was not added to a leaderboard."""


def evaluation_json(measured: Sequence[Measured], *, track: str, notes: Sequence[str]) -> Json:
    """What evaluation.json holds: `models` by name, and of a single model its figures beside them."""
    models = {each.model.entry.name: _of_model(each) for each in measured}
    single = next(iter(models.values())) if len(models) == 1 else {}
    return {"schema_version": SCHEMA_VERSION, "track": track, "notes": list(notes), "models": models, **single}


def _of_model(each: Measured) -> Json:
    entry = each.model.entry
    return {
        **asdict(each.figures),
        "name": entry.name,
        "annotator": entry.annotator,
        "reference": each.model.track.reference,
        "origin": entry.origin,
        "is_graded": each.model.is_graded,
        "cost_usd": entry.cost_usd,
        "length_controlled_win_rate": each.length_controlled.value,
        "length_controlled": figure(each.length_controlled),
        "rank": None if each.rank is None else each.rank.rank,
        "n_ranked": None if each.rank is None else each.rank.n_models,
        "findings": [asdict(finding) for finding in each.model.findings],
        "model_notes": list(entry.notes),
    }


def table_lines(measured: Sequence[Measured]) -> list[str]:
    """A line a model, best win rate first; figures in percent."""
    head = ("model", "win rate", "length-controlled", "rank", "n", "unparsed", "length")
    rows = [head, *(_cells(each) for each in sorted(measured, key=_by_rate))]
    widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
    return [
        "  ".join([name.ljust(widths[0]), *(c.rjust(w) for c, w in zip(cells, widths[1:], strict=True))])
        for name, *cells in rows
    ]


def details(measured: Sequence[Measured]) -> list[str]:
    """Of graded preferences the rate of wins too, and why a figure is missing."""
    lines = []
    for each in measured:
        name, figures = each.model.entry.name, each.figures
        if each.model.is_graded and figures.discrete_win_rate is not None:
            rounded = f"{100 * figures.discrete_win_rate:.2f}"
            lines.append(f"  {name}: preferences are graded; with each rounded to win, tie or loss {rounded}")
        if figures.win_rate is None:
            lines.append(f"  {name}: no win rate: not one of {figures.n_unparsed:,} verdicts was parsed")
        if each.length_controlled.value is None:
            lines.append(f"  {name}: no length-controlled win rate: {each.length_controlled.reason}")
    return lines


def notes_of(each: Measured) -> list[str]:
    """What is odd about a model, by its name."""
    name = each.model.entry.name
    return [f"{name}: {note.removeprefix(f'{name}: ')}" for note in each.model.entry.notes]


def _by_rate(each: Measured) -> tuple[float, str]:
    rate = each.figures.win_rate
    return (1.0 if rate is None else -rate), each.model.entry.name


def _cells(each: Measured) -> tuple[str, ...]:
    figures, controlled = each.figures, each.length_controlled
    rate = "-" if figures.win_rate is None else f"{100 * figures.win_rate:.2f}"
    if figures.standard_error is not None:
        rate += f" +- {100 * figures.standard_error:.2f}"
    control = "-" if controlled.value is None else f"{100 * controlled.value:.2f}"
    if controlled.low is not None and controlled.high is not None:
        control += f" [{100 * controlled.low:.1f}, {100 * controlled.high:.1f}]"
    rank = "-" if each.rank is None else f"{each.rank.rank} of {each.rank.n_models}"
    counts = (f"{figures.n_total:,}", f"{figures.n_unparsed:,}", f"{figures.mean_length:.0f}")
    return each.model.entry.name, rate, control, rank, *counts


def ranks(rates: Mapping[str, float | None]) -> dict[str, Rank]:
    """The places of models by win rate, by key; equal rates share the better one, models without a rate have none."""
    known = [rate for rate in rates.values() if rate is not None]
    return {
        key: Rank(rank=1 + sum(other > rate for other in known), n_models=len(known))
        for key, rate in rates.items()
        if rate is not None
    }
