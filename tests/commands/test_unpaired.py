"""KTO on unpaired labels through the command line: it trains on them, says their balance, and others refuse."""

import json
from pathlib import Path

import pytest

from tests.commands.run_farm import farm

pytestmark = pytest.mark.slow
WORDS = ("fig", "pear", "otter", "duck", "heron", "bread", "cake", "frog")


def written(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("unpaired")
    asked = [f"Name {a} and {b}." for a in WORDS for b in WORDS]
    # Two in three are desirable; two prompts are evaluation instructions too, and their labels are left out.
    labels: list[dict[str, object]] = [
        {"prompt": text, "completion": text[5:] if k % 3 else "no", "label": bool(k % 3)}
        for k, text in enumerate(asked[16:])
    ]
    held_out = (*asked[62:], "Name it.")
    files = {
        "demonstrations": written(folder / "demos.jsonl", [{"instruction": t, "output": t[5:]} for t in asked[:16]]),
        "preference": written(folder / "kto.jsonl", labels),
        "evaluation": written(
            folder / "held_out.jsonl", [{"instruction": t, "output": "fig", "generator": "one"} for t in held_out]
        ),
    }
    return [
        "run", "dataset=alpaca_farm", "annotator=recorded", "model.max_new_tokens=8", "sft.training.batch_size=8",
        *(f"dataset.{name}_file={path}" for name, path in files.items()), f"root={folder / 'root'}",
        "method.training.batch_size=16", "method.rows_per_forward=8",
    ]  # fmt: skip


def test_kto_trains_on_unpaired_labels_once(line: list[str]) -> None:
    done = farm(*line, "method=kto")
    assert done.returncode == 0, done.stderr
    # 48 labels, every third undesirable (16); left out are those numbered 46 and 47, which are desirable.
    assert "unpaired labels: 30 desirable labels (weight 1) and 16 undesirable (weight 1), ratio 1.88" in done.stdout
    again = farm(*line, "method=kto")
    assert again.returncode == 0 and " made " not in again.stdout and "ratio 1.88" in again.stdout


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        (["method=dpo"], "dpo learns from pairs of outputs, and alpaca_farm brings unpaired labels"),
        (["method=kto", "noise=label_flip"], "cannot give or change; they are replayed by annotator=recorded"),
        (["method=kto", "comparisons.n_comparisons=9"], "kto takes at least 16 unpaired labels"),
    ],
)
def test_what_cannot_learn_from_them_refuses_in_one_sentence(
    line: list[str], choices: list[str], sentence: str
) -> None:
    done = farm(*line, *choices)
    assert done.returncode == 1 and sentence in done.stderr and "Traceback" not in done.stderr, done.stderr
