"""A small site with a page of every kind."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from farm.leaderboard.board import Board
from farm.leaderboard.site.inputs import AnswersOf, Beside, Curve, RunRecord, StageRecord
from farm.leaderboard.site.write import write_site
from farm.records import OptimizationPoint
from farm.store.cost import Cost
from tests.leaderboard.site.boards import answers_of, large_board


def run(key: str, text: str) -> RunRecord:
    """Standings made from a policy made from a dataset, with that text where manifests have names."""
    stages = [
        StageRecord(
            kind=kind, key=own, parents=parents, settings={f"{text} name": text, "beta": "0.1"},
            cost=Cost(seconds=seconds, labels=10), seed=0, machine=text, phases={text: 1.0},
        )
        for kind, own, parents, seconds in (
            ("standings", key, {"policy": "b" * 16, text: "gone"}, 3.0),
            ("policy", "b" * 16, {"dataset": "c" * 16}, 180.0),
            ("dataset", "c" * 16, {}, 0.5),
        )
    ]  # fmt: skip
    return RunRecord(key=key, stages=stages, n_gone=1)


def curve(labels: str, seed: int) -> Curve:
    """Three steps of a training."""
    points = [
        OptimizationPoint(
            curve="ppo", n=None, step=step, kl=0.5 * step, proxy_reward=0.3 * step, proxy_reward_standard_error=0.1,
            utility=1.0 - 0.1 * (step - 2) ** 2, utility_standard_error=0.1, n_outputs=100,
        )
        for step in range(4)
    ]  # fmt: skip
    return Curve(method="ppo", labels=labels, seed=seed, points=points)


def small_site(folder: Path) -> dict[str, Path]:
    """Twelve models of sixty answers; a page of each kind by what it is."""
    made = large_board(12, 60).tables[0]
    rows = [replace(row, feedback="labels of some people whose name is long") for row in made.rows]
    board = Board(tables=[replace(made, rows=rows)])
    answers: AnswersOf = partial(answers_of, n_instructions=60, n_characters=300)
    runs = [run(board.tables[0].rows[0].keys[0], "a setting")]
    first = write_site(board, folder, Beside(answers=answers, runs=runs, curves=[curve("crowd", 0), curve("pool", 0)]))
    return {"first": first, "curves": folder / "curves.html"} | {
        kind: sorted((folder / kind).glob("*.html"))[0] for kind in ("models", "compare", "runs")
    }


def pages_of(folder: Path) -> Sequence[Path]:
    """Every page of a site."""
    return sorted(folder.rglob("*.html"))
