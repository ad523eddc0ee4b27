from pathlib import Path

import pandas as pd
import pytest

from farm.analysis.humans.comparison import HumanComparison, RankingSettings, Source, compare_with_humans
from farm.analysis.humans.pictures import draw_agreement, draw_pairs, draw_rankings
from farm.analysis.humans.report import RANKINGS_PNG, human_page
from farm.analysis.humans.report_labels import AGREEMENT_PNG
from farm.analysis.humans.report_rankings import PAIRS_PNG
from farm.reports.page import html, markdown
from farm.stats.bootstrap import Resampling
from tests.labels.label_rows import crowd

SETTINGS = RankingSettings(
    rule=None,
    soft_verdicts=False,
    tie_model="half_wins",
    trained_in_lab=("a", "b"),
    resampling=Resampling(seed=0, n_resamples=100),
)


def compared(humans: pd.DataFrame | None, simulated: pd.DataFrame | None) -> HumanComparison:
    sides = [None if frame is None else Source(path=Path("x.csv"), content=frame) for frame in (humans, simulated)]
    return compare_with_humans(sides[0], sides[1], SETTINGS)


@pytest.fixture(scope="module")
def both() -> HumanComparison:
    # Names that matplotlib would read as formulas.
    table = crowd().replace({"a": "$a_", "b": "b^{"})
    settings = RankingSettings(
        rule=None,
        soft_verdicts=False,
        tie_model="half_wins",
        trained_in_lab=("$a_",),
        resampling=Resampling(seed=0, n_resamples=100),
    )
    given = Source(path=Path("x.csv"), content=table)
    return compare_with_humans(given, given, settings)


@pytest.mark.slow
def test_every_picture_is_drawn_and_stands_in_the_page(both: HumanComparison, tmp_path: Path) -> None:
    pictures = {AGREEMENT_PNG: draw_agreement, RANKINGS_PNG: draw_rankings, PAIRS_PNG: draw_pairs}
    for name, draw in pictures.items():
        assert draw(both, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    page = human_page(both, frozenset(pictures))
    assert html(page, tmp_path).count("data:image/png;base64,") == 3
    assert all(f"]({name})" in markdown(page) for name in pictures)


def test_one_side_alone_has_no_pairs(tmp_path: Path) -> None:
    alone = compared(None, crowd())
    assert not draw_agreement(alone, tmp_path / "a.png") and not draw_pairs(alone, tmp_path / "p.png")
    assert draw_rankings(alone, tmp_path / "r.png")
    text = markdown(human_page(alone, frozenset()))
    assert "humans: nothing was given" in text and "| model" in text


def test_a_model_without_a_parsed_verdict_is_left_out_of_the_picture(tmp_path: Path) -> None:
    table = crowd()
    is_lost = ((table["model_1"] == "a") | (table["model_2"] == "a")) & (table["annotator_kind"] == "llm")
    found = compared(table, table.assign(preference=table["preference"].mask(is_lost)))
    assert found.ranking.reason and draw_rankings(found, tmp_path / "r.png")
    assert "no ranking covers them all" in markdown(human_page(found, frozenset()))


def test_items_without_models_draw_no_ranking(tmp_path: Path) -> None:
    table = crowd().assign(model_1="", model_2="")
    settings = RankingSettings(
        rule=None,
        soft_verdicts=False,
        tie_model="half_wins",
        trained_in_lab=None,
        resampling=Resampling(seed=0, n_resamples=50),
    )
    given = Source(path=Path("x.csv"), content=table)
    found = compare_with_humans(given, given, settings)
    assert not draw_rankings(found, tmp_path / "r.png") and draw_agreement(found, tmp_path / "a.png")
    assert "Label by label" in markdown(human_page(found, frozenset()))


def test_the_report_gives_every_correlation_with_its_interval(both: HumanComparison) -> None:
    text = markdown(human_page(both, frozenset()))
    for name in ("Spearman", "Kendall", "Pearson"):
        lines = [line for line in text.splitlines() if f"| {name}" in line]
        assert len(lines) == 4 and all("[" in line for line in lines[:2])
    assert "No correlation over those trained in the lab: 1 models: a rank correlation needs at least 3" in text
    assert "3 of the 4 models were not trained in the laboratory" in text
    assert "pairs of models are inverted" in text
