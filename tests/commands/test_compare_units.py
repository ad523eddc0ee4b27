"""`farm compare` on files in which a row is not simply one annotator's win, tie or loss between two models."""

import json
from pathlib import Path

import pytest

from tests.commands.run_farm import Done, farm

pytestmark = pytest.mark.slow


def rows(*labels: tuple[str, str, float | None], annotator: str = "judge", **cells: object) -> list[dict[str, object]]:
    """One row a label, (model of output_1, model of output_2, preference), each on an instruction of its own."""
    return [
        {
            "instruction": f"Name {k} rivers. ☂",
            "output_1": f"Elbe, by {one}, {k}",
            "output_2": f"Oder, by {other}, {k}",
            "generator_1": one,
            "generator_2": other,
            "annotator": annotator,
            "preference": preference,
        }
        | cells
        for k, (one, other, preference) in enumerate(labels)
    ]


def compared(tmp_path: Path, table: list[dict[str, object]], *more: str) -> Done:
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(table))
    return farm("compare", f"simulated={path}", f"output={tmp_path / 'out'}", "report.n_resamples=50", *more)


def win_rates(tmp_path: Path) -> dict[str, tuple[float, int, int]]:
    models = json.loads((tmp_path / "out" / "comparison.json").read_text())["models"]
    return {m["model"]: (m["simulated_win_rate"], m["simulated_n"], m["simulated_n_unparsed"]) for m in models}


def test_grades_of_an_annotations_file_are_its_win_rate(tmp_path: Path) -> None:
    # (.02 + .7 + .5 + .98) / 4 = .55; null is unparsed and leaves n.
    done = compared(tmp_path, rows(*(("ref", "m", p) for p in (1.02, 1.7, 1.5, None, 1.98))))
    assert done.returncode == 0 and "Graded verdicts count as they are" in done.stdout
    assert win_rates(tmp_path) == {"m": (pytest.approx(0.55), 4, 1), "ref": (pytest.approx(0.45), 4, 1)}


def test_one_of_a_kind_is_named_in_the_singular(tmp_path: Path) -> None:
    done = compared(tmp_path, rows(("ref", "m", 2)))
    assert "1 annotator, 1 verdict on 1 item from 1 instruction, 0 unparsed." in done.stdout
    assert "1 item with a label, 0 without a parsed one, 1 instruction." in done.stdout


def test_percent_is_said_of_win_rates_only(tmp_path: Path) -> None:
    elo, rates = tmp_path / "elo.csv", tmp_path / "rates.csv"
    elo.write_text("model,elo,n\na,1100,100\nb,1000,100\n")
    rates.write_text("model,win_rate,n\na,0.6,100\nb,0.4,100\n")
    files = (f"humans={elo}", "humans_column=elo", f"output={tmp_path / 'out'}", "report.n_resamples=50")
    assert "n: verdicts, as published.\n" in farm("compare", *files).stdout
    assert "as published; win rates of simulated in percent." in farm("compare", *files, f"simulated={rates}").stdout


def test_a_row_of_the_reference_against_itself_is_left_out_and_counted(tmp_path: Path) -> None:
    table = rows(("ref", "m1", 2), ("ref", "m1", 1), ("ref", "m2", 2), ("ref", "m2", 2), ("ref", "ref", 1.5))
    done = compared(tmp_path, table)
    assert done.returncode == 0
    assert win_rates(tmp_path) == {"m1": (0.5, 2, 0), "m2": (1.0, 2, 0)}
    assert "items that compare a model with itself (ref): 1 of 5; they are left out of every ranking" in done.stdout


def test_an_annotator_of_nothing_else_is_not_drawn(tmp_path: Path) -> None:
    table = rows(*(("ref", "m", p) for p in (1, 2, 2, 1))) + rows(("ref", "ref", 1.5), annotator="other")
    assert compared(tmp_path, table).returncode == 0
    content = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert content["sources"]["simulated"]["annotators"] == ["judge"]
    assert content["models"][0]["simulated_low"] is not None


def test_a_file_of_nothing_else_is_one_sentence(tmp_path: Path) -> None:
    done = compared(tmp_path, rows(("m", "m", 1), ("m", "m", 2)))
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "models are not ranked: every item compares a model with itself (m; 2 items)" in done.stderr


def test_the_two_orders_of_a_judge_are_one_verdict(tmp_path: Path) -> None:
    # A win and a tie, a win and a loss, two wins; unparsed in one order.
    said = ((1, 1.5), (1, 2), (1, 1), (2, None))
    table = [
        row | {"first_shown": shown, "item_id": str(k)}
        for shown in (1, 2)
        for k, row in enumerate(rows(*(("a", "b", pair[shown - 1]) for pair in said)))
    ]
    done = compared(tmp_path, table)
    assert done.returncode == 0 and "1 annotator, 3 verdicts on 4 items" in done.stdout
    assert win_rates(tmp_path)["a"] == (pytest.approx(2.25 / 3), 3, 1)
    assert compared(tmp_path, table, "annotator=judge/BA").returncode == 0
    assert win_rates(tmp_path)["a"] == (pytest.approx(0.5), 3, 1)
    done = compared(tmp_path, table, "annotator=judge/CA")
    assert done.returncode == 1 and "no llm row by 'judge/CA'; there are ['judge']" in done.stderr


def test_a_tree_of_results_may_hold_the_reference_itself(tmp_path: Path) -> None:
    tree = tmp_path / "results"
    for model, said in (("m1", (1.9, 1.3)), ("m2", (1.2, None)), ("ref", (1.5, 1.5))):
        folder = tree / model / "weighted_w"
        folder.mkdir(parents=True)
        table = rows(*(("ref", model, p) for p in said), annotator="weighted_w")
        (folder / "annotations.json").write_text(json.dumps(table))
    done = farm("compare", f"simulated={tree}", f"output={tmp_path / 'out'}", "report.n_resamples=50")
    assert done.returncode == 0
    assert win_rates(tmp_path) == {"m1": (pytest.approx(0.6), 2, 0), "m2": (pytest.approx(0.2), 1, 1)}
    assert "items that compare a model with itself (ref): 2 of 6" in done.stdout


def test_probabilities_beside_verdicts_count_if_asked_for(tmp_path: Path) -> None:
    said = ((1, 0.9), (2, 0.4), (2, 0.0))
    table = [row | {"p_first": p} for row, (_, p) in zip(rows(*(("a", "b", v) for v, _ in said)), said, strict=True)]
    assert "(soft_verdicts=true: it does)" in compared(tmp_path, table).stdout
    assert win_rates(tmp_path)["a"][0] == pytest.approx(1 / 3)
    assert compared(tmp_path, table, "soft_verdicts=true").returncode == 0
    assert win_rates(tmp_path)["a"][0] == pytest.approx(1.3 / 3)
