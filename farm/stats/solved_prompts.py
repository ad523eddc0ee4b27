"""Best of n: prompts with right and wrong answers, solved where the scores put the right ones above all wrong ones.

RewardBench 2's accuracy (Malik et al. 2025, arXiv 2506.01937). With one right answer, equal best scores count 1/k for k
of them; with several (its subset Ties) every right answer has to be above every wrong one. The benchmark's score of
Ties adds how far apart right answers are, which is left out here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from farm.stats.bootstrap import Estimate, FloatArray, Resampling
from farm.stats.shares import ratio


class ScoredAnswers(NamedTuple):
    """The scores of the answers to one prompt."""

    dataset: str
    """What the prompt is from."""
    right: FloatArray
    """(R,) at least one."""
    wrong: FloatArray
    """(W,) at least one."""


@dataclass(frozen=True, kw_only=True)
class SolvedShare:
    """How many prompts of a kind are solved."""

    dataset: str
    """Which prompts; empty for all."""
    share: Estimate
    """Share of the prompts that are solved, prompts drawn with replacement."""


def solved(answers: ScoredAnswers) -> float:
    """1 for a solved prompt, 0 for another one, between where a wrong answer has the same score as the right one."""
    best_wrong = answers.wrong.max()
    if len(answers.right) > 1:
        return float(answers.right.min() > best_wrong)
    if answers.right[0] < best_wrong:
        return 0.0
    return 1 / (1 + int((answers.wrong == answers.right[0]).sum()))


def solved_shares(prompts: Sequence[ScoredAnswers], resampling: Resampling) -> tuple[SolvedShare, ...]:
    """The share of all prompts, then those by dataset where there are several; nothing without prompts."""
    if not prompts:
        return ()
    datasets = sorted({answers.dataset for answers in prompts})
    named = ["", *datasets] if len(datasets) > 1 else [""]
    return tuple(SolvedShare(dataset=name, share=_share(prompts, name, resampling)) for name in named)


def _share(prompts: Sequence[ScoredAnswers], dataset: str, resampling: Resampling) -> Estimate:
    credit = np.array([solved(answers) for answers in prompts if dataset in ("", answers.dataset)])
    return ratio(
        credit,
        np.ones(len(credit)),
        purpose=f"solved prompts: {dataset}",
        resampling=resampling,
        nothing="no prompt here",
    )
