"""The reward model: one scalar per (prompt, completion), fitted to preference pairs. A stage that methods share.

Objective (Bradley-Terry): minimise -mean log sigmoid(score(chosen) - score(rejected)) + c mean (score(chosen) +
score(rejected))^2, where c is the optional centering coefficient (Eisenstein et al. 2023, arXiv 2312.09244).
Paper: Ouyang et al. 2022, arXiv 2203.02155, step 2. Trainer: TRL's RewardTrainer, on our token ids.

What differs from AlpacaFarm: the end token of a finished answer is part of the input, so a cut answer looks cut; the
new head may learn faster than the rest; scores may be divided by their standard deviation on the training pairs, so
that KL coefficients carry over between reward models. transformers' heads have no bias, so the mean stays where it is
(it is in `evaluation.json`): a constant changes no preference, no choice among answers, and no advantage that is taken
against a group's mean; it would shift the targets of PPO's value network, so PPO subtracts a mean of its own.
`prompt.json` says how the prompts looked, so that `farm score` needs no telling.

`metrics.jsonl`: loss (lower is better), accuracy (share of training pairs with score(chosen) > score(rejected), higher
is better), margin (mean score difference), min_reward, mean_reward, max_reward, grad_norm, learning_rate, step.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from trl.trainer.reward_config import RewardConfig
from trl.trainer.reward_trainer import RewardTrainer

from farm.config.checks import check_fields
from farm.errors import DivergedError, UnfitError
from farm.methods.divergence import check_finite_step
from farm.methods.examples import EncodedPair, encode_pairs
from farm.methods.trl.training import (
    TrainingJob,
    TrainingSettings,
    dataset_of,
    in_training_order,
    load_classifier_to_train,
    run_trainer,
    save_trained,
    training_arguments,
)
from farm.models.checkpoint import Model, load_tokenizer, reward_head
from farm.models.prompt_file import save_prompt
from farm.models.scoring.reward import EVALUATION
from farm.models.tokens import pad
from farm.records import Policy, PreferencePair, instruction_key
from farm.seeds import uniform_for

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class HeldOutEvaluation:
    """How well a reward model predicts pairs it was not trained on. Written to `evaluation.json`."""

    n_train: int
    """Pairs trained on."""
    n_held_out: int
    """Pairs set aside; with 0, the figures below are null."""
    accuracy: float | None
    """Share of held-out pairs with score(chosen) > score(rejected); higher is better."""
    standard_error: float | None
    """Of the accuracy."""
    confidence: float | None
    """Mean predicted probability of the answer that the model prefers; calibrated if it equals the accuracy."""
    log_loss: float | None
    """-mean log predicted probability of the chosen answer, in nats; log 2 = .693 for a coin."""
    score_mean: float
    """Mean score of the training pairs' answers, as saved."""
    score_scale: float
    """What the head was divided by: the scores' standard deviation on the training pairs, or 1; of an ensemble, the
    mean of its members'. Score differences times it are log-odds."""


