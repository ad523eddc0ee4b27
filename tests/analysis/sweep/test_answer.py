"""The ten lines that a sweep ends with, from measured runs of known win rates."""

import re
from pathlib import Path

import pytest

from farm.analysis.sweep.answer import answer, answer_text
from farm.analysis.sweep.result import ReportSettings, SweepResult, sweep_result
from farm.analysis.sweep.sweep_report import write_report
from farm.pipeline.results import MeasuredRun, RunCost
from farm.records import Outcome, Standing
from farm.store.cost import Cost
from tests.analysis.sweep.verdict_maker import run

SETTINGS = ReportSettings(
    crowd="crowd",
    simulated="pool",
    label_order=("crowd",),
    main_method="ppo",
    n_resamples=100,
    seed=0,
)
WITHOUT_LABELS = ("sft", "longest", "oracle")
RATES = {"sft": 0.2, "dpo": 0.5, "ppo": 0.52, "best_of_n": 0.8}


def measured(
    method: str, rate: float, labels: str, seed: int = 0, judges: tuple[str, ...] = ("crowd", "pool")
) -> MeasuredRun:
    """A run as it is read from its artifacts, with the verdicts of `verdict_maker.run`."""
    standings, outcomes = [], []
    for judge in judges:
        frame = run(method, rate, train=labels, judge=judge, seed=seed)
        standings.append(
            Standing(
                method=method, annotator_train=labels, annotator_eval=judge, seed=seed, dataset="d", model="m",
                win_rate=float(frame["score"].mean()), standard_error=0.03, n_wins=int(frame["n_wins"].sum()), n_ties=0,
                n_total=len(frame), n_unparsed=0, n_instructions=len(frame), mean_length=100.0, utility=None,
            )
        )  # fmt: skip
        outcomes += [
            Outcome(
                instruction_key=row.instruction_key, annotator_eval=judge, score=row.score, n_wins=row.n_wins, n_ties=0,
                n_losses=row.n_losses, n_unparsed=0, length=100, utility=None,
            )
            for row in frame.itertuples()
        ]  # fmt: skip
    training = Cost(flops=1e12, labels=0 if method in WITHOUT_LABELS else 2000)
    return MeasuredRun(
        standings=standings,
        outcomes=outcomes,
        points=(),
        cost=RunCost(
            method=method, annotator_train=labels, seed=seed, training=training, answering=Cost(), n_answers=200
        ),
        policy=f"{method} {seed}",
        made_from=frozenset([f"sft {seed}"]),
        agreement=None,
        best_of_n=(),
    )


def swept(rates: dict[str, float], *, labels: tuple[str, ...] = ("crowd", "pool"), n_seeds: int = 2) -> SweepResult:
    runs = [
        measured(method, rate, name, seed)
        for name in labels
        for method, rate in rates.items()
        for seed in range(n_seeds)
    ]
    runs += [
        measured(name, rate, "crowd", seed)
        for name, rate in (("longest", 0.35), ("oracle", 0.97))
        for seed in range(n_seeds)
    ]
    return sweep_result(runs, SETTINGS)


@pytest.fixture(scope="module")
def two_arms() -> SweepResult:
    return swept(RATES)


def test_the_answer_has_ten_lines_at_most(two_arms: SweepResult) -> None:
    lines = answer(two_arms)
    assert len(lines) <= 10
    assert lines[0].startswith("20 runs, 2 seeds (0, 1), 200 instructions")


def test_both_rankings_say_what_is_ahead_beyond_noise(two_arms: SweepResult) -> None:
    # .8 is far ahead; .5 and .52 differ by less than a standard error of .035; both are far ahead of .2.
    pattern = r"(crowd|pool) labels: best_of_n \S+ > (ppo|dpo) \S+ ~ (ppo|dpo) \S+ > sft \S+ \(each \+- .*\)"
    assert [bool(re.fullmatch(pattern, line)) for line in answer(two_arms)[1:3]] == [True, True]


def test_the_correlation_stands_with_its_interval_and_the_inversions(two_arms: SweepResult) -> None:
    assert two_arms.comparison is not None
    spearman = two_arms.comparison.ranking.on_win_rates.spearman.estimate
    (line,) = [line for line in answer(two_arms) if "Spearman" in line]
    assert f"Spearman {spearman.value:.2f} [{spearman.low:.2f}, {spearman.high:.2f}]" in line and "4 methods" in line
    assert any("of 6 pairs of methods inverted" in line for line in answer(two_arms))


def test_an_inversion_beyond_noise_is_named() -> None:
    runs = [
        measured(method, rate, labels, seed)
        for labels, rates in (("crowd", RATES), ("pool", {**RATES, "best_of_n": 0.1}))
        for method, rate in rates.items()
        for seed in range(2)
    ]
    (line,) = [line for line in answer(sweep_result(runs, SETTINGS)) if "inverted" in line]
    assert "3 beyond noise: best_of_n over" in line


def test_methods_are_held_against_the_label_free_ones(two_arms: SweepResult) -> None:
    lines = [line for line in answer(two_arms) if line.startswith("more than")]
    assert lines[0].startswith("more than oracle without labels (9") and lines[0].endswith(": none of 4")
    assert lines[1].startswith("more than longest") and set(lines[1].split(": ")[1].split(", ")) == {
        "best_of_n", "dpo", "ppo",
    }  # fmt: skip


def test_one_kind_of_labels_has_a_ranking_and_says_why_there_is_no_correlation() -> None:
    lines = answer(swept(RATES, labels=("crowd",), n_seeds=1))
    assert [line for line in lines if line.startswith("crowd labels: best_of_n")]
    assert any(line.startswith("no rank correlation") for line in lines)
    assert not any("Spearman" in line for line in lines)
    # One seed says nothing about other seeds, and the answer says that.
    assert "of one seed" in lines[-1]


def test_labels_whose_annotator_judges_nobody_are_judged_by_another() -> None:
    runs = [measured(method, rate, "single", judges=("pool",)) for method, rate in RATES.items()]
    assert any(
        line.startswith("single labels, judged by pool: best_of_n") for line in answer(sweep_result(runs, SETTINGS))
    )


def test_the_printed_answer_names_the_files_that_were_written(two_arms: SweepResult, tmp_path: Path) -> None:
    files = write_report(two_arms, tmp_path, {"wall_seconds": 1.0})
    printed = answer_text(two_arms, files)
    assert all(path.is_file() and str(path) in printed for path in files)
    assert {path.name for path in files} == {path.name for path in tmp_path.iterdir()}
    assert max(len(line) for line in printed.splitlines() if "/" not in line) <= 118
    report = (tmp_path / "report.md").read_text()
    assert (
        report.index("## The answer") < report.index("## Win rates in both arms") < report.index("## Win rate against")
    )


def test_a_sweep_without_arms_has_a_report_too(tmp_path: Path) -> None:
    write_report(swept(RATES, labels=("crowd",)), tmp_path, {})
    report = (tmp_path / "report.md").read_text()
    assert "judged by crowd" in report and "judged by pool" in report
    assert not (tmp_path / "comparison.json").exists()
