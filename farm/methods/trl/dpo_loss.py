"""The losses of direct preference optimization: what TRL 1.16 has, with the value that each must start from.

With d = beta (logratio(chosen) - logratio(rejected)), c = beta logratio(chosen), r = beta logratio(rejected) and
s = log sigmoid, where logratio = log pi - log pi_ref of a whole completion, a loss is the mean over pairs of

    sigmoid       -s(d)                                     Rafailov et al. 2023 (DPO), arXiv 2305.18290, equation 7
    hinge         max(0, 1 - d)                             Zhao et al. 2023 (SLiC-HF), arXiv 2305.10425
    ipo           (m - 1 / (2 beta))^2                      Azar et al. 2023, arXiv 2310.12036, equation 17; m below
    exo_pair      KL(policy's choice || (1 - e, e))         Ji et al. 2024 (EXO), arXiv 2402.00856, equation 16
    nca_pair      -s(c) - s(-c) / 2 - s(-r) / 2             Chen et al. 2024 (NCA), arXiv 2402.05369
    robust        (-(1 - e) s(d) + e s(-d)) / (1 - 2 e)     Chowdhury et al. 2024 (robust DPO), arXiv 2403.00409
    bco_pair      -s(c) - s(-r)                             Jung et al. 2024 (BCO), arXiv 2404.04656, without its shift
    sppo_hard     (c/beta - 1/(2 beta))^2 + (r/beta + 1/(2 beta))^2    Wu et al. 2024 (SPPO), arXiv 2405.00675
    aot, aot_unpaired   -s of differences between sorted columns       Melnyk et al. 2024 (AOT), arXiv 2406.05882
    apo_zero      1 - sigmoid(c) + sigmoid(r)               D'Oosterlinck et al. 2024 (APO), arXiv 2408.06266, eq. 7
    apo_down      sigmoid(c) + 1 - sigmoid(c - r)           the same, equation 8
    discopop      (1 - g) (-s(d)) + g exp(-d)               Lu et al. 2024 (DiscoPOP), arXiv 2406.08414, equation 5
    sft           -mean log pi(token) over chosen answers   imitation, for comparison
    sigmoid_norm  -s(beta m)                                length-normalised DPO: Lambert et al. 2024 (Tulu 3)

e is the label smoothing and g = sigmoid(d / 0.05). m = logratio(chosen) / its tokens - logratio(rejected) / its tokens.
discopop is not monotone: at d = 0 its slope is +0.78, so that it first prefers the rejected answer, down to d = -0.12.
TRL has no RRHF, no DPO-positive and no margin (ODPO) loss.
"""

# ruff: noqa: ARG005 - the values at the reference are functions of the same two settings

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

DISCOPOP_TAU = 0.05
"""DiscoPOP's temperature, as in its paper."""


LossName = Literal[
    "sigmoid", "hinge", "ipo", "exo_pair", "nca_pair", "robust", "bco_pair", "sppo_hard", "aot", "aot_unpaired",
    "apo_zero", "apo_down", "discopop", "sft", "sigmoid_norm",
]  # fmt: skip
"""TRL's names of the losses."""
MarginLossName = Literal["sigmoid", "hinge", "ipo", "exo_pair", "robust", "discopop", "sigmoid_norm"]
"""The losses that see a pair only through the difference of its two sides."""


class _Loss(NamedTuple):
    at_reference: Callable[[float, float], float] | None
    """(beta, label smoothing) -> the loss of a policy that is its own reference: with d = c = r = m = 0 and
    s(0) = -log 2. None where it depends on the data."""
    is_of_forward_pass: bool = False
    """It compares pairs with one another, or averages over their tokens: it depends on which share a forward pass."""
    label_smoothing: float = 0.0
    """Its paper's value, where the loss has one."""