@dataclass(frozen=True, kw_only=True)
class RewardModel:
    """A sequence classifier with one label on top of a causal LM's backbone."""

    key_name: ClassVar[str] = "RewardModel"

    start: Literal["base", "sft"]
    """Whose backbone it starts from: the pretrained model's or the SFT policy's."""
    head_learning_rate_multiplier: float
    """The new head's learning rate, as a multiple of the backbone's."""
    center_rewards_coefficient: float | None
    """Weight of the penalty on the squared sum of a pair's scores; null for none."""
    normalise: bool
    """Divide the head by the standard deviation of the scores on the training pairs, after training."""
    n_held_out: int
    """Pairs set aside for evaluation, drawn by key."""
    training: TrainingSettings
    """How the weights are fitted; the batch size counts pairs."""

    def __post_init__(self) -> None:
        smallest = {"n_held_out": 0, "center_rewards_coefficient": 0, "head_learning_rate_multiplier": 0}
        check_fields(self, at_least=smallest)
        if self.training.n_snapshots > 1:
            raise ValueError(
                f"training.n_snapshots: nobody chooses among reward models, expected 1, got {self.training.n_snapshots}"
            )

    @property
    def least_pairs(self) -> int:
        """The held-out pairs and one batch."""
        return self.n_held_out + self.training.batch_size

    def check_pairs(self, n_pairs: int, key: str) -> None:
        """Raise UnfitError if the held-out pairs leave less than a batch to train on."""
        n_left, batch_size = max(n_pairs - self.n_held_out, 0), self.training.batch_size
        if n_left >= batch_size:
            return
        fewer, whole = n_pairs // 10, f"{key}.training.batch_size"
        smaller = f"give a smaller n_held_out, e.g. {key}.n_held_out={fewer}, a smaller batch, or more preference data"
        if n_pairs - fewer < batch_size:
            smaller = "give more preference data"
            smaller += f", or {key}.n_held_out={fewer} and {whole}={n_pairs - fewer}" if n_pairs else ""
        raise UnfitError(
            f"{key}.n_held_out={self.n_held_out} sets pairs aside to evaluate the reward model: of at most {n_pairs} "
            f"pairs {n_left} are left to train on, less than one batch ({whole}={batch_size}); {smaller}"
        )

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
        """Fit and evaluate; returns output_dir, a sequence-classification checkpoint."""
        job = TrainingJob("reward model", model, self.training, output_dir, scratch_dir, seed, sequences_per_row=2)
        start = model.checkpoint if self.start == "base" else sft.checkpoint
        tokenizer = load_tokenizer(start)
        split = split_held_out(pairs, self.n_held_out, seed)
        train = encode_pairs(model, tokenizer, split.train)
        try:
            held_out = encode_pairs(model, tokenizer, split.held_out)
        except UnfitError as error:
            raise UnfitError(f"n_held_out={self.n_held_out}, pairs to evaluate the reward model on: {error}") from error
        in_order = in_training_order(train, job)

        classifier = load_classifier_to_train(start, job)
        padding_tokenizer = load_tokenizer(start)
        padding_tokenizer.pad_token_id = _padding_id([*train, *held_out], tokenizer)
        trainer = RewardTrainer(
            model=classifier,
            args=training_arguments(
                RewardConfig,
                job,
                len(in_order),
                max_length=None,
                center_rewards_coefficient=self.center_rewards_coefficient,
            ),
            train_dataset=dataset_of([_full_sequences(pair)._asdict() for pair in in_order]),
            processing_class=padding_tokenizer,
            optimizers=(_optimizer(classifier, self.training, self.head_learning_rate_multiplier), None),
        )
        run_trainer(trainer, job)

        evaluation = self._evaluate_and_normalise(classifier, train, held_out, model)
        report = json.dumps(asdict(evaluation), sort_keys=True, indent=1) + "\n"
        output_dir.joinpath(EVALUATION).write_text(report)
        save_prompt(model.prompt, output_dir)
        classifier.config.pad_token_id = tokenizer.pad_token_id
        return save_trained(classifier, tokenizer, job)

    def _evaluate_and_normalise(
        self, classifier: PreTrainedModel, train: list[EncodedPair], held_out: list[EncodedPair], model: Model
    ) -> HeldOutEvaluation:
        """Predicted probabilities are those of the unscaled scores, so evaluate first."""
        classifier.train(False)
        margin = -np.diff(_pair_scores(classifier, held_out, model), axis=1)[:, 0] if held_out else None
        train_scores = _pair_scores(classifier, train, model)
        scale = float(train_scores.std()) if self.normalise else 1.0
        settings = {"learning_rate": self.training.learning_rate, "max_grad_norm": self.training.max_grad_norm}
        last = len(train) // self.training.batch_size * self.training.epochs
        check_finite_step("the reward model", last, {"scores' standard deviation": scale}, settings)
        if scale == 0:
            raise DivergedError(
                "the reward model gives every answer of its training pairs the same score: it has learnt nothing and "
                "cannot be normalised; try another reward_model.training.learning_rate, or more pairs"
            )
        with torch.no_grad():
            for parameter in reward_head(classifier).parameters():
                parameter.div_(scale)
        return evaluate_margins(
            margin, n_train=len(train), score_mean=float(train_scores.mean() / scale), score_scale=scale
        )


