"""The judge report as files: judges.json with every estimate, judges.csv with a row per judge, judges.md to read."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from farm.analysis.judges.result import FIGURES, JudgeResult
from farm.reports.json_file import Json, figure, write_json
from farm.reports.text import table
from farm.stats.bootstrap import Estimate

_PERCENT = 100.0
_DEFINITIONS = """\
Brackets: 95% intervals, items drawn with replacement, all verdicts on an item together. An n for every figure is in
judges.csv and judges.json; "-": there is no such figure, and the last column of judges.csv says why. *: a baseline.

- agreement: verdicts equal to the human majority (three classes; a split majority is a tie), unparsed ones left out,
  averaged over orders and repetitions. accuracy: unparsed ones are wrong. humans: one against the majority of the
  others.
- no ties: where neither says tie. kappa: Cohen's with the majority, one verdict an item; Fleiss' among humans.
- S1, S2: pairs of one verdict and one human label that are equal, ties as a class, and without pairs with a tie.
- bias: |vote of a judge's verdicts on an item - vote of the humans|; variance: |one verdict - vote of the judge's
  other verdicts on the item|, over orders and repetitions. "as AlpacaEval": equally frequent labels are settled as its
  code does, always alike; "random": truly at random, in expectation. The first flatters judges whose votes are split.
- conflict: the verdict changes with the order of presentation. first shown, longer, list: share of the verdicts
  without ties that prefer that output, where exactly one is; 50% is fair for the first shown, people are the measure
  for the others.
- attacks: share of the verdicts that prefer an output that has earned no preference. padding and repeated list: the
  better output against itself made longer without a new thought; the others: a text that answers nothing against the
  output that people prefer."""
MAX_NAMED = 8
"""Judges that a sentence names."""


@dataclass(frozen=True, kw_only=True)
class JudgeReport:
    """All judges on one labelled set."""

    source: str
    """Where the items come from."""
    n_items: int
    n_labelled: int
    """Items with a human label."""
    n_humans: int
    n_human_labels: int
    n_attacked: int
    """Items that the attacks were made of."""
    humans: JudgeResult | None
    judges: tuple[JudgeResult, ...]
    """Recorded and live ones, and baselines."""
    notes: tuple[str, ...]

    @property
    def ordered(self) -> list[JudgeResult]:
        """Best agreement first; those without one last, by name."""
        return sorted(self.judges, key=lambda judge: (-_value(judge.figures.agreement, -1.0), judge.name))


def write_judges(report: JudgeReport, folder: Path) -> None:
    """Write judges.json, judges.csv and judges.md into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(report_json(report), folder / "judges.json")
    (folder / "judges.csv").write_text(report_csv(report), "utf-8")
    (folder / "judges.md").write_text(report_text(report) + "\n", "utf-8")


def report_json(report: JudgeReport) -> Json:
    """Every estimate with value, low, high, n, n_unparsed and the reason if something is missing."""
    return {
        "source": report.source,
        "n_items": report.n_items,
        "n_labelled_items": report.n_labelled,
        "n_humans": report.n_humans,
        "n_human_labels": report.n_human_labels,
        "n_attacked_items": report.n_attacked,
        "notes": list(report.notes),
        "humans": None if report.humans is None else _result_json(report.humans),
        "judges": [_result_json(judge) for judge in report.ordered],
        "baselines_beaten": beaten(report),
    }


def report_csv(report: JudgeReport) -> str:
    """One row per judge: every figure as value, _low, _high, _n; what is missing is empty, the last column says why."""
    rows = [*([report.humans] if report.humans else []), *report.ordered]
    subsets = sorted({name for row in rows for name in row.by_dataset})
    attacks = list(dict.fromkeys(name for row in rows for name in row.probes))
    names = [*FIGURES, *(f"accuracy:{name}" for name in subsets), *(f"attack:{name}" for name in attacks)]
    names += [f"margin:{name}" for name in sorted({name for row in rows for name in row.margins})]
    header = ["judge", "kind", "n_items", "n_verdicts"]
    header += [column for name in names for column in (name, f"{name}_low", f"{name}_high", f"{name}_n")]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*header, "missing"])
    for row in rows:
        figures = _all_figures(row)
        cells: list[object] = [row.name, row.kind, row.n_items, row.n_verdicts]
        for name in names:
            value = figures.get(name)
            cells += ["", "", "", ""] if value is None else [value.value, value.low, value.high, value.n_total]
        writer.writerow(["" if cell is None else cell for cell in [*cells, _reasons(figures)]])
    return out.getvalue()


def report_text(report: JudgeReport) -> str:
    """The tables as Markdown that reads as plain text too."""
    rows = [*([report.humans] if report.humans else []), *report.ordered]
    agreement = ("agreement", "accuracy", "agreement_no_ties", "kappa", "s1", "s2")
    habits = ("conflict", "prefers_first_shown", "prefers_longer", "prefers_lists", "ties")
    varied = [f"{name}_{ties}" for name in ("agreement", "bias", "variance") for ties in ("alpaca_eval", "expected")]
    blocks = [
        "# Judges against humans",
        _opening(report),
        "## Agreement with humans (%)",
        _table(rows, agreement, ["agreement", "accuracy", "no ties", "kappa x 100", "S1", "S2"], with_n=True),
        _beaten_text(report),
        "## Bias and variance (%)",
        _table(
            rows,
            varied,
            [f"{name}, {how}" for name in ("agreement", "bias", "variance") for how in ("as AlpacaEval", "random")],
        ),
        "## Order of presentation and style (%)",
        _table(rows, habits, ["conflict", "first shown", "longer", "list", "ties"]),
        "## Unparsed, price and time",
        table(
            ["judge", "verdicts", "unparsed, %", "USD per 1000", "seconds per 1000"],
            [_price_line(row) for row in rows],
        ),
    ]
    subsets = sorted({name for row in rows for name in row.by_dataset})
    if subsets:
        blocks += ["## Accuracy by subset (%; unparsed is wrong)", _subset_table(report.ordered, subsets)]
    attacked = [row for row in report.ordered if row.probes]
    if attacked:
        names = list(dict.fromkeys(name for row in attacked for name in row.probes))
        lines = [[_name(row), *(_percent(row.probes.get(name)) for name in names)] for row in attacked]
        title = f"## Attacks: verdicts for the attacked output (%; {report.n_attacked} items in both orders)"
        blocks += [title, table(["judge", *(name.replace("_", " ") for name in names)], lines)]
    blocks += ["## What the figures mean", _DEFINITIONS]
    return "\n\n".join(block for block in blocks if block)


