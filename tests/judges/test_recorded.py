"""Recorded verdicts are found by their texts and turned to the asked order."""

import json
from pathlib import Path

import pandas as pd
import pytest

from farm.calls.request import NO_CALLS
from farm.data.files.rows import DataError
from farm.judges.recorded import RecordedJudge, RecordedPanel
from farm.records import Comparison, Preference
from tests.judges.scripted import swapped

FIRST, SECOND, TIE = Preference.FIRST, Preference.SECOND, Preference.TIE
PAIR = Comparison(instruction="Add.", input="2 and 2", output_1="4", output_2="5")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows: list[dict[str, object]] = [
        # AlpacaEval merges the input into the instruction.
        {"instruction": "Add.\n\n2 and 2", "output_1": "4", "output_2": "5", "preference": 1, "annotator": "one"},
        {"instruction": "q", "output_1": "x", "output_2": "y", "preference": 1.75, "annotator": "one"},
        {"instruction": "r", "output_1": "x", "output_2": "y", "preference": None, "annotator": "one"},
        {"instruction": "s", "output_1": "x", "output_2": "y", "preference": 1.5, "annotator": "one"},
    ]
    for name, preference in (("two/AB", 1), ("two/BA", 2)):
        pair = {"instruction": "q", "output_1": "x", "output_2": "y"}
        rows.append({**pair, "preference": preference, "annotator": name})
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps(rows))
    return path


def simple(instruction: str) -> Comparison:
    return Comparison(instruction=instruction, output_1="x", output_2="y")


def test_verdicts_are_found_in_either_order_of_the_outputs(file: Path) -> None:
    judge = RecordedJudge(name="one", file=file)
    pairs = [PAIR, swapped(PAIR), simple("q"), swapped(simple("q")), simple("s")]
    verdicts = judge.verdicts(pairs, [1, 2, 2, 1, 1], seed=0, calls=NO_CALLS)
    assert [v.preference for v in verdicts] == [FIRST, SECOND, SECOND, FIRST, TIE]
    # 1.75 is a quarter for output_1.
    assert [v.p_first for v in verdicts] == [None, None, 0.25, 0.75, None]
    assert all(v.cost_usd == 0.0 for v in verdicts)


def test_what_is_not_recorded_is_no_verdict(file: Path) -> None:
    judge = RecordedJudge(name="one", file=file)
    missing, unparsed = judge.verdicts([simple("unknown"), simple("r")], [1, 1], seed=0, calls=NO_CALLS)
    assert missing.unparsed_reason == "annotations.json has no verdict of one on this pair"
    assert unparsed.unparsed_reason == "the file holds no verdict on this pair"
    assert missing.preference is unparsed.preference is None


def test_a_judge_recorded_in_both_orders_is_replayed_in_the_asked_one(file: Path) -> None:
    judge = RecordedJudge(name="two", file=file)
    assert [v.preference for v in judge.verdicts([simple("q")] * 2, [1, 2], seed=0, calls=NO_CALLS)] == [FIRST, SECOND]


def test_the_panel_holds_everybody_in_the_file(file: Path) -> None:
    assert [judge.name for judge in RecordedPanel(file=file, annotators=()).members()] == ["one", "two"]
    assert [judge.name for judge in RecordedPanel(file=file, annotators=("two",)).members()] == ["two"]


def test_an_unknown_name_is_answered_with_the_known_ones(file: Path) -> None:
    with pytest.raises(DataError, match=r"no annotator 'three'; it has one, two"):
        RecordedJudge(name="three", file=file).verdicts([PAIR], [1], seed=0, calls=NO_CALLS)


@pytest.mark.parametrize(("subset", "of_table"), [("LLMBar/Natural", "Natural"), ("GPTInst", "GPTInst")])
def test_a_recorded_judge_of_llmbar_has_its_published_accuracy(humandata: Path, subset: str, of_table: str) -> None:
    """Mean over both orders of the share that names the gold label (LLMBar's table)."""
    path = humandata / "llmbar_judges.parquet"
    table = json.loads((humandata / "known_answers_visible.json").read_text())["llmbar"]["accuracy_table"]["value"]
    gold = pd.read_parquet(path).drop_duplicates("item_id")
    gold = gold[gold["dataset"].str.endswith(subset)]
    texts = gold[["instruction", "input", "output_1", "output_2"]].to_dict("records")
    pairs = [Comparison(**{str(name): text for name, text in row.items()}) for row in texts]
    for name in ("ChatGPT/CoT", "GPT-4/Vanilla"):
        judge = RecordedJudge(name=name, file=path)
        verdicts = [v for order in (1, 2) for v in judge.verdicts(pairs, [order] * len(pairs), seed=0, calls=NO_CALLS)]
        right = [v.preference == Preference(g) for v, g in zip(verdicts, [*gold["gold"]] * 2, strict=True)]
        assert sum(right) / len(right) == pytest.approx(table[name][of_table], abs=5e-5)
