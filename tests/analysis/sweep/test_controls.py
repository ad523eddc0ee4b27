import numpy as np
import pandas as pd
import pytest

from farm.analysis.sweep.arms import Arm
from farm.analysis.sweep.controls import label_free_margins
from farm.analysis.sweep.report import controls_section
from farm.errors import UserError
from farm.pipeline.results import LabelQuality
from farm.reports.page import Page, markdown
from tests.analysis.sweep.verdict_maker import run

CROWD = Arm(annotator_train="crowd", annotator_eval="crowd")


def test_margins_are_paired_by_instruction() -> None:
    method = run("best_of_n", 0.5, train="crowd", judge="crowd", n_items=4)
    picker = run("longest", 0.5, train="none", judge="crowd", n_items=4)
    method["score"], picker["score"] = [1.0, 1.0, 0.5, np.nan], [0.0, 1.0, 0.0, 1.0]
    verdicts = pd.concat([method, picker.iloc[::-1]])
    (margin,) = label_free_margins(
        verdicts, method="best_of_n", arm=CROWD, label_free=["longest", "random"], measure="score"
    )
    # Differences 1, 0, 1/2: mean 1/2, sample variance 1/4, standard error sqrt(1/12)
    assert margin.paired.difference == pytest.approx(0.5)
    assert margin.paired.standard_error == pytest.approx((1 / 12) ** 0.5)
    assert (margin.paired.n_total, margin.paired.n_unparsed) == (3, 1)


def test_a_control_on_the_arms_own_samples_comes_first() -> None:
    own, other = (run("longest", rate, train=arm, judge="crowd") for arm, rate in (("crowd", 0.0), ("pool", 1.0)))
    verdicts = pd.concat([run("best_of_n", 1.0, train="crowd", judge="crowd"), other, own])
    (margin,) = label_free_margins(verdicts, method="best_of_n", arm=CROWD, label_free=["longest"], measure="score")
    assert margin.paired.difference == 1


def test_a_method_without_verdicts_is_named() -> None:
    with pytest.raises(UserError, match=r"no verdict on 'ppo'.*\['dpo'\]"):
        verdicts = run("dpo", 0.5, train="crowd", judge="crowd")
        label_free_margins(verdicts, method="ppo", arm=CROWD, label_free=[], measure="utility")


def quality(labels: str, agreement: float, seed: int = 0) -> LabelQuality:
    return LabelQuality(labels=labels, seed=seed, agreement=agreement, standard_error=0.01, n_total=500)


def test_the_report_prints_every_seed_and_every_margin() -> None:
    verdicts = pd.concat(
        [run("best_of_n", 0.9, train="crowd", judge="crowd"), run("longest", 0.1, train="", judge="crowd")]
    )
    margins = label_free_margins(verdicts, method="best_of_n", arm=CROWD, label_free=["longest"], measure="score")
    section = controls_section([quality("crowd", 0.7), quality("crowd", 0.8, 1)], margins)
    text = markdown(Page(title="t", sections=(section,)))
    assert "0.750" in text and "0.700 +- 0.010, 0.800 +- 0.010" in text
    assert "best_of_n - longest" in text and "better" in text
