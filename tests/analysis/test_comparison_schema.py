import copy
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from farm.analysis import comparison_schema
from farm.analysis.comparison_schema import SCHEMA_VERSION, ComparisonJson
from farm.analysis.humans.comparison import RankingSettings, Source, compare_with_humans
from farm.analysis.humans.json_file import write_human_comparison
from farm.analysis.sweep.arms import Arm, compare_arms
from farm.analysis.sweep.json_file import write_comparison
from farm.labels.published.standings import read_standings
from farm.stats.bootstrap import Resampling
from tests.analysis.comparison_shape import mismatches
from tests.analysis.sweep.verdict_maker import run, two_arms
from tests.labels.label_rows import crowd
from tests.paths import ROOT

RESAMPLING = Resampling(seed=0, n_resamples=50)
TABLE_2 = ROOT / "leaderboard" / "human" / "alpacafarm_table2.csv"


def of_humans(folder: Path, humans: Source | None, simulated: Source | None) -> dict[str, object]:
    settings = RankingSettings(
        rule=None, soft_verdicts=False, tie_model="davidson", trained_in_lab=None, resampling=RESAMPLING
    )
    write_human_comparison(compare_with_humans(humans, simulated, settings), folder / "comparison.json")
    return json.loads((folder / "comparison.json").read_text())  # type: ignore[no-any-return]


def of_labels(folder: Path) -> dict[str, object]:
    table = crowd(annotators=("h1", "h2", "judge", "other"))
    people, judges = (table[table["annotator_kind"] == kind] for kind in ("human", "llm"))
    return of_humans(folder, Source(path=Path("a.csv"), content=people), Source(path=Path("b.csv"), content=judges))


def of_standings(folder: Path) -> dict[str, object]:
    humans, simulated = (
        Source(path=TABLE_2, content=read_standings(TABLE_2, role, None)) for role in ("humans", "simulated")
    )
    return of_humans(folder, humans, simulated)


def of_one_source(folder: Path) -> dict[str, object]:
    table = crowd()
    return of_humans(folder, Source(path=Path("a.csv"), content=table[table["annotator_kind"] == "human"]), None)


def of_a_sweep(folder: Path) -> dict[str, object]:
    rates = {"sft": 0.2, "dpo": 0.4, "ppo": 0.6, "best_of_n": 0.8}
    verdicts = pd.concat(
        [
            two_arms(rates, rates | {"dpo": 0.65}),
            run("longest", 0.5, train="crowd", judge="crowd"),
            run("best_of_n", 0.1, train="shuffled", judge="pool"),
        ]
    )
    crowd_arm, pool_arm = (Arm(annotator_train=name, annotator_eval=name) for name in ("crowd", "pool"))
    comparison = compare_arms(
        verdicts, crowd=crowd_arm, simulated=pool_arm, label_free=["longest"], resampling=RESAMPLING
    )
    write_comparison(comparison, folder / "comparison.json", measured={"wall_seconds": 2.5})
    return json.loads((folder / "comparison.json").read_text())  # type: ignore[no-any-return]


@pytest.mark.parametrize("produced", [of_labels, of_standings, of_one_source, of_a_sweep])
def test_every_comparison_file_has_the_declared_shape(produced, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    content = produced(tmp_path)
    assert mismatches(content, ComparisonJson) == []
    assert content["schema_version"] == SCHEMA_VERSION
    correlation = content["ranking"]["spearman"]
    assert {"value", "low", "high", "n", "reason"} <= correlation.keys()
    assert {"s1", "s2", "human_human_s1", "human_human_s2"} <= content["label_agreement"].keys()
    assert isinstance(content["label_free"], list) and isinstance(content["inversions"], list)


def test_the_shape_is_held_against_every_part_of_a_file(tmp_path: Path) -> None:
    content = of_a_sweep(tmp_path)
    for spoil, problem in (
        (lambda c: c.pop("notes"), ".notes: missing"),
        (lambda c: c.update(spearman=1), ".spearman: not declared"),
        (lambda c: c["ranking"]["kendall"].update(value="high"), ".ranking.kendall.value"),
        (lambda c: c["models"][2].pop("human_n"), ".models[2].human_n: missing"),
        (lambda c: c["inversions"][0].update(is_beyond_noise=1), ".inversions[0].is_beyond_noise: expected bool"),
    ):
        spoilt = copy.deepcopy(content)
        spoil(spoilt)
        (found,) = mismatches(spoilt, ComparisonJson)
        assert found.startswith(problem)


def test_the_table_of_keys_names_every_key() -> None:
    first_column = re.findall(r"^\| ([a-z_, ]+) \|", comparison_schema.__doc__ or "", re.MULTILINE)
    documented = [key for cell in first_column[1:] for key in cell.split(", ")]
    assert sorted(documented) == sorted(ComparisonJson.__annotations__)


def test_the_arms_of_a_sweep_are_its_sources(tmp_path: Path) -> None:
    content = of_a_sweep(tmp_path)
    humans = content["sources"]["humans"]  # type: ignore[index]
    assert humans == {
        "source": "trained on crowd, judged by crowd", "figure": "win rate", "annotators": ["crowd"],
        "annotator_train": "crowd",
        "seeds": [0, 1], "n_seeds": 2, "rule": None,
    }  # fmt: skip
    assert [row["model"] for row in content["label_free"]] == ["longest"]  # type: ignore[attr-defined, index]
    assert [(row["model"], row["labels"]) for row in content["other"]] == [("best_of_n", "shuffled")]  # type: ignore[attr-defined, index]
    assert (content["wall_seconds"], content["peak_memory_mb"]) == (2.5, None)