class HeldOutSplit(NamedTuple):
    """Pairs set aside, and the others."""

    held_out: list[PreferencePair]
    train: list[PreferencePair]


def split_held_out(pairs: Sequence[PreferencePair], n_held_out: int, seed: int) -> HeldOutSplit:
    """Draw the held-out pairs by key: flipping labels or swapping answers moves no pair to the other side."""
    ordered = sorted(pairs, key=lambda pair: uniform_for(seed, "reward model: held out", _key(pair)))
    return HeldOutSplit(ordered[:n_held_out], ordered[n_held_out:])


def evaluate_margins(
    margins: Floats | None, *, n_train: int, score_mean: float, score_scale: float
) -> HeldOutEvaluation:
    """Figures from score(chosen) - score(rejected) of the held-out pairs (N,); None if there are none."""
    if margins is None:
        return HeldOutEvaluation(
            n_train=n_train, n_held_out=0, accuracy=None, standard_error=None, confidence=None, log_loss=None,
            score_mean=score_mean, score_scale=score_scale,
        )  # fmt: skip
    is_right = margins > 0
    return HeldOutEvaluation(
        n_train=n_train,
        n_held_out=len(margins),
        accuracy=float(is_right.mean()),
        standard_error=float(is_right.std() / np.sqrt(len(margins))),
        confidence=float((1 / (1 + np.exp(-abs(margins)))).mean()),
        log_loss=float(np.logaddexp(0, -margins).mean()),
        score_mean=score_mean,
        score_scale=score_scale,
    )


def _key(pair: PreferencePair) -> str:
    """The same for both orders of the two answers, so that flipping a label moves no pair into the held-out split."""
    return instruction_key(pair, *sorted((pair.chosen, pair.rejected)))


class _FullSequences(NamedTuple):
    """Both answers of a pair behind their prompt, under TRL's names."""

    chosen_ids: list[int]
    rejected_ids: list[int]


def _full_sequences(pair: EncodedPair) -> _FullSequences:
    return _FullSequences(pair.prompt_ids + pair.chosen_ids, pair.prompt_ids + pair.rejected_ids)


def _padding_id(pairs: Sequence[EncodedPair], tokenizer: PreTrainedTokenizerBase) -> int:
    """The tokenizer's pad id, or the smallest id that ends no answer.

    transformers' classifiers read the score at the last id that is not the pad id, whatever the mask says. Where the
    pad token is the end token they would never look at it. TRL pads with the id of the tokenizer that it is given, and
    tells the classifier.
    """
    last = {ids[-1] for pair in pairs for ids in _full_sequences(pair)}
    assert tokenizer.pad_token_id is not None
    if tokenizer.pad_token_id not in last:
        return int(tokenizer.pad_token_id)
    return next(i for i in range(len(tokenizer)) if i not in last)


def _optimizer(
    classifier: PreTrainedModel, settings: TrainingSettings, head_learning_rate_multiplier: float
) -> torch.optim.Optimizer:
    head = list(reward_head(classifier).parameters())
    rest = [p for p in classifier.base_model.parameters() if p.requires_grad]
    rate, decay = settings.learning_rate, settings.weight_decay
    return torch.optim.AdamW(
        [
            {"params": [p for p in rest if p.ndim > 1], "lr": rate, "weight_decay": decay},
            {"params": [p for p in rest if p.ndim <= 1], "lr": rate, "weight_decay": 0.0},
            {"params": head, "lr": rate * head_learning_rate_multiplier, "weight_decay": decay},
        ]
    )


def _pair_scores(classifier: PreTrainedModel, pairs: Sequence[EncodedPair], model: Model) -> Floats:
    """(n, 2) scores of chosen and rejected. The classifier's config holds the id to pad with."""
    sequences = [ids for pair in pairs for ids in _full_sequences(pair)]
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))  # little padding
    scores = np.zeros(len(sequences))
    size = model.generation_batch_size
    with torch.no_grad():
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            batch = pad([sequences[i] for i in rows], classifier.config.pad_token_id, device=model.torch_device)
            logits = classifier(input_ids=batch.input_ids, attention_mask=batch.mask.long()).logits
            scores[rows] = logits.squeeze(-1).double().cpu().numpy()
    return scores.reshape(-1, 2)
