"""`farm score` as a user runs it: files in, scored files or an evaluation out, wrong input named exactly."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    LlamaForSequenceClassification,
    PreTrainedTokenizerBase,
)

from farm.commands.main import run_command
from farm.data.files.rows import Row, read_rows
from farm.models.prompt_file import save_prompt, saved_prompt
from farm.models.prompts import ChatPrompt, PromptTemplate
from farm.models.scoring.reward import Combination, save_ensemble
from tests.tiny import tiny_causal_lm, tiny_llama_config, tiny_reward_model, tiny_tokenizer

PROMPT = PromptTemplate(without_input="{instruction}\nAnswer:", with_input="{input}\n{instruction}\nAnswer:")


@pytest.fixture(scope="module")
def reward_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reward_model")
    tiny_reward_model(folder)
    save_prompt(PROMPT, folder)
    return folder


@pytest.fixture
def rows() -> list[Row]:
    return [
        {"instruction": f"Name {k} animals.", "input": "pond" if k % 3 == 0 else "", "output": "a duck " * (k % 5 + 1),
         "generator": "A", "number": k, "score": k / 2, "is_finished": k != 4}
        for k in range(40)
    ]  # fmt: skip


def write(path: Path, rows: list[Row]) -> Path:
    if path.suffix == ".parquet":
        pd.DataFrame(rows).to_parquet(path)
    elif path.suffix == ".csv":
        pd.DataFrame(rows).to_csv(path, index=False)
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows))
    else:
        path.write_text(json.dumps(rows))
    return path


def farm(*arguments: object) -> int:
    return run_command(["score", *map(str, arguments), "device=cpu", "threads=1"])


def by_transformers(folder: Path, tokenizer: PreTrainedTokenizerBase, rows: list[Row]) -> list[float]:
    """Scores of each sequence alone, in words of transformers only."""
    model = LlamaForSequenceClassification.from_pretrained(folder).eval()
    model.config.pad_token_id = None
    scores = []
    for row in rows:
        prompt = f"{row['input']}\n{row['instruction']}\nAnswer:" if row["input"] else f"{row['instruction']}\nAnswer:"
        ids = [*tokenizer(prompt)["input_ids"], *tokenizer(str(row["output"]))["input_ids"]]
        ids += [tokenizer.eos_token_id] if row["is_finished"] else []
        with torch.no_grad():
            scores.append(model(torch.tensor([ids])).logits.item())
    return scores


@pytest.mark.parametrize("ending", ["json", "jsonl", "csv", "parquet"])
def test_every_row_comes_back_in_order_with_its_score(
    ending: str, tmp_path: Path, reward_model: Path, rows: list[Row]
) -> None:
    source, target = write(tmp_path / f"in.{ending}", rows), tmp_path / f"out.{ending}"
    assert farm(f"input={source}", f"output={target}", f"reward_model={reward_model}", "batch_size=4") == 0
    found = read_rows(target)
    assert [str(row["number"]) for row in found] == [str(k) for k in range(40)]
    _, tokenizer = tiny_reward_model(tmp_path / "again")
    expected = by_transformers(reward_model, tokenizer, rows)
    np.testing.assert_allclose([float(str(row["score"])) for row in found], expected, rtol=1e-4, atol=1e-5)
    assert [float(str(row["given_score"])) for row in found] == [k / 2 for k in range(40)]


def test_rows_that_are_too_long_are_counted_and_never_cut(
    tmp_path: Path, reward_model: Path, rows: list[Row], capsys: pytest.CaptureFixture[str]
) -> None:
    rows[7]["output"] = "bread " * 300
    source, target = write(tmp_path / "in.json", rows), tmp_path / "out.parquet"
    assert farm(f"input={source}", f"output={target}", f"reward_model={reward_model}") == 0
    found = pd.read_parquet(target)
    assert list(found["score"].isna()[found["score"].isna()].index) == [7]
    assert found["unscored_reason"][7].startswith("too long: prompt and output have ")
    assert found["unscored_reason"][7].endswith("at most 256 are scored")  # the tiny model's context
    assert "40 outputs" in (said := capsys.readouterr().out) and "1 without a score: too long" in said
    assert farm(f"input={source}", f"output={target}", f"reward_model={reward_model}", "max_tokens=257") == 1
    assert "can read 256 tokens at once, got 257" in capsys.readouterr().err


def test_a_file_without_a_single_score_is_a_failure(
    tmp_path: Path, reward_model: Path, rows: list[Row], capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = write(tmp_path / "in.json", rows), tmp_path / "out.parquet"
    assert farm(f"input={source}", f"output={target}", f"reward_model={reward_model}", "max_tokens=2") == 1
    said = capsys.readouterr()
    assert "farm: none of the 40 outputs has a score: too long (2 tokens of prompt and output" in said.err
    assert "40 without a score: too long" in said.out and pd.read_parquet(target)["score"].isna().all()


def test_an_ensemble_gives_its_members_scores_too(tmp_path: Path, reward_model: Path, rows: list[Row]) -> None:
    folder = tmp_path / "ensemble"
    for number in (1, 2, 3):
        tiny_reward_model(folder / f"member_{number}", seed=number)
    save_ensemble(folder, ["member_1", "member_2", "member_3"], Combination(rule="mean_minus_sd", coefficient=0.5))
    source, target = write(tmp_path / "in.json", rows), tmp_path / "out.parquet"
    save_prompt(PROMPT, folder)
    assert farm(f"input={source}", f"output={target}", f"reward_model={folder}") == 0
    found = pd.read_parquet(target)
    members = found[[f"score_member_{k}" for k in (1, 2, 3)]].to_numpy()
    np.testing.assert_allclose(found["score"], members.mean(axis=1) - 0.5 * members.std(axis=1))
    assert farm(f"input={source}", f"output={tmp_path / 'alone.parquet'}", f"reward_model={reward_model}") == 0
    alone = pd.read_parquet(tmp_path / "alone.parquet")
    np.testing.assert_allclose(alone["score"], members[:, 0], rtol=1e-5)  # the same seed as member_1
    assert "score_member_1" not in alone


def test_the_prompt_is_asked_for_where_nothing_says_it(
    tmp_path: Path, rows: list[Row], capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_reward_model(tmp_path / "stranger")
    source, target = write(tmp_path / "in.json", rows), tmp_path / "out.json"
    line = [f"input={source}", f"output={target}", f"reward_model={tmp_path / 'stranger'}"]
    assert farm(*line) == 1
    assert "does not say how its prompts look (no prompt.json); give prompt=alpaca" in capsys.readouterr().err
    assert farm(*line, "prompt=chat") == 1
    assert "has no chat template" in capsys.readouterr().err
    assert not target.exists()
    scores = []
    for prompt in ("alpaca", "pocket"):
        assert farm(*line, f"prompt={prompt}") == 0
        scores.append([row["score"] for row in read_rows(target)])
    assert scores[0] != scores[1]


def test_everything_wrong_with_the_command_line_is_said_at_once(
    tmp_path: Path, reward_model: Path, rows: list[Row], capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "in.json", rows)
    line = [f"input={source}", f"pairs={source}", "bach_size=3", "prompt=alpacca", "end_token=3", f"output={source}"]
    assert farm(*line) == 2
    said = capsys.readouterr().err
    for part in ("did you mean `batch_size`?", "did you mean `alpaca`?", "end_token: input should be"):
        assert part in said
    # What only the settings' own checks can tell is told of a line whose keys and types are right.
    assert farm(f"input={source}", f"pairs={source}", f"output={source}") == 2
    said = capsys.readouterr().err
    for part in (
        "input: give a file of outputs", "is the input; scores go to a file of their own", "reward_model: is required",
    ):  # fmt: skip
        assert part in said
    assert farm(f"input={source}", f"output={tmp_path / 'out.txt'}", f"reward_model={tmp_path / 'none'}") == 2
    said = capsys.readouterr().err
    assert "unknown format" in said and "no such folder" in said


def test_what_is_no_reward_model_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path / "in.json", [{"instruction": "a", "output": "b"}])
    _, tokenizer = tiny_causal_lm(tmp_path / "language_model")
    two = LlamaForSequenceClassification(tiny_llama_config(len(tokenizer), num_labels=3))
    two.config.id2label = {0: "bad", 1: "fair", 2: "good"}
    two.save_pretrained(tmp_path / "two")
    tokenizer.save_pretrained(tmp_path / "two")
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        num_labels=1,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(tmp_path / "encoder")
    tokenizer.save_pretrained(tmp_path / "encoder")
    for name, message, code in (
        ("language_model", "this is a LlamaForCausalLM, which gives no score", 2),
        ("two", "this one has 3 labels (bad, fair, good)", 2),
        ("encoder", "a BertForSequenceClassification has no head called `score`", 1),
    ):
        line = [
            f"input={source}",
            f"output={tmp_path / 'out.json'}",
            f"reward_model={tmp_path / name}",
            "prompt=pocket",
        ]
        assert farm(*line) == code
        assert message in capsys.readouterr().err


def test_bad_rows_are_named(tmp_path: Path, reward_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[Row] = [{"instruction": "a", "output": "b"}, {"instruction": "a"}, {"instruction": "a", "output": 7}]
    source, target = write(tmp_path / "in.json", rows), tmp_path / "out.json"
    assert farm(f"input={source}", f"output={target}", f"reward_model={reward_model}") == 1
    said = capsys.readouterr().err
    assert "2 of 3 rows are not as expected" in said
    assert "row 2: expected the fields output" in said
    assert "row 3, field `output`: expected a valid string, got 7" in said
    assert not target.exists() and not list(tmp_path.glob(".*"))


def test_labelled_pairs_give_an_evaluation(tmp_path: Path, reward_model: Path) -> None:
    """The model against labels of its own: always right, by margins that are doubled."""
    outputs: list[Row] = [
        {"instruction": f"Name {k} animals.", "input": "", "output": text * (k % 3 + 1)}
        for k in range(30)
        for text in ("a duck ", "an otter ")
    ]
    source, scored = write(tmp_path / "in.json", outputs), tmp_path / "scored.json"
    assert farm(f"input={source}", f"output={scored}", f"reward_model={reward_model}") == 0
    scores = [float(str(row["score"])) for row in read_rows(scored)]
    labelled: list[Row] = []
    for k in range(30):
        first, second = outputs[2 * k], outputs[2 * k + 1]
        preference: object = 1 if scores[2 * k] > scores[2 * k + 1] else 2
        verdict = {27: 1.5, 28: None}.get(k, preference)
        labelled.append(
            {"instruction": first["instruction"], "output_1": first["output"], "output_2": second["output"],
             "preference": verdict}
        )  # fmt: skip
    pairs, folder = write(tmp_path / "pairs.json", labelled), tmp_path / "evaluation"
    assert farm(f"pairs={pairs}", f"output={folder}", f"reward_model={reward_model}", "score_scale=2") == 0
    found = json.loads((folder / "evaluation.json").read_text())
    assert (found["n_ties"], found["n_unparsed"], found["evaluation"]["n"]) == (1, 1, 28)
    assert found["evaluation"]["accuracy"]["value"] == 1.0
    gaps = [abs(scores[2 * k] - scores[2 * k + 1]) for k in range(30) if k not in (27, 28)]
    assert found["evaluation"]["log_loss"]["value"] == pytest.approx(np.mean(np.log1p(np.exp(-2 * np.array(gaps)))))
    assert "28 labels on 28 pairs" in (folder / "evaluation.md").read_text()
    assert (folder / "calibration.png").stat().st_size > 10_000
    assert len(pd.read_parquet(folder / "pairs.parquet")) == 28


def test_errors_are_over_prompts_and_a_condition_says_which_labels_count(tmp_path: Path, reward_model: Path) -> None:
    labels: list[Row] = [
        {"instruction": f"Name {k % 6} animals.", "output_1": f"a duck {k}", "output_2": f"an otter {k}",
         "preference": 1, "round": 1 + (k >= 12)}
        for k in range(18)
    ]  # fmt: skip
    pairs, folder = write(tmp_path / "pairs.jsonl", labels), tmp_path / "report"
    line = (f"pairs={pairs}", f"output={folder}", f"reward_model={reward_model}", "n_resamples=20")
    assert farm(*line) == 0
    found = json.loads((folder / "evaluation.json").read_text())["evaluation"]
    assert (found["n"], found["n_items"], found["n_prompts"]) == (18, 18, 6)
    assert "18 labels on 18 pairs of outputs to 6 prompts" in (folder / "evaluation.md").read_text()
    assert farm(*line, "where='round == 2'") == 0
    report = json.loads((folder / "evaluation.json").read_text())
    assert report["evaluation"]["n"] == 6 and report["notes"] == ["kept 6 of 18 rows where round == 2"]


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ("where='round == 9'", "for none of the 2 rows holds round == 9"),
        ("where='runde == 1'", "runde"),
        ("where='round =='", "where: "),
    ],
)
def test_conditions_that_leave_nothing_are_refused(
    tmp_path: Path, reward_model: Path, capsys: pytest.CaptureFixture[str], condition: str, sentence: str
) -> None:
    row: Row = {"instruction": "Name it.", "output_1": "a duck", "output_2": "an otter", "preference": 1, "round": 1}
    pairs = write(tmp_path / "pairs.jsonl", [row, {**row, "preference": 2, "instruction": "Name two."}])
    assert farm(f"pairs={pairs}", f"output={tmp_path / 'r'}", f"reward_model={reward_model}", condition) in (1, 2)
    assert sentence in capsys.readouterr().err


def test_our_own_preference_pairs_are_read_with_their_ends(tmp_path: Path, reward_model: Path) -> None:
    """Two answers that differ in nothing but their end are told apart."""
    rows: list[Row] = [
        {"instruction": f"Name {k}.", "input": "", "chosen": "a duck", "rejected": "a duck!" * (k % 2 + 1),
         "chosen_is_finished": k % 2 == 0, "rejected_is_finished": True}
        for k in range(12)
    ]  # fmt: skip
    pairs, folder = write(tmp_path / "pairs.parquet", rows), tmp_path / "evaluation"
    assert farm(f"pairs={pairs}", f"output={folder}", f"reward_model={reward_model}") == 0
    written = pd.read_parquet(folder / "pairs.parquet").sort_values("instruction")
    _, tokenizer = tiny_reward_model(tmp_path / "again")
    answers: list[Row] = [
        {"instruction": r["instruction"], "input": "", "output": r["chosen"], "is_finished": r["chosen_is_finished"]}
        for r in sorted(rows, key=lambda r: str(r["instruction"]))
    ]
    expected = by_transformers(reward_model, tokenizer, answers)
    np.testing.assert_allclose(written["score_preferred"], expected, rtol=1e-4, atol=1e-5)


def test_prompts_of_a_benchmark_are_solved_where_the_right_output_is_above_all_wrong_ones(
    tmp_path: Path, reward_model: Path
) -> None:
    prompts = [
        {"id": str(k), "prompt": f"Name {k} birds.", "chosen": [f"an owl {k}"], "rejected": [f"{w} {k}" for w in "xyz"],
         "models": None, "num_correct": 1, "subset": "Focus"}
        for k in range(12)
    ]  # fmt: skip
    pairs, folder = write(tmp_path / "p.jsonl", prompts), tmp_path / "report"
    columns = ["columns.instruction=ask", "columns.output=say"]
    flat = [{"ask": p["prompt"], "say": say} for p in prompts for say in (*p["chosen"], *p["rejected"])]  # type: ignore[misc]
    outputs = write(tmp_path / "o.jsonl", flat)
    assert farm(f"input={outputs}", f"output={tmp_path / 's.jsonl'}", f"reward_model={reward_model}", *columns) == 0
    scores = np.array([row["score"] for row in read_rows(tmp_path / "s.jsonl")], dtype=float).reshape(12, 4)
    assert farm(f"pairs={pairs}", f"output={folder}", f"reward_model={reward_model}", "n_resamples=20") == 0
    (every,) = json.loads((folder / "evaluation.json").read_text())["solved"]
    assert every["share"]["value"] == (scores[:, 0] > scores[:, 1:].max(axis=1)).mean()
    assert every["share"]["n_total"] == 12 and "solved prompts" in (folder / "evaluation.md").read_text()


def test_a_prompt_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    for prompt in (PROMPT, ChatPrompt(system="Be brief.", input_separator="\n")):
        save_prompt(prompt, tmp_path)
        assert saved_prompt(tmp_path) == prompt
    assert saved_prompt(tmp_path / "elsewhere") is None


@pytest.mark.parametrize(("name", "n_labels"), [("llmbar", 192), ("faireval", 80)])
def test_labels_of_people_are_counted_whole(name: str, n_labels: int, tmp_path: Path, humandata: Path) -> None:
    """FairEval has GPT-4's verdicts too, LLMBar none but people's; every human label is somewhere in the counts."""
    tokenizer = tiny_tokenizer()
    config = tiny_llama_config(len(tokenizer), num_labels=1, max_position_embeddings=1024)
    LlamaForSequenceClassification(config).save_pretrained(tmp_path / "long")
    tokenizer.save_pretrained(tmp_path / "long")
    line = [f"pairs={humandata / name}.parquet", f"output={tmp_path / 'out'}", f"reward_model={tmp_path / 'long'}"]
    assert farm(*line, "prompt=pocket", "n_resamples=50", "batch_size=8") == 0
    found = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    n_left_out = sum(found[name] for name in ("n_ties", "n_unparsed", "n_same", "n_unscored"))
    assert 10 < found["evaluation"]["n"] == n_labels - n_left_out
    assert 0 < found["evaluation"]["accuracy"]["value"] < 1
