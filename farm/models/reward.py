"""Reward models as scorers: one sequence classifier, or an ensemble whose members' scores are combined.

A reward model's folder is a Hugging Face sequence classifier. An ensemble's folder has `ensemble.json` and one such
folder per member.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from farm.errors import UserError
from farm.models.checkpoint import load_reward_model, load_tokenizer
from farm.models.scorers import encode_answers, reward_scores_of_ids

ENSEMBLE = "ensemble.json"
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Combination:
    """How members' scores become one (Coste et al. 2023, arXiv 2310.02743)."""

    rule: Literal["mean", "min", "mean_minus_sd"]
    """mean; min: worst case; mean_minus_sd: mean - coefficient times the standard deviation among members."""
    coefficient: float
    """Of mean_minus_sd; the others ignore it."""

    def apply(self, scores: Floats) -> Floats:
        """(K, N) members' scores -> (N,)."""
        if self.rule == "min":
            return scores.min(axis=0)  # type: ignore[no-any-return]
        spread = self.coefficient * scores.std(axis=0) if self.rule == "mean_minus_sd" else 0.0
        return scores.mean(axis=0) - spread  # type: ignore[no-any-return]


ALONE = Combination(rule="mean", coefficient=0.0)


class RewardScorer:
    """Scores whole answers."""

    def __init__(
        self, members: Sequence[PreTrainedModel], tokenizer: PreTrainedTokenizerBase, combination: Combination = ALONE
    ) -> None:
        self.members = list(members)
        self.tokenizer = tokenizer
        self._combination = combination

    def of_ids(self, sequences: Sequence[Sequence[int]], *, batch_size: int) -> Floats:
        """(N,) scores of prompt and completion ids, read at the last one."""
        return self._combination.apply(self.of_members(sequences, batch_size=batch_size))

    def of_members(self, sequences: Sequence[Sequence[int]], *, batch_size: int) -> Floats:
        """(K, N) scores of each member."""
        return np.stack([reward_scores_of_ids(member, sequences, batch_size=batch_size) for member in self.members])

    def of_answers(self, answers: Sequence[tuple[str, str, bool]], *, batch_size: int) -> Floats:
        """(N,) scores of (prompt, completion, is_finished)."""
        return self.of_ids(encode_answers(self.tokenizer, answers).whole, batch_size=batch_size)


def load_reward_scorer(path: Path, *, dtype: torch.dtype, device: torch.device) -> RewardScorer:
    """A reward model or an ensemble, frozen.

    Raises:
        UserError: the folder is neither.
    """
    folders, combination = reward_model_folders(path), ALONE
    if folders != [path]:
        written = json.loads((path / ENSEMBLE).read_text())
        combination = Combination(rule=written["rule"], coefficient=written["coefficient"])
    members = [load_reward_model(folder, dtype=dtype, device=device).requires_grad_(False) for folder in folders]
    return RewardScorer(members, load_tokenizer(folders[0]), combination)


def reward_model_folders(path: Path) -> list[Path]:
    """The sequence classifiers of a reward model: itself, or the members of an ensemble."""
    if not (path / ENSEMBLE).is_file():
        return [path]
    names = json.loads((path / ENSEMBLE).read_text())["members"]
    missing = [name for name in names if not (path / name).is_dir()]
    if missing:
        raise UserError(f"{path / ENSEMBLE} names the members {missing}, which are not there")
    return [path / name for name in names]


def save_ensemble(path: Path, members: Sequence[str], combination: Combination) -> None:
    """Write what makes the folders `members` under `path` an ensemble."""
    description = {"members": list(members), **asdict(combination)}
    (path / ENSEMBLE).write_text(json.dumps(description, sort_keys=True, indent=1) + "\n")
