"""Reward models as scorers: one sequence classifier, or an ensemble whose members' scores are combined.

A reward model's folder is a Hugging Face sequence classifier. An ensemble's folder has `ensemble.json` and one such
folder per member.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from farm.config.checks import check_fields
from farm.errors import UserError
from farm.models.checkpoint import load_reward_model, load_tokenizer
from farm.models.checkpoint_files.configuration import architectures_of
from farm.models.checkpoint_files.settings_file import read_settings
from farm.models.context import context_of
from farm.models.scoring.scorers import encode_answers, reward_scores_of_ids

ENSEMBLE = "ensemble.json"
EVALUATION = "evaluation.json"
"""What a reward model that was trained here says about itself (`farm.methods.reward_model.HeldOutEvaluation`)."""
_CLASSIFIER = "ForSequenceClassification"
_N_LABELS_UNSAID = 2
"""Labels of a transformers classifier whose config.json names none."""
Floats = NDArray[np.float64]


Rule = Literal["mean", "min", "mean_minus_sd"]


@dataclass(frozen=True, kw_only=True)
class Combination:
    """How members' scores become one (Coste et al. 2023, arXiv 2310.02743)."""

    key_name: ClassVar[str] = "Combination"

    rule: Rule
    """mean; min: worst case; mean_minus_sd: mean - coefficient times the standard deviation among members."""
    coefficient: float
    """Of mean_minus_sd; the others ignore it."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"coefficient": 0})

    def apply(self, scores: Floats) -> Floats:
        """(K, N) members' scores -> (N,)."""
        if self.rule == "min":
            return scores.min(axis=0)  # type: ignore[no-any-return]
        spread = self.coefficient * scores.std(axis=0) if self.rule == "mean_minus_sd" else 0.0
        return scores.mean(axis=0) - spread  # type: ignore[no-any-return]


MEAN = Combination(rule="mean", coefficient=0.0)


class ScoredAnswers(NamedTuple):
    """Answers with their scores; those that are too long to be read whole have none."""

    scores: Floats
    """(N,) NaN where there is no score."""
    members: Floats
    """(K, N) of each member."""
    n_tokens: list[int]
    """Of prompt and completion, the end token included."""


class RewardScorer:
    """Scores whole answers."""

    def __init__(
        self, members: Sequence[PreTrainedModel], tokenizer: PreTrainedTokenizerBase, combination: Combination = MEAN
    ) -> None:
        self.members = list(members)
        self.tokenizer = tokenizer
        self._combination = combination

    def of_ids(self, sequences: Sequence[Sequence[int]], *, batch_size: int) -> Floats:
        """(N,) scores of prompt and completion ids, read at the last one.

        Raises:
            UserError: a score is NaN or infinite.
        """
        scores = self._combination.apply(self.of_members(sequences, batch_size=batch_size))
        self._check_scores(scores, n_allowed=0)
        return scores

    def of_members(self, sequences: Sequence[Sequence[int]], *, batch_size: int) -> Floats:
        """(K, N) scores of each member.

        Raises:
            UserError: the tokenizer writes tokens that a member has no embedding of.
        """
        for member in self.members:
            _check_embedded(member, sequences)
        return np.stack([reward_scores_of_ids(member, sequences, batch_size=batch_size) for member in self.members])

    def of_answers(self, answers: Sequence[tuple[str, str, bool]], *, batch_size: int) -> Floats:
        """(N,) scores of (prompt, completion, is_finished)."""
        return self.of_ids(encode_answers(self.tokenizer, answers).whole, batch_size=batch_size)

    def of_short_answers(
        self, answers: Sequence[tuple[str, str, bool]], *, batch_size: int, max_tokens: int | None
    ) -> ScoredAnswers:
        """`of_short_ids` of (prompt, completion, is_finished)."""
        whole = encode_answers(self.tokenizer, answers).whole
        return self.of_short_ids(whole, batch_size=batch_size, max_tokens=max_tokens)

    def of_short_ids(self, whole: Sequence[Sequence[int]], *, batch_size: int, max_tokens: int | None) -> ScoredAnswers:
        """Scores of those sequences that have 1 to max_tokens tokens; None: any number."""
        n_tokens = [len(ids) for ids in whole]
        fits = [row for row, n in enumerate(n_tokens) if 0 < n <= (max_tokens or n)]
        scores, members = np.full(len(whole), np.nan), np.full((len(self.members), len(whole)), np.nan)
        if fits:
            members[:, fits] = self.of_members([whole[row] for row in fits], batch_size=batch_size)
            scores[fits] = self._combination.apply(members[:, fits])
            self._check_scores(scores[fits], n_allowed=len(fits) - 1)
        return ScoredAnswers(scores, members, n_tokens)

    def _check_scores(self, scores: Floats, *, n_allowed: int) -> None:
        n_wrong = int((~np.isfinite(scores)).sum())
        if n_wrong > n_allowed:
            raise UserError(
                f"{self.members[0].name_or_path}: {n_wrong} of {len(scores)} scores of this reward model are NaN or "
                "infinite: its training has diverged, or its checkpoint is damaged; train it again with a lower "
                "learning_rate, or give another"
            )

    @property
    def context(self) -> int | None:
        """Tokens that every member can read at once; None if nothing limits them."""
        limits = [context_of(member.config) for member in self.members]
        return min((limit for limit in limits if limit is not None), default=None)


