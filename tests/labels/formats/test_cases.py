"""Small files in published layouts that lie beside the repository: what each is taken for, and who wins in it.

Every expected count was taken from the file itself, without this package. "careful" is the output that begins with
"Here is a careful note", where no model is named.
"""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from farm.data.files.rows import DataError
from farm.labels.read import read_annotations
from tests.commands.run_farm import farm
from tests.labels.label_files import better
from tests.paths import CASES


class Outcome(NamedTuple):
    """What is right about a file."""

    file: str
    format: str
    n_rows: int
    wins: dict[str, int]
    """By model, or by "careful" and "other" output; "=" ties, "?" unparsed."""
    models: str = ""
    """Names, with spaces between; empty where none is named."""
    kind: str = "human"
    named_format: str | None = None
    """Given as a setting."""


OUTCOMES = (
    Outcome("helpsteer2_preference/pref.jsonl", "helpsteer2_preference", 24, {"careful": 11, "other": 8, "=": 5}),
    Outcome("helpsteer3_preference/pref.jsonl", "helpsteer3_preference", 24, {"careful": 13, "other": 4, "=": 7}),
    Outcome("shp/shp.jsonl", "shp", 24, {"careful": 16, "other": 8}),
    Outcome("webgpt/w.jsonl", "webgpt", 24, {"careful": 24}),
    Outcome("summarize_comparisons/s.jsonl", "summarize_from_feedback", 24, {"sup1": 12, "ref": 12}, "ref sup1"),
    Outcome("pku_saferlhf/p.jsonl", "pku_saferlhf", 24, {"careful": 12, "other": 12}),
    Outcome("pku_saferlhf/p.jsonl", "pku_saferlhf_safety", 24, {"careful": 24}, named_format="pku_saferlhf_safety"),
    Outcome("nectar/n.jsonl", "nectar", 72, {"m1": 48, "m2": 24}, "m1 m2 m3", "llm"),
    Outcome("prism/utt.jsonl", "prism", 24, {"m1": 24}, "m1 m2"),
    Outcome("judgebench/j.jsonl", "judgebench", 24, {"careful": 12, "other": 12}),
    Outcome("rewardbench1/r.jsonl", "rewardbench", 24, {"gpt-x": 24}, "gpt-x tiny"),
    Outcome("rewardbench2/r.jsonl", "rewardbench2", 72, {"a": 72}, "a b c d"),
    Outcome("ppe/p.jsonl", "ppe", 24, {"m1": 3, "m2": 9, "=": 12}, "m1 m2"),
    Outcome("arena_hard/m1.jsonl", "arena_hard", 24, {"baseline": 24}, "baseline m1", "llm"),
    # Of two games on each of twelve questions one is A>>B, which counts three times: 12 * (3 + 1).
    Outcome(
        "arena_hard/m1.jsonl", "arena_hard_weighted", 48, {"baseline": 48}, "baseline m1", "llm", "arena_hard_weighted"
    ),
    Outcome("mtbench_single/gpt-4_single.jsonl", "mt_bench_grades", 12, {"m2": 11, "?": 1}, "m1 m2", "llm"),
    Outcome("distilabel/d.jsonl", "distilabel", 12, {"m1": 11, "?": 1}, "m1 m2", "llm"),
    Outcome("arena100k/arena.parquet", "chatbot_arena", 24, {"m0": 4, "m1": 4, "m2": 4, "=": 12}, "m0 m1 m2"),
    Outcome("arena140k/arena.parquet", "chatbot_arena", 24, {"m0": 4, "m1": 4, "m2": 4, "=": 12}, "m0 m1 m2"),
    Outcome("arena55k_surrogate/train.csv", "chatbot_arena", 24, {"m0": 8, "m2": 8, "=": 8}, "m0 m1 m2"),
)


def case(name: str) -> Path:
    path = CASES / name
    if not path.exists():
        pytest.skip(f"the small published layouts are not at {CASES}")
    return path


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: outcome.format + "-" + Path(outcome.file).parent.name)
def test_a_published_layout_is_read_as_what_it_is(outcome: Outcome) -> None:
    frame = read_annotations(case(outcome.file), assumed_kind="human", format=outcome.named_format)
    assert (frame.attrs["format"], len(frame)) == (outcome.format, outcome.n_rows)
    assert " ".join(sorted(set(frame["model_1"]) | set(frame["model_2"]))) == outcome.models
    assert set(frame["annotator_kind"]) == {outcome.kind}
    columns = ("model_1", "model_2") if outcome.models else ("output_1", "output_2")
    wins = Counter(winner if relation == ">" else relation for winner, relation, _ in better(frame, columns))
    if not outcome.models:
        careful = [win for win in wins if win.startswith("Here is a careful note")]
        wins = Counter({"careful": sum(wins.pop(win) for win in careful), "=": wins.pop("=", 0)}) + Counter(
            {"other": wins.total()}
        )
    assert wins == outcome.wins
    assert (frame["instruction"].str.len() > 0).all()


def test_unpaired_labels_are_refused() -> None:
    with pytest.raises(DataError, match="24 unpaired labels"):
        read_annotations(case("kto_labels/pairs.jsonl"), assumed_kind="human")


@pytest.mark.slow
@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: outcome.format + "-" + Path(outcome.file).parent.name)
def test_compare_takes_each_of_them(outcome: Outcome, tmp_path: Path) -> None:
    side = "humans" if outcome.kind == "human" else "simulated"
    named = (f"{side}_format={outcome.named_format}",) if outcome.named_format else ()
    done = farm("compare", f"{side}={case(outcome.file)}", *named, f"output={tmp_path}", "report.n_resamples=10")
    assert done.returncode == 0, done.stderr
    assert all(model in done.stdout for model in outcome.models.split())
