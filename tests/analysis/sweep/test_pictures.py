from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text

from farm.analysis.sweep.arms import Arm, compare_arms
from farm.analysis.sweep.pictures import draw_arms, draw_over_optimisation
from farm.errors import UserError
from farm.pipeline.judging.over_optimisation import curve_table
from farm.records import OptimizationPoint
from farm.reports.point_names import name_points
from farm.stats.bootstrap import Resampling
from tests.analysis.sweep.verdict_maker import run, two_arms


def point(curve: str, position: int, *, kl: float = 0.0, proxy: float = 0.0, utility: float = 0.0) -> OptimizationPoint:
    return OptimizationPoint(
        curve=curve,
        n=position if curve == "best_of_n" else None,
        step=position if curve == "ppo" else None,
        kl=kl,
        proxy_reward=proxy,
        proxy_reward_standard_error=0.3,
        utility=utility,
        utility_standard_error=0.4,
        n_outputs=100,
    )


@pytest.mark.slow
def test_the_picture_of_two_arms_is_written_and_the_same_each_time(tmp_path: Path) -> None:
    rates = {"sft": 0.2, "dpo": 0.4, "ppo": 0.6}
    verdicts = pd.concat([two_arms(rates, rates), run("longest", 0.5, train="crowd", judge="crowd")])
    arms = [Arm(annotator_train=name, annotator_eval=name) for name in ("crowd", "pool")]
    result = compare_arms(
        verdicts,
        crowd=arms[0],
        simulated=arms[1],
        label_free=["longest"],
        resampling=Resampling(seed=0, n_resamples=50),
    )
    for name in ("one.png", "two.png"):
        draw_arms(result, tmp_path / "pictures" / name)
    one, two = ((tmp_path / "pictures" / name).read_bytes() for name in ("one.png", "two.png"))
    assert one == two
    assert imread(tmp_path / "pictures" / "one.png").shape[0] > 500


def test_names_of_crowded_points_do_not_overlap() -> None:
    figure = Figure(figsize=(7, 7), dpi=100)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(xlim=(0, 100), ylim=(0, 100))
    points = np.random.default_rng(0).normal(50, 6, (9, 2))
    name_points(axes, [f"method number {k}" for k in range(9)], points, np.ones((9, 2)))
    figure.canvas.draw()
    boxes = [Text.get_window_extent(text) for text in axes.texts]  # without the line to the point
    assert len(boxes) == 9
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])


def test_a_name_that_lies_near_another_point_has_a_line_to_its_own() -> None:
    figure = Figure(figsize=(5, 5), dpi=100)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(xlim=(0, 100), ylim=(0, 100))
    points = np.array([[50.0, 50.0], [53.0, 52.0], [47.0, 51.0], [50.0, 47.0]])
    names = ["reward_conditioning", "supervised", "random_of_n", "feedback"]
    name_points(axes, names, points, np.full((4, 2), 1.5))
    figure.canvas.draw()
    pixels = axes.transData.transform(points)
    for text in axes.texts:
        box, own = Text.get_window_extent(text), names.index(text.get_text())
        sideways = np.maximum(np.maximum(box.x0 - pixels[:, 0], pixels[:, 0] - box.x1), 0)
        upwards = np.maximum(np.maximum(box.y0 - pixels[:, 1], pixels[:, 1] - box.y1), 0)
        distances = np.hypot(sideways, upwards)
        assert distances.argmin() == own or text.arrow_patch is not None


def test_seeds_of_a_curve_are_averaged_point_by_point() -> None:
    table = curve_table(
        {
            "crowd": [
                [point("ppo", 0), point("ppo", 10, kl=2, proxy=1, utility=5)],
                [point("ppo", 0), point("ppo", 10, kl=4, proxy=2, utility=5)],
            ],
            "noiseless": [[point("best_of_n", 4, kl=0.6)]],
        }
    )
    late = table[(table["labels"] == "crowd") & (table["x"] == 3)].iloc[0]
    assert (late["proxy_reward"], late["utility"], late["n_seeds"]) == (1.5, 5, 2)
    # Between seeds: sd of 1 and 2 is .7071, / sqrt 2 = .5 > sqrt(.3^2 + .3^2) / 2 = .212; utility: .4 / sqrt 2
    assert late["proxy_reward_standard_error"] == pytest.approx(0.5)
    assert late["utility_standard_error"] == pytest.approx(0.4 / 2**0.5)
    assert table[table["curve"] == "best_of_n"]["x"].tolist() == [4]


@pytest.mark.slow
def test_the_over_optimisation_picture_is_written(tmp_path: Path) -> None:
    points = [point("ppo", k, kl=k, proxy=k, utility=5 + k - k**2 / 4) for k in range(5)]
    points += [point("best_of_n", 2**k, proxy=k, utility=5 + k) for k in range(4)]
    draw_over_optimisation(curve_table({"crowd": [points], "noiseless": [points[:7]]}), tmp_path / "curves.png")
    assert imread(tmp_path / "curves.png").shape[1] > 800


def test_an_unknown_curve_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"unknown curves \['dpo'\]"):
        draw_over_optimisation(curve_table({"crowd": [[point("dpo", 1)]]}), tmp_path / "a.png")
    with pytest.raises(UserError, match="0 rows"):
        draw_over_optimisation(curve_table({}), tmp_path / "a.png")
