"""A program that uses farm as a library: what a type checker sees of the installed package."""

from pathlib import Path

import pandas as pd

import farm
from farm.records import Comparison


def four_lines(pairs: Path) -> pd.DataFrame:
    labels: farm.Labels = farm.read(pairs)
    ranking: farm.Ranking = farm.rank(labels, kind="human")
    ranking.draw("ranking.png")
    return ranking.to_frame()


def answers(path: Path) -> farm.Outputs:
    return farm.read(path, what="outputs")


def how_far_to_trust(people: pd.DataFrame, judged: Path) -> tuple[float | None, list[Path]]:
    comparison: farm.ComparisonReport = farm.compare(people, judged)
    spearman: float | None = comparison.spearman.value
    return spearman, comparison.write("compared")


def crowd_of_ones_own(people: Path) -> farm.Labels:
    fitted: farm.CalibrationReport = farm.calibrate(people, judge="longest")
    pairs = [Comparison(instruction="Name a fruit.", output_1="Plum.", output_2="Pear.")]
    return farm.annotate(pairs, annotator=fitted.annotator)


def judges_and_plan(labels: Path) -> list[str]:
    judges: farm.JudgesReport = farm.judge(labels, annotators=["greedy"])
    plan: farm.PlanReport = farm.plan(difference=0.05)
    return [judges.text, plan.text]


def chains(root: Path) -> pd.DataFrame:
    runs: farm.Runs = farm.run(method=["dpo", "ppo"], seed=[0, 1], root=root)
    return farm.open_run(root).select(method="dpo").to_frame() if not runs.to_frame().empty else runs.annotations()
