"""The judge report as files: judges.json with every estimate, judges.csv with a row per judge, a page to read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from farm.analysis.judges.result import FIGURES, JudgeResult
from farm.annotators.tally import Tally
from farm.disk import write_whole
from farm.reports.csv_file import csv_text
from farm.reports.json_file import Json, figure, write_json
from farm.reports.page import Block, Bullets, Page, Picture, Section, Table, Text, write_page
from farm.reports.text import NO_NOISE, PERCENT, Notation, interval, number
from farm.stats.bootstrap import Estimate
from farm.wording import listed

_USD, _SECONDS = Notation(digits=2, thousands=","), Notation(digits=0, thousands=",")

JUDGES_PNG = "judges.png"
MEANINGS = "What the figures mean"
_ABOUT = """\
Brackets: 95% intervals, items drawn with replacement, all verdicts on an item together. An n for every figure is in
judges.csv and judges.json; "-": there is no such figure, and the last column of judges.csv says why. *: a baseline."""
_BOTH_ORDERS = (
    "Of a judge that saw a pair in both orders each order's verdict counts; `farm compare` takes the two for one "
    "verdict, their mean."
)
_DEFINITIONS = (
    "agreement: verdicts equal to the human majority (three classes; a split majority is a tie), unparsed ones left "
    "out, averaged over orders and repetitions. accuracy: unparsed ones are wrong. humans: one against the majority of "
    "the others.",
    "no ties: where neither says tie. kappa: Cohen's with the majority, one verdict an item; Fleiss' among humans.",
    "S1, S2: pairs of one verdict and one human label that are equal, ties as a class, and without pairs with a tie.",
    "bias: |vote of a judge's verdicts on an item - vote of the humans|; variance: |one verdict - vote of the judge's "
    'other verdicts on the item|, over orders and repetitions. "as AlpacaEval": equally frequent labels are decided as '
    'its code does, always alike; "random": truly at random, in expectation. The first flatters judges whose votes are '
    "split.",
    "conflict: the verdict changes with the order of presentation. first shown, longer, list: share of the verdicts "
    "without ties that prefer that output, where exactly one is; 50% is fair for the first shown, people are the "
    "measure for the others.",
    "attacks: share of the verdicts that prefer an output that has earned no preference. padding and repeated list: "
    "the better output against itself made longer without a new thought; the others: a text that answers nothing "
    "against the output that people prefer.",
)
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
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    """What came of the verdicts of each annotator that was asked, by its name; in no file."""

    @property
    def failure(self) -> str:
        """Why the run is one: judges that are no baselines gave not one verdict; empty if any of them did."""
        judges = [judge for judge in self.judges if judge.kind != "baseline"]
        if not judges or any(judge.figures.unparsed.value != 1.0 for judge in judges):
            return ""
        n_verdicts = sum(judge.n_verdicts for judge in judges)
        return (
            f"no verdict of {listed([judge.name for judge in judges], MAX_NAMED)} could be read ({n_verdicts:,} asked)"
        )

    @property
    def ordered(self) -> list[JudgeResult]:
        """Best agreement first; those without one last, by name."""
        return sorted(self.judges, key=lambda judge: (-_value(judge.figures.agreement, -1.0), judge.name))


def write_judges(report: JudgeReport, folder: Path) -> list[Path]:
    """Write judges.json, judges.csv and the report as judges.md and judges.html into the folder of its picture."""
    write_json(report_json(report), folder / "judges.json")
    write_whole(folder / "judges.csv", report_csv(report))
    pictures = [JUDGES_PNG] if (folder / JUDGES_PNG).is_file() else []
    pages = write_page(judges_page(report, pictures), folder, "judges")
    return [*pages, folder / "judges.csv", folder / "judges.json", *(folder / name for name in pictures)]


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
    attacks = list(dict.fromkeys(name for row in rows for name in row.attacks))
    names = [*FIGURES, *(f"accuracy:{name}" for name in subsets), *(f"attack:{name}" for name in attacks)]
    names += [f"margin:{name}" for name in sorted({name for row in rows for name in row.margins})]
    header = ["judge", "kind", "n_items", "n_verdicts"]
    header += [column for name in names for column in (name, f"{name}_low", f"{name}_high", f"{name}_n")]
    lines: list[list[object]] = []
    for row in rows:
        figures = _all_figures(row)
        cells: list[object] = [row.name, row.kind, row.n_items, row.n_verdicts]
        for name in names:
            value = figures.get(name)
            cells += ["", "", "", ""] if value is None else [value.value, value.low, value.high, value.n_total]
        lines.append([*cells, _reasons(figures)])
    return csv_text([*header, "missing"], lines)


def judges_page(report: JudgeReport, pictures: Collection[str] = ()) -> Page:
    """The report: agreement with people first.

    Args:
        report: all judges.
        pictures: the names of the PNGs that were drawn.
    """
    rows = [*([report.humans] if report.humans else []), *report.ordered]
    agreement = ("agreement", "accuracy", "agreement_no_ties", "kappa", "s1", "s2")
    of_style = ("conflict", "prefers_first_shown", "prefers_longer", "prefers_lists", "ties")
    measures = ("agreement", "bias", "variance")
    varied = tuple(f"{name}_{ties}" for name in measures for ties in ("alpaca_eval", "expected"))
    ways = tuple(f"{name}, {how}" for name in measures for how in ("as AlpacaEval", "random"))
    picture = [Picture(file=name, description="Every judge's figures with intervals") for name in pictures]
    sections = [
        Section(title="In short", blocks=(*_opening(report), *_beaten_blocks(report), *picture)),
        Section(
            title="Agreement with humans (%)",
            blocks=(
                _table(rows, agreement, ("agreement", "accuracy", "no ties", "kappa x 100", "S1", "S2"), with_n=True),
                Text(text=f"{_BOTH_ORDERS} {NO_NOISE}"),
            ),
        ),
        Section(title="Bias and variance (%)", blocks=(_table(rows, varied, ways),)),
        Section(
            title="Order of presentation and style (%)",
            blocks=(_table(rows, of_style, ("conflict", "first shown", "longer", "list", "ties")),),
        ),
        _price_section(rows),
    ]
    subsets = sorted({name for row in rows for name in row.by_dataset})
    if subsets:
        cells = tuple(
            (_name(row), *(interval(row.by_dataset.get(name), PERCENT) for name in subsets)) for row in report.ordered
        )
        table = Table(header=("judge", *subsets), rows=cells)
        sections.append(Section(title="Accuracy by subset (%; unparsed is wrong)", blocks=(table,)))
    attacked = [row for row in report.ordered if row.attacks]
    if attacked:
        sections.append(_attack_section(report, attacked))
    meanings = Section(title=MEANINGS, blocks=(Text(text=_ABOUT), Bullets(lines=_DEFINITIONS)))
    return Page(title="Judges against humans", sections=(*sections, meanings))


def beaten(report: JudgeReport) -> dict[str, list[str]]:
    """For each judge that is no baseline, the baselines that it beats on the same items, beyond the interval."""
    return {
        judge.name: sorted(name for name, margin in judge.margins.items() if (margin.low or 0.0) > 0)
        for judge in report.ordered
        if judge.kind != "baseline"
    }


def _opening(report: JudgeReport) -> list[Block]:
    if report.humans is None:
        people = "no human labels, so nobody knows who is right: give some, humans=PATH"
    elif report.n_humans == 1:
        people = f"{report.n_human_labels:,} labels by one human annotator (or one set of gold labels)"
    else:
        people = f"{report.n_human_labels:,} labels by {report.n_humans} humans"
    items = f"{report.n_items:,} items, {report.n_labelled:,} of them with human labels"
    notes = list(report.notes)
    fewer = [judge.name for judge in report.judges if judge.n_items < report.n_items]
    if fewer:
        notes.insert(
            0,
            f"not all items were judged by {listed(fewer, MAX_NAMED)}: their figures are of fewer items than the "
            "others'",
        )
    return [Text(text=f"{report.source}: {items}; {people}."), *([Bullets(lines=tuple(notes))] if notes else [])]


def _beaten_blocks(report: JudgeReport) -> list[Block]:
    by_judge = beaten(report)
    baselines = sorted(b.name for b in report.judges if b.kind == "baseline" and b.figures.agreement.value is not None)
    if not by_judge or not baselines:
        return []
    n_good = sum(len(won) == len(baselines) for won in by_judge.values())
    text = (
        f"{n_good} of {len(by_judge)} judges agree more with people than every baseline does on the same items, beyond "
        "the interval of the difference."
    )
    lost = {baseline: [name for name, won in by_judge.items() if baseline not in won] for baseline in baselines}
    lines = tuple(f"not more than {baseline}: {listed(names, MAX_NAMED)}" for baseline, names in lost.items() if names)
    return [Text(text=text), *([Bullets(lines=lines)] if lines else [])]


def _table(rows: Sequence[JudgeResult], names: Sequence[str], header: Sequence[str], *, with_n: bool = False) -> Table:
    cells = tuple(
        (
            _name(row),
            *([f"{row.n_items:,}", f"{row.n_verdicts:,}"] if with_n else []),
            *(interval(vars(row.figures)[name], PERCENT) for name in names),
        )
        for row in rows
    )
    return Table(header=("judge", *(["items", "verdicts"] if with_n else []), *header), rows=cells)


def _price_section(rows: Sequence[JudgeResult]) -> Section:
    cells = tuple(
        (
            _name(row),
            f"{row.n_verdicts:,}",
            interval(row.figures.unparsed, PERCENT),
            number(row.figures.usd_per_1000.value, _USD),
            number(row.figures.seconds_per_1000.value, _SECONDS),
        )
        for row in rows
    )
    header = ("judge", "verdicts", "unparsed, %", "USD per 1000", "seconds per 1000")
    return Section(title="Unparsed, price and time", blocks=(Table(header=header, rows=cells),))


def _attack_section(report: JudgeReport, attacked: Sequence[JudgeResult]) -> Section:
    names = list(dict.fromkeys(name for row in attacked for name in row.attacks))
    cells = tuple((_name(row), *(interval(row.attacks.get(name), PERCENT) for name in names)) for row in attacked)
    return Section(
        title=f"Attacks: verdicts for the attacked output (%; {report.n_attacked} items in both orders)",
        blocks=(Table(header=("judge", *(name.replace("_", " ") for name in names)), rows=cells),),
    )


def _name(row: JudgeResult) -> str:
    return f"{row.name} *" if row.kind == "baseline" else row.name


def _value(estimate: Estimate, missing: float) -> float:
    return missing if estimate.value is None else estimate.value


def _all_figures(row: JudgeResult) -> dict[str, Estimate]:
    return {
        **{name: vars(row.figures)[name] for name in FIGURES},
        **{f"accuracy:{name}": value for name, value in row.by_dataset.items()},
        **{f"attack:{name}": value for name, value in row.attacks.items()},
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
        "attacks": {name: figure(value) for name, value in row.attacks.items()},
    }
