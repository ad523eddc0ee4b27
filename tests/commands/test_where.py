"""`where=...` as people type it: Table 5 of MT-Bench (Zheng et al. 2023) from files like the original ones."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.commands.run_farm import farm

EXPERTS = """turn == 1 and judge_kind == "expert\""""


def vote(question: int, turn: int, judge: str, winner: str) -> str:
    return json.dumps(
        {"question_id": question, "turn": turn, "model_a": "bat", "model_b": "owl", "judge": judge, "winner": winner}
    )


@pytest.fixture(scope="module")
def votes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Votes without texts, as FastChat's files have them.

    Experts against GPT-4 on turn 1: question 81 equal and equal, 82 a tie (inconsistent) against a tie and a win, 83
    different: setup 1 is 3 of 5, setup 2 (no ties) 2 of 3. The author and turn 2 would each make it more.
    """
    folder = tmp_path_factory.mktemp("votes")
    human = [
        vote(81, 1, "expert_1", "model_a"), vote(81, 1, "expert_2", "model_a"), vote(82, 1, "expert_1", "tie"),
        vote(82, 1, "expert_2", "model_b"), vote(83, 1, "expert_1", "model_b"), vote(81, 1, "author_1", "model_a"),
        vote(81, 2, "expert_1", "model_b"),
    ]  # fmt: skip
    gpt4 = [
        vote(81, 1, "gpt4_pair", "model_a"), vote(82, 1, "gpt4_pair", "tie (inconsistent)"),
        vote(83, 1, "gpt4_pair", "model_a"), vote(81, 2, "gpt4_pair", "model_b"),
    ]  # fmt: skip
    (folder / "human.jsonl").write_text("\n".join(human))
    (folder / "gpt4_pair.jsonl").write_text("\n".join(gpt4))
    return folder


def agreement_of(output: Path) -> tuple[float, int, float, int]:
    figures = json.loads((output / "comparison.json").read_text())["label_agreement"]
    s1, s2 = figures["s1"], figures["s2"]
    return s1["value"], s1["n"], s2["value"], s2["n"]


@pytest.mark.slow
def test_the_documented_line_gives_both_setups_of_table_5(votes: Path, tmp_path: Path) -> None:
    done = farm(
        "compare", f"humans={votes / 'human.jsonl'}", f"simulated={votes / 'gpt4_pair.jsonl'}",
        f"where={EXPERTS}", f"output={tmp_path}", "report.n_resamples=20",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"kept 5 of 7 labels by people where {EXPERTS}" in done.stdout
    assert agreement_of(tmp_path) == (3 / 5, 5, 2 / 3, 3)


@pytest.mark.slow
@pytest.mark.parametrize("quoted", [f"where='{EXPERTS}'", "where=\"turn == 1 and judge_kind == 'expert'\""])
def test_it_can_be_typed_in_a_shell(quoted: str, votes: Path, tmp_path: Path) -> None:
    line = f"compare humans={votes} simulated={votes} {quoted} output={tmp_path} report.n_resamples=20"
    words = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, text=True, check=True).stdout
    done = farm(*words.split("\0")[:-1])
    assert done.returncode == 0, done.stderr
    assert agreement_of(tmp_path) == (3 / 5, 5, 2 / 3, 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("turn = 1", "where: 'turn = 1' cannot be read at character 6: a comparison is written =="),
        ("trun == 1", "there is no column 'trun'; the columns are"),
        ("turn == 5", "for none of the 7 labels by people holds turn == 5"),
        ("judge < 3", "'expert_1' < 3: there is no order between the two"),
        ("", "cannot be read at character 1"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(where: str, reason: str, votes: Path, tmp_path: Path) -> None:
    done = farm("compare", f"humans={votes / 'human.jsonl'}", f"where={where}", f"output={tmp_path}")
    assert done.returncode == 2 or done.returncode == 1
    assert reason in done.stderr and "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people and a judge on thirty pairs; only those of the first day count."""
    rows = [
        {
            "item_id": f"i{k}",
            "instruction": f"Name {k} fruits.",
            "output_1": "Plum, pear.",
            "output_2": "Plum.",
            "annotator": name,
            "annotator_kind": "human" if name[0] == "w" else "llm",
            "preference": 1 + (k % n == 0),
            "day": 1 + k // 20,
        }
        for k in range(30)
        for name, n in (("w1", 2), ("w2", 4), ("judge", 3))
    ]
    path = tmp_path_factory.mktemp("table") / "labels.json"
    path.write_text(json.dumps(rows))
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("judges input={table} baselines=[constant] judges_where=day>1", "kept 10 of 30 labels by judges where day>1"),
        ("plan humans={table} n_simulations=100 budgets_usd=[] n_seeds=[1]", ""),
        ("calibrate humans={table} judge=longest name=fitted annotator_dir={out} n_folds=2 n_simulations=2", ""),
    ],
)
def test_every_command_that_reads_labels_takes_and_counts_it(
    command: str, said: str, table: Path, tmp_path: Path
) -> None:
    words = command.format(table=table, out=tmp_path).split()
    done = farm(*words, "where=day == 1", f"output={tmp_path / 'report'}", "n_resamples=20")
    assert done.returncode == 0, done.stderr
    assert "kept 40 of 60 labels by people where day == 1" in done.stdout
    assert said in done.stdout
