"""Style and position bias of labels: how often they prefer the longer answer, the one with a list, the first shown.

Each is a share of the labels that prefer one output where exactly one of the two has the property; ties are left out.
AlpacaEval counts a length difference of more than 30 characters only, and finds lists more easily (its utils.py,
`contains_list`): its figures are kept apart.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from farm.stats.bias.answer_style import has_list
from farm.stats.bootstrap import Estimate, FloatArray, Resampling
from farm.stats.shares import clustered_share

ALPACA_EVAL_LENGTH = 30
"""Characters; smaller differences do not count in AlpacaEval's figure."""

IntArray = npt.NDArray[np.int64]

# A bullet or dash, or a letter or digit with a dot or bracket, before a word: what AlpacaEval's four patterns find.
_ALPACA_EVAL_ITEM = re.compile(r"[\u2022*-]\s*\w|[\da-zA-Z][.)]\s*\w")


class Style(NamedTuple):
    """For each pair of outputs, which side has more of something: 1, 2, or 0 for neither."""

    longer: IntArray
    """(I,) in characters."""
    longer_alpaca_eval: IntArray
    """By more than 30 characters."""
    has_list: IntArray
    """Exactly one has a list (`farm.stats.bias.answer_style`)."""
    has_list_alpaca_eval: IntArray
    """Exactly one has what AlpacaEval takes for a list."""


class StyleBias(NamedTuple):
    """n of each counts labels that prefer one output where exactly one has the property."""

    longer: Estimate
    longer_alpaca_eval: Estimate
    lists: Estimate
    lists_alpaca_eval: Estimate
    first_shown: Estimate
    """n counts labels whose order of presentation is known."""


def style_of(outputs_1: Sequence[str], outputs_2: Sequence[str]) -> Style:
    """What tells the two outputs of each of I pairs apart at a glance."""
    gap = np.array(
        [len(first) - len(second) for first, second in zip(outputs_1, outputs_2, strict=True)], dtype=np.int64
    )
    return Style(
        longer=_with_more(gap),
        longer_alpaca_eval=_with_more(np.where(np.abs(gap) > ALPACA_EVAL_LENGTH, gap, 0)),
        has_list=_with_more(_differences([has_list(o) for o in outputs_1], [has_list(o) for o in outputs_2])),
        has_list_alpaca_eval=_with_more(
            _differences([_has_item(o) for o in outputs_1], [_has_item(o) for o in outputs_2])
        ),
    )


def style_bias(
    item: IntArray,
    label: FloatArray,
    style: Style,
    first_shown: IntArray | None,
    *,
    name: str,
    resampling: Resampling,
) -> StyleBias:
    """How often labels go with what meets the eye.

    Args:
        item: (N,) row of `style` that each label belongs to.
        label: (N,) 1, 2, 1.5, graded, or NaN.
        style: of the I pairs.
        first_shown: (N,) 1 or 2, the output shown first; 0 where it is not known or both orders were shown.
        name: whose labels; keys the bootstrap.
        resampling: draws the items.
    """
    preferred = np.nan_to_num(np.sign(label - 1.5) / 2 + 1.5, nan=0.0)
    is_decided = (preferred == 1) | (preferred == 2)
    n_unparsed = int(np.isnan(label).sum())

    def share(having: IntArray, kind: str, nothing: str) -> Estimate:
        return clustered_share(
            item,
            having == preferred,
            is_decided & (having > 0),
            purpose=f"{kind} of {name}",
            resampling=resampling,
            n_unparsed=n_unparsed,
            nothing=nothing,
        )

    no_lists = "no label prefers one of two outputs of which one has a list"
    equal = "no label prefers one of two outputs of different length"
    unknown = np.zeros(len(label), dtype=np.int64)
    return StyleBias(
        longer=share(style.longer[item], "longer", equal),
        longer_alpaca_eval=share(style.longer_alpaca_eval[item], "longer by 30", equal),
        lists=share(style.has_list[item], "lists", no_lists),
        lists_alpaca_eval=share(style.has_list_alpaca_eval[item], "lists of alpaca_eval", no_lists),
        first_shown=share(
            unknown if first_shown is None else first_shown,
            "first shown",
            "it is not recorded which output was shown first",
        ),
    )


def _with_more(gap: IntArray) -> IntArray:
    """Positive -> 1, negative -> 2, 0 -> 0."""
    return np.where(gap > 0, 1, np.where(gap < 0, 2, 0)).astype(np.int64)


def _differences(first: Sequence[bool], second: Sequence[bool]) -> IntArray:
    return np.array(first, dtype=np.int64) - np.array(second, dtype=np.int64)


def _has_item(text: str) -> bool:
    return _ALPACA_EVAL_ITEM.search(text) is not None
