"""A policy as a folder that others can use: its checkpoint, how it is asked, its card. The artifact stays as it is."""

import json
import shutil
from pathlib import Path

from farm.disk import whole_file, write_whole
from farm.errors import UserError
from farm.pipeline.sharing.model_card import REWARD_FOLDER, SETTINGS_FILE, Licences, card_text
from farm.pipeline.sharing.policy_facts import PolicyFacts

CARD = "README.md"
_OF_CHECKPOINTS = (
    "config.json", "generation_config.json", "*.safetensors", "*.safetensors.index.json", "tokenizer*.json",
    "tokenizer.model", "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt", "merges.txt",
    "chat_template.jinja", "adapter_config.json", "ensemble.json", "prompt.json",
)  # fmt: skip
"""Weights, settings and tokenizer; what else lies beside them (rollouts, labels, logs) is not shared."""


def share_policy(facts: PolicyFacts, licences: Licences, output: Path) -> list[Path]:
    """Write the folder; returns its files. Whatever is there already is replaced file by file, and nothing removed.

    Raises:
        UserError: there is no checkpoint any more, or the folder lies in the root's artifacts.
    """
    policy = facts.policy
    if not (policy.checkpoint / "config.json").is_file():
        raise UserError(f"{policy.checkpoint}: the policy's checkpoint is gone; run the same command again")
    if output.resolve().is_relative_to(policy.checkpoint.resolve()):
        raise UserError(
            f"output={output}: it lies in the artifact itself, which must stay as it is; give another folder"
        )
    written = _copied(policy.checkpoint, output)
    if policy.reward_model is not None:
        for folder in (policy.reward_model, *sorted(policy.reward_model.glob("member_*"))):
            written += _copied(folder, output / REWARD_FOLDER / folder.relative_to(policy.reward_model))
    asked = {
        "prompt": facts.model.get("prompt"),
        "max_prompt_tokens": facts.model.get("max_prompt_tokens"),
        "max_new_tokens": facts.model.get("max_new_tokens"),
        "prefix": policy.prefix,
        "suffix": policy.suffix,
        "temperature": policy.temperature,
        "best_of": policy.best_of,
        "scorer": policy.scorer,
        "key": facts.key,
    }
    write_whole(output / SETTINGS_FILE, json.dumps(asked, indent=1, sort_keys=True) + "\n")
    write_whole(output / CARD, card_text(facts, licences))  # last: a folder with a card is whole
    return [*written, output / SETTINGS_FILE, output / CARD]


def _copied(folder: Path, output: Path) -> list[Path]:
    output.mkdir(parents=True, exist_ok=True)
    files = sorted({file for pattern in _OF_CHECKPOINTS for file in folder.glob(pattern) if file.is_file()})
    for file in files:
        with whole_file(output / file.name) as draft:
            shutil.copyfile(file, draft)
    return [output / file.name for file in files]
