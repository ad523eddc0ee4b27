import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from farm.commands.main import run_command

QUICK = ["n_simulations=200", "n_seeds=[1,3]", "human_labels.n_annotators=[4]", "simulated_labels.n_annotators=[13]"]


def plan(folder: Path, *arguments: str) -> int:
    return run_command(["plan", *QUICK, f"output={folder}", *arguments])


def table(path: Path, *, n_items: int = 400, flip: float = 0.2) -> Path:
    """Three humans and two judges on the same items of two models."""
    rng = np.random.default_rng(0)
    truth = rng.random(n_items) < 0.5
    rows = [
        {
            "item_id": f"i{item}",
            "instruction": f"say {item}",
            "output_1": "one",
            "output_2": "two",
            "model_1": "a",
            "model_2": "b",
            "annotator": name,
            "annotator_kind": kind,
            "preference": 1.0 if truth[item] ^ (rng.random() < flip) else 2.0,
        }
        for name, kind in (("h1", "human"), ("h2", "human"), ("h3", "human"), ("j1", "llm"), ("j2", "llm"))
        for item in range(n_items)
    ]
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def cells(table: str) -> str:
    """Without what only sets it: Markdown has a backslash where the terminal has none."""
    return re.sub(r"[ :-]+", " ", table.replace("\\$", "$"))


def test_it_answers_in_labels_money_and_hours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan(tmp_path, "difference=0.1", "confidence=0.9") == 0
    text = capsys.readouterr().out
    assert "10 points apart" in text and "Cheapest by humans" in text and "What was assumed" in text
    tables = [line for line in (tmp_path / "plan.md").read_text().splitlines() if line.startswith("|")]
    assert len(tables) > 10 and all(cells(line) in cells(text) for line in tables)
    assert (tmp_path / "plan.png").read_bytes().startswith(b"\x89PNG")
    found = json.loads((tmp_path / "plan.json").read_text())
    assert {row["source"] for row in found["smallest"]} == {"humans", "simulator"} and len(found["smallest"]) == 4
    humans = found["smallest"][0]
    assert humans["cost"]["n_labels"] == 2 * humans["n_seeds"] * humans["design"]["n_items"]
    assert humans["cost"]["usd"] == pytest.approx(0.3 * humans["cost"]["n_labels"])
    assert humans["cost"]["hours"] == pytest.approx(0.0102 * humans["cost"]["n_labels"])


def test_the_cheapest_is_the_least_price_in_the_table(tmp_path: Path) -> None:
    assert plan(tmp_path, "difference=0.05", "human_labels.n_annotators=[4,16]", "n_seeds=[1,3,5]") == 0
    found = [row for row in json.loads((tmp_path / "plan.json").read_text())["smallest"] if row["source"] == "humans"]
    least = min(found, key=lambda row: float(row["cost"]["usd"]))
    for row in found:
        assert row["n_items_low"] <= row["design"]["n_items"]
    (marked,) = [line for line in (tmp_path / "plan.md").read_text().splitlines() if line.startswith("| humans *")]
    cells = [cell.strip() for cell in marked.split("|")]
    assert cells[2:4] == [str(least["n_seeds"]), str(least["n_annotators"])]
    # Neither more seeds nor more annotators need more instructions.
    items = {(row["n_seeds"], row["n_annotators"]): row["design"]["n_items"] for row in found}
    assert all(items[n, 16] <= items[n, 4] for n in (1, 3, 5)) and items[1, 4] >= items[3, 4] >= items[5, 4]


def test_the_same_command_writes_the_same_bytes(tmp_path: Path) -> None:
    names = ("plan.json", "plan.md", "plan.png")
    for folder in ("one", "two"):
        assert plan(tmp_path / folder, "difference=0.1") == 0
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in names)


def test_a_table_tells_the_noise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = table(tmp_path / "labels.csv")
    assert plan(tmp_path, "difference=0.1", f"humans={path}", f"simulated={path}") == 0
    told = json.loads((tmp_path / "plan.json").read_text())["sources"]
    assert told["humans"]["flip_prob"] == pytest.approx(0.2, abs=0.03)
    assert told["simulator"]["shared_flip_prob"] == pytest.approx(0.0, abs=0.03)
    # Two models are one pair: too few to tell the judges' lean.
    assert told["simulator"]["bias_sd"] == 0.02 and "configured: only 1 pair of models" in capsys.readouterr().out
    assert plan(tmp_path, f"humans={path}", f"simulated={path}", "annotator=j3") == 1
    assert "no llm row by 'j3'; there are ['j1', 'j2']" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("difference=0", "methods that do not differ have no order"),
        ("difference=-0.05", "difference: expected above 0"),
        ("confidence=1", "which no number of labels reaches"),
        ("confidence=0.5", "confidence: expected above .5"),
        ("win_rate=0.99", "strictly between 0 and 1"),
        ("human_labels.flip_prob=0.5", "a label says nothing"),
        ("n_seeds=[]", "n_seeds: expected one or more numbers"),
        ("seed_sd=-1", "seed_sd: expected"),
        ("simulated=x.csv", "humans: is needed too"),
        ("n_simulations=5", "n_simulations: expected 100 or more"),
        ("confidence=0.999", "n_simulations: expected 10,000 or more to tell a confidence of 0.999, got 2000"),
    ],
)
def test_nonsense_is_refused_before_anything_starts(
    argument: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["plan", argument, f"output={tmp_path / 'plan'}"]) == 2
    assert message in capsys.readouterr().err and not (tmp_path / "plan").exists()


def test_it_says_when_seeds_dominate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan(tmp_path, "difference=0.02", "seed_sd=0.02", "confidence=0.95") == 0
    assert "never: with 3 seeds and 4 annotators confidence cannot exceed" in capsys.readouterr().out
