"""Several reward models on the same pairs, whose scores are combined: where they disagree, a policy should not go.

Objective: that of farm/methods/reward_model.py for each member; members differ in their head's first weights and in the
order of the pairs. A score is the members' mean, their minimum, or their mean minus a multiple of their standard
deviation. Paper: Coste et al. 2023, arXiv 2310.02743.

The folder has `member_1`, `member_2`, ..., each an ordinary sequence classifier, `ensemble.json`, and `evaluation.json`
on pairs that no member was trained on.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from farm.methods.reward_model import HeldOutEvaluation, RewardModel, evaluate_margins, split_held_out
from farm.models.answering import rewards_of
from farm.models.checkpoint import Model, load_tokenizer
from farm.models.prompt_file import save_prompt
from farm.models.scoring.reward import EVALUATION, Combination, reward_model_folders, save_ensemble, score_scale
from farm.records import Output, Policy, PreferencePair
from farm.seeds import derive_seed


@dataclass(frozen=True, kw_only=True)
class RewardEnsemble:
    """Reward models that differ by chance only."""

    key_name: ClassVar[str] = "RewardEnsemble"

    member: RewardModel
    """How each of them is trained; pairs are set aside for the whole ensemble, as many as it says."""
    n_members: int
    """How many."""
    combination: Combination
    """How their scores become one."""

    def __post_init__(self) -> None:
        if self.n_members < 2:
            raise ValueError(f"n_members: expected at least 2, got {self.n_members}")

    @property
    def least_pairs(self) -> int:
        """As many as one member takes."""
        return self.member.least_pairs

    def check_pairs(self, n_pairs: int, key: str) -> None:
        """Raise UnfitError if the pairs are too few for a member."""
        self.member.check_pairs(n_pairs, f"{key}.member")

    def train(
        self,
        pairs: Sequence[PreferencePair],
        *,
        model: Model,
        sft: Policy,
        output_dir: Path,
        scratch_dir: Path,
        seed: int,
    ) -> Path:
        """Fit all members; returns output_dir. A member that is finished is not trained again."""
        held_out, train = split_held_out(pairs, self.member.n_held_out, seed)
        names = [f"member_{number}" for number in range(1, self.n_members + 1)]
        for name in names:
            kept = scratch_dir / name
            if not (kept / EVALUATION).is_file():
                building, training = scratch_dir / f"{name}_building", scratch_dir / f"{name}_training"
                for folder in (building, training):
                    folder.mkdir(exist_ok=True)
                replace(self.member, n_held_out=0).train(
                    train,
                    model=model,
                    sft=sft,
                    output_dir=building,
                    scratch_dir=training,
                    seed=derive_seed(seed, "reward ensemble", name),
                )
                building.rename(kept)
            shutil.copytree(kept, output_dir / name)
        save_ensemble(output_dir, names, self.combination)
        save_prompt(model.prompt, output_dir)
        load_tokenizer(output_dir / names[0]).save_pretrained(output_dir)
        evaluation = self._evaluate(held_out, n_train=len(train), model=model, folder=output_dir)
        (output_dir / EVALUATION).write_text(json.dumps(asdict(evaluation), sort_keys=True, indent=1) + "\n")
        return output_dir

    def _evaluate(
        self, held_out: Sequence[PreferencePair], *, n_train: int, model: Model, folder: Path
    ) -> HeldOutEvaluation:
        """Of the combined scores, which are log-odds after multiplying by what the members' were divided by."""
        scale = float(np.mean([score_scale(member) for member in reward_model_folders(folder)]))
        if not held_out:
            return evaluate_margins(None, n_train=n_train, score_mean=0.0, score_scale=scale)
        scores = [
            rewards_of(model, folder, [_answer(pair, is_chosen=is_chosen) for pair in held_out])
            for is_chosen in (True, False)
        ]
        margins = (scores[0] - scores[1]) * scale
        return evaluate_margins(margins, n_train=n_train, score_mean=float(np.mean(scores)), score_scale=scale)


def _answer(pair: PreferencePair, *, is_chosen: bool) -> Output:
    return Output(
        instruction=pair.instruction,
        input=pair.input,
        output=pair.chosen if is_chosen else pair.rejected,
        generator="",
        is_finished=pair.chosen_is_finished if is_chosen else pair.rejected_is_finished,
        history=pair.history,
    )