def _check_embedded(member: PreTrainedModel, sequences: Sequence[Sequence[int]]) -> None:
    n_embedded = int(member.config.vocab_size)
    largest = max((max(ids, default=0) for ids in sequences), default=0)
    if largest >= n_embedded:
        raise UserError(
            f"{member.name_or_path}: its tokenizer writes token {largest}, but the model embeds only {n_embedded}; the "
            "two do not belong together"
        )


def load_reward_scorer(path: Path, *, dtype: torch.dtype, device: torch.device) -> RewardScorer:
    """A reward model or an ensemble, frozen.

    Raises:
        UserError: the folder is neither.
    """
    folders, combination = reward_model_folders(path), MEAN
    for folder in folders:
        check_one_score(folder)
    if folders != [path]:
        combination = _combination(path / ENSEMBLE)
    members = [load_reward_model(folder, dtype=dtype, device=device).requires_grad_(False) for folder in folders]
    for folder, member in zip(folders, members, strict=True):
        if "score" not in dict(member.named_children()):
            raise UserError(
                f"{folder}: a {type(member).__name__} has no head called `score`; expected the classifier of a causal "
                "LM, whose score is read at the last token (those of encoders read the first one)"
            )
    return RewardScorer(members, load_tokenizer(folders[0]), combination)


def check_one_score(folder: Path) -> None:
    """Refuse a checkpoint whose config.json says that it gives no single score.

    Raises:
        UserError: a language model, or a classifier with another number of labels.
    """
    file = folder / "config.json"
    if not file.is_file():
        return  # whoever loads it says what is missing
    config = read_settings(file)
    names = [name for name in architectures_of(folder) if not name.endswith(_CLASSIFIER)]
    if names:
        raise UserError(
            f"{folder}: expected a reward model, a transformers sequence classifier with one label; this is a "
            f"{names[0]}, which gives no score"
        )
    by_number = config.get("id2label") or {}
    if not isinstance(by_number, Mapping):
        raise UserError(f"{file}: id2label: expected labels by number, got {by_number!r:.40}")
    n_labels = config.get("num_labels") or len(by_number) or _N_LABELS_UNSAID
    if n_labels != 1:
        labels = ", ".join(str(label) for label in by_number.values())
        raise UserError(
            f"{folder}: expected a classifier with one label, whose logit is the score; this one has {n_labels} labels"
            + (f" ({labels})" if labels else "")
        )


def score_scale(path: Path) -> float:
    """What the scores were divided by when they were normalised: times it, a difference is in units of log-odds.

    1 for reward models that do not say.
    """
    file = path / EVALUATION
    scale = read_settings(file).get("score_scale", 1.0) if file.is_file() else 1.0
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 < scale < np.inf:
        raise UserError(f"{file}: score_scale: expected a number above 0, got {scale!r:.40}")
    return float(scale)


def reward_model_folders(path: Path) -> list[Path]:
    """The sequence classifiers of a reward model: itself, or the members of an ensemble."""
    if not (path / ENSEMBLE).is_file():
        return [path]
    names = read_settings(path / ENSEMBLE).get("members")
    if not isinstance(names, list) or not names or any(Path(str(name)).name != name for name in names):
        raise UserError(f"{path / ENSEMBLE}: members: expected names of folders beside it, got {names!r:.80}")
    missing = [name for name in names if not (path / name).is_dir()]
    if missing:
        raise UserError(f"{path / ENSEMBLE} names the members {missing}, which are not there")
    return [path / name for name in names]


def _combination(file: Path) -> Combination:
    written = read_settings(file)
    try:
        if written["rule"] not in get_args(Rule):
            raise ValueError(f"rule: expected one of {', '.join(get_args(Rule))}, got {written['rule']!r:.40}")
        return Combination(rule=written["rule"], coefficient=written["coefficient"])
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{file}: expected rule and coefficient of the members' combination: {error}") from error


def save_ensemble(path: Path, members: Sequence[str], combination: Combination) -> None:
    """Write what makes the folders `members` under `path` an ensemble."""
    description = {"members": list(members), **asdict(combination)}
    (path / ENSEMBLE).write_text(json.dumps(description, sort_keys=True, indent=1) + "\n")