def beaten(report: JudgeReport) -> dict[str, list[str]]:
    """For each judge that is no baseline, the baselines that it beats on the same items, beyond the interval."""
    return {
        judge.name: sorted(name for name, margin in judge.margins.items() if (margin.low or 0.0) > 0)
        for judge in report.ordered
        if judge.kind != "baseline"
    }


def _opening(report: JudgeReport) -> str:
    if report.humans is None:
        people = "no human labels, so nobody knows who is right: give some, humans=PATH"
    elif report.n_humans == 1:
        people = f"{report.n_human_labels:,} labels by one human annotator (or one set of gold labels)"
    else:
        people = f"{report.n_human_labels:,} labels by {report.n_humans} humans"
    lines = [f"{report.source}: {report.n_items:,} items, {report.n_labelled:,} of them with human labels; {people}."]
    fewer = [judge.name for judge in report.judges if judge.n_items < report.n_items]
    if fewer:
        lines.append(
            f"- not all items were judged by {_named(fewer)}: their figures are of fewer items than the others'"
        )
    return "\n".join([*lines, *(f"- {note}" for note in report.notes)])


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more


def _beaten_text(report: JudgeReport) -> str:
    found = beaten(report)
    baselines = sorted(b.name for b in report.judges if b.kind == "baseline" and b.figures.agreement.value is not None)
    if not found or not baselines:
        return ""
    n_good = sum(len(won) == len(baselines) for won in found.values())
    text = (
        f"{n_good} of {len(found)} judges agree more with people than every baseline does on the same items, beyond "
        "the interval of the difference."
    )
    for baseline in baselines:
        lost = [name for name, won in found.items() if baseline not in won]
        if lost:
            text += f"\n- not more than {baseline}: {_named(lost)}"
    return text


def _table(rows: Sequence[JudgeResult], names: Sequence[str], header: Sequence[str], *, with_n: bool = False) -> str:
    lines = [
        [
            _name(row),
            *([f"{row.n_items:,}", f"{row.n_verdicts:,}"] if with_n else []),
            *(_percent(vars(row.figures)[n]) for n in names),
        ]
        for row in rows
    ]
    return table(["judge", *(["items", "verdicts"] if with_n else []), *header], lines)


def _subset_table(rows: Sequence[JudgeResult], subsets: Sequence[str]) -> str:
    return table(
        ["judge", *subsets], [[_name(row), *(_percent(row.by_dataset.get(s)) for s in subsets)] for row in rows]
    )


def _price_line(row: JudgeResult) -> list[str]:
    figures = row.figures
    return [
        _name(row),
        f"{row.n_verdicts:,}",
        _percent(figures.unparsed),
        _number(figures.usd_per_1000, 2),
        _number(figures.seconds_per_1000, 0),
    ]


def _name(row: JudgeResult) -> str:
    return f"{row.name} *" if row.kind == "baseline" else row.name


def _percent(value: Estimate | None) -> str:
    if value is None or value.value is None:
        return "-"
    text = f"{_PERCENT * value.value:.1f}"
    if value.low is None or value.high is None:
        return text
    return f"{text} [{_PERCENT * value.low:.1f}, {_PERCENT * value.high:.1f}]"


def _number(value: Estimate, digits: int) -> str:
    return "-" if value.value is None else f"{value.value:,.{digits}f}"


def _value(estimate: Estimate, missing: float) -> float:
    return missing if estimate.value is None else estimate.value


def _all_figures(row: JudgeResult) -> dict[str, Estimate]:
    return {
        **{name: vars(row.figures)[name] for name in FIGURES},
        **{f"accuracy:{name}": value for name, value in row.by_dataset.items()},
        **{f"attack:{name}": value for name, value in row.probes.items()},
        **{f"margin:{name}": value for name, value in row.margins.items()},
    }


def _reasons(figures: Mapping[str, Estimate]) -> str:
    by_reason: dict[str, list[str]] = {}
    for name, value in figures.items():
        if value.reason:
            by_reason.setdefault(value.reason, []).append(name)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in by_reason.items())


def _result_json(row: JudgeResult) -> Json:
    return {
        "judge": row.name,
        "kind": row.kind,
        "n_items": row.n_items,
        "n_verdicts": row.n_verdicts,
        "figures": {name: figure(vars(row.figures)[name]) for name in FIGURES},
        "margin_over_baselines": {name: figure(value) for name, value in row.margins.items()},
        "accuracy_by_subset": {name: figure(value) for name, value in row.by_dataset.items()},
        "attacks": {name: figure(value) for name, value in row.probes.items()},
    }
