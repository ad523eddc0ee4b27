"""Hostile checkpoints: nothing of them is run, each is refused in one sentence; sound ones load."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from farm.errors import UserError
from farm.models.checkpoint import Model, load_causal_lm, load_reward_model
from farm.models.prompts import ChatPrompt
from farm.pipeline.model_fit import check_model
from tests.attack.hostile_checkpoints import HOSTILE, WRITERS_ONLY, mapped
from tests.commands.run_farm import Done, farm
from tests.families import FAMILIES, save_family
from tests.tiny import save_causal_lm_for_long_texts, tiny_causal_lm, tiny_reward_model

CPU = torch.device("cpu")

pytestmark = pytest.mark.slow

PAIRS = [{"instruction": "Name a fish.", "output_1": "Cod.", "output_2": "Cow.", "output": "Eel."}]
TEMPLATE = "{{ messages | map(attribute='content') | join(' ') }}"
MAX_SECONDS = 60.0
"""Of a refusal, on a busy machine; a template that never ends is given ten."""


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound language model."""
    folder = tmp_path_factory.mktemp("writer") / "model"
    save_causal_lm_for_long_texts(folder)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound reward model."""
    folder = tmp_path_factory.mktemp("scorer") / "model"
    tiny_reward_model(folder)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("pairs") / "pairs.json"
    file.write_text(json.dumps(PAIRS))
    return file


def model_of(checkpoint: Path) -> Model:
    return Model(
        name="local", checkpoint=str(checkpoint), prompt=ChatPrompt(system="", input_separator="\n"),
        max_prompt_tokens=64, max_new_tokens=8, dtype="float32", device="cpu", threads=None, micro_batch_size=8,
        generation_batch_size=8, adapter=None,
    )  # fmt: skip


def judged_by(checkpoint: Path, pairs: Path, folder: Path) -> Done:
    return farm(
        "annotate", f"input={pairs}", f"output={folder / 'labels.json'}", "annotator=local",
        f"local_model={checkpoint}", f"root={folder / 'root'}",
    )  # fmt: skip


def scored_by(checkpoint: Path, pairs: Path, folder: Path) -> Done:
    """The cheapest command that reads a checkpoint."""
    return farm(
        "score", f"input={pairs}", f"output={folder / 'labels.json'}", f"reward_model={checkpoint}", "prompt=chat"
    )


def assert_one_sentence(done: Done, says: str) -> None:
    # On a slow machine a bar of progress comes first.
    lines = [line for line in done.stderr.strip().splitlines() if "no estimate yet" not in line]
    assert done.returncode in (1, 2), done
    assert says in lines[-1], done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert len(lines) == (1 if done.returncode == 1 else 2), done.stderr  # 2: how many problems, then what they are
    assert all(sign.isprintable() for line in lines for sign in line)


def hostile(kind: str, sound: Path, folder: Path) -> Path:
    copy = folder / "model"
    shutil.copytree(sound, copy)
    HOSTILE[kind][0](copy, folder / "canary")
    return copy


@pytest.mark.parametrize("kind", [kind for kind in HOSTILE if kind not in WRITERS_ONLY])
def test_a_hostile_reward_model_is_refused_in_one_sentence(
    kind: str, scorer: Path, pairs: Path, tmp_path: Path
) -> None:
    start = time.monotonic()
    done = scored_by(hostile(kind, scorer, tmp_path), pairs, tmp_path)
    assert not (tmp_path / "canary").exists()
    assert_one_sentence(done, HOSTILE[kind][1])
    assert time.monotonic() - start < MAX_SECONDS
    assert not (tmp_path / "labels.json").exists()


@pytest.mark.parametrize("kind", [*WRITERS_ONLY, "index names a pickle", "template drops the messages"])
def test_a_hostile_judge_is_refused_before_the_first_request(
    kind: str, writer: Path, pairs: Path, tmp_path: Path
) -> None:
    done = judged_by(hostile(kind, writer, tmp_path), pairs, tmp_path)
    assert not (tmp_path / "canary").exists()
    assert_one_sentence(done, HOSTILE[kind][1])


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_model_to_train_is_refused(kind: str, writer: Path, tmp_path: Path) -> None:
    checkpoint = hostile(kind, writer, tmp_path)
    with pytest.raises(UserError) as refused:
        check_model(model_of(checkpoint))
        load_causal_lm(checkpoint, dtype=torch.float32, device=torch.device("cpu"))
    assert HOSTILE[kind][1] in str(refused.value)
    assert not (tmp_path / "canary").exists()


def test_the_sound_ones_judge_and_score(writer: Path, scorer: Path, pairs: Path, tmp_path: Path) -> None:
    for done in (judged_by(writer, pairs, tmp_path), scored_by(scorer, pairs, tmp_path)):
        assert done.returncode == 0, done.stderr


def trained_from(checkpoint: Path, folder: Path, *settings: str) -> Done:
    return farm(
        "run", "method=sft", "annotator=crowd", "dataset.n_demonstrations=32", "dataset.n_preference=16",
        "dataset.n_unlabeled=16", "dataset.n_evaluation=4", "dataset.n_validation=2", "model=local",
        f"model.checkpoint={checkpoint}", "model.threads=1", f"root={folder / 'root'}", *settings,
    )  # fmt: skip


@pytest.mark.parametrize(
    "ensemble",
    [
        '{"members": ["../model"], "rule": "mean", "coefficient": 0}', '{"members": ["/etc"], "rule": "mean"}',
        '{"members": [1]}', '{"members": []}', '{"members": "model"}', "[1]", "{", "[" * 100_000,
        '{"members": ["model"], "rule": "evil", "coefficient": 0}', '{"members": ["model"], "rule": "mean"}',
        '{"members": ["model"], "rule": "mean", "coefficient": NaN}', '{"members": ["gone"]}',
    ],
)  # fmt: skip
def test_an_ensemble_that_is_none_is_refused(ensemble: str, scorer: Path, pairs: Path, tmp_path: Path) -> None:
    shutil.copytree(scorer, tmp_path / "both" / "model")
    (tmp_path / "both" / "ensemble.json").write_text(ensemble)
    assert_one_sentence(scored_by(tmp_path / "both", pairs, tmp_path), "ensemble.json")


def test_finite_weights_whose_scores_are_not_are_refused(scorer: Path, pairs: Path, tmp_path: Path) -> None:
    shutil.copytree(scorer, tmp_path / "model")
    mapped("_proj", lambda tensor: tensor * 1e30)(tmp_path / "model", tmp_path)
    assert_one_sentence(scored_by(tmp_path / "model", pairs, tmp_path), "scores of this reward model are NaN")
    assert not (tmp_path / "labels.json").exists()


@pytest.mark.parametrize("command", [judged_by, scored_by, trained_from])
def test_what_is_no_folder_is_said_so_with_what_was_meant(
    command: Callable[..., Done], scorer: Path, pairs: Path, tmp_path: Path
) -> None:
    (tmp_path / "my_model").mkdir()
    last = () if command is trained_from else (pairs,)
    missing, file = tmp_path / "my_modle", scorer / "model.safetensors"
    assert_one_sentence(command(missing, *last, tmp_path), f"did you mean {tmp_path / 'my_model'}?")
    assert_one_sentence(command(file, *last, tmp_path), f"{file} is a file; a checkpoint is a folder")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (("model.max_new_tokens=300",), "model.max_new_tokens=300 leaves no room for a prompt"),
        (("model.max_new_tokens=230",), "lower model.max_new_tokens to "),
        (("model.max_new_tokens=8", "model.max_prompt_tokens=400"), "give model.max_prompt_tokens=248"),
        (("model=local_chat",), "has no chat template"),
    ],
)
def test_a_context_too_short_is_said_before_anything_is_trained(
    settings: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    tiny_causal_lm(tmp_path / "model")  # reads 256 tokens
    assert_one_sentence(trained_from(tmp_path / "model", tmp_path, *settings), says)
    assert not (tmp_path / "root" / "artifacts" / "policy").exists()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_sound_checkpoint_of_any_family_loads_whole(family: str, dtype: torch.dtype, tmp_path: Path) -> None:
    save_family(family, tmp_path / "base")
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path / "base", dtype=dtype)
    theirs.save_pretrained(tmp_path / "base", max_shard_size="20KB")
    check_model(model_of(tmp_path / "base"))
    loaded = load_causal_lm(tmp_path / "base", dtype=dtype, device=CPU)
    for (name, ours), (other, parameter) in zip(loaded.named_parameters(), theirs.named_parameters(), strict=True):
        assert name == other and torch.equal(ours, parameter)
    if family != "mamba":  # transformers has no classifier of it
        load_reward_model(tmp_path / "base", dtype=dtype, device=CPU, is_head_new=True)
        with pytest.raises(UserError, match="which would be random: "):
            load_reward_model(tmp_path / "base", dtype=dtype, device=CPU)


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("llama", "model.layers.0.self_attn.rotary_emb.inv_freq"),
        ("gpt2", "transformer.h.0.attn.bias"),
        ("gpt2", "transformer.h.0.attn.masked_bias"),
        ("gpt_neox", "gpt_neox.layers.0.attention.bias"),
    ],
)
def test_what_older_versions_stored_besides_does_no_harm(family: str, name: str, tmp_path: Path) -> None:
    save_family(family, tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    save_file(tensors | {name: torch.ones(4)}, tmp_path / "model.safetensors", metadata={"format": "pt"})
    weights = dict(load_causal_lm(tmp_path, dtype=torch.float32, device=CPU).named_parameters())
    assert name not in weights and all(torch.equal(weights[k], tensors[k]) for k in weights.keys() & tensors.keys())