LOSSES: dict[LossName, _Loss] = {
    "sigmoid": _Loss(lambda beta, e: math.log(2)),
    "hinge": _Loss(lambda beta, e: 1.0),
    "ipo": _Loss(lambda beta, e: 1 / (4 * beta**2)),
    # The policy's choice is (1/2, 1/2): 1/2 (log 1/2 - log(1 - e)) + 1/2 (log 1/2 - log e).
    "exo_pair": _Loss(lambda beta, e: -math.log(2) - math.log(e * (1 - e)) / 2, label_smoothing=1e-3),
    "nca_pair": _Loss(lambda beta, e: 2 * math.log(2)),
    # ((1 - e) log 2 - e log 2) / (1 - 2 e)
    "robust": _Loss(lambda beta, e: math.log(2), label_smoothing=0.1),
    "bco_pair": _Loss(lambda beta, e: 2 * math.log(2)),
    "sppo_hard": _Loss(lambda beta, e: 1 / (2 * beta**2)),
    "aot": _Loss(lambda beta, e: math.log(2), is_of_forward_pass=True),
    "aot_unpaired": _Loss(lambda beta, e: math.log(2), is_of_forward_pass=True),
    "apo_zero": _Loss(lambda beta, e: 1.0),
    "apo_down": _Loss(lambda beta, e: 1.0),
    # g = 1/2: half of log 2, and half of exp(0).
    "discopop": _Loss(lambda beta, e: (math.log(2) + 1) / 2),
    "sft": _Loss(None, is_of_forward_pass=True),
    "sigmoid_norm": _Loss(lambda beta, e: math.log(2)),
}


@dataclass(frozen=True, kw_only=True)
class DPOLoss:
    """One loss with its settings."""

    loss_type: LossName
    beta: float
    """Strength of the pull towards the reference."""
    label_smoothing: float | None
    """e above: the assumed share of flipped labels; None for the value of the loss's paper, 0 where it has none."""
    ld_alpha: float | None = None
    """LD-DPO: weight of the tokens of the longer answer beyond the length of the shorter; None for 1."""
    uses_wpo: bool = False
    """WPO: a pair weighs as much as the policy finds its two answers likely, per token."""

    def __post_init__(self) -> None:
        if self.beta <= 0:
            raise ValueError(f"beta: expected more than 0, got {self.beta}")
        limits = {"robust": (0.0, 0.5), "exo_pair": (1e-9, 0.5)}.get(self.loss_type, (0.0, 1.0))
        if not limits[0] <= self.smoothing < limits[1]:
            raise ValueError(
                f"label_smoothing: {self.loss_type} needs at least {limits[0]:g} and less than {limits[1]:g}, "
                f"got {self.smoothing}"
            )
        if self.ld_alpha is not None and not 0 <= self.ld_alpha <= 1:
            raise ValueError(f"ld_alpha: expected 0 to 1, or null, got {self.ld_alpha}")
        if self.uses_wpo and self.is_of_forward_pass:
            raise ValueError(f"uses_wpo: weights belong to pairs, and {self.loss_type} mixes them")

    @property
    def smoothing(self) -> float:
        """The label smoothing in use."""
        return LOSSES[self.loss_type].label_smoothing if self.label_smoothing is None else self.label_smoothing

    @property
    def is_of_forward_pass(self) -> bool:
        """Whether the loss depends on which pairs share a forward pass."""
        return LOSSES[self.loss_type].is_of_forward_pass

    @property
    def at_reference(self) -> dict[str, float]:
        """What the first step logs, by TRL's names, if the policy is its reference: log-ratios of 0, and the loss."""
        expected = {"rewards/chosen": 0.0, "rewards/rejected": 0.0}
        value = LOSSES[self.loss_type].at_reference
        if value is not None and not self.uses_wpo:
            expected["loss"] = value(self.beta, self.smoothing)
        return expected

    def for_trl(self) -> dict[str, object]:
        """Under the names of TRL's DPOConfig."""
        return {
            "loss_type": [self.loss_type],
            "beta": self.beta,
            "label_smoothing": self.smoothing,
            "ld_alpha": self.ld_alpha,
            "use_weighting": self.uses_wpo,
            "discopop_tau": DISCOPOP_TAU,
        }
