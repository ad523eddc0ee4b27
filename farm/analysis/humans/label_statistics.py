"""What human labels are like: agreement beyond chance and on finer scales, style bias, acceptable outputs.

All on the human rows of a table, as first, tie and second; the exact agreement is on the five grades of TULU's human
evaluation (Wang et al. 2023), where somebody gives such grades.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypedDict

import numpy as np
import pandas as pd

from farm.analysis.humans.grade_counts import GradeCounts, grade_counts
from farm.labels.label_table import in_order_given
from farm.stats.agreement.acceptability import acceptability, acceptability_agreement
from farm.stats.agreement.by_annotator import CLASSES, three_classes
from farm.stats.agreement.kappa import fleiss_kappa, krippendorff_alpha
from farm.stats.agreement.label_counts import FIVE_CLASSES, IntArray, counts_of
from farm.stats.agreement.pair_agreement import agreement_within, exact_agreement
from farm.stats.bias.style import style_bias, style_of
from farm.stats.bootstrap import Estimate, Resampling
from farm.stats.shares import clustered_share, undefined

_NAME = "humans"


class _Settings(TypedDict):
    resampling: Resampling
    n_unparsed: int


@dataclass(frozen=True, kw_only=True)
class LabelStatistics:
    """Figures of all human labels of a table."""

    fleiss_kappa: Estimate
    """n counts items with two or more labels; so for the next."""
    krippendorff_alpha: Estimate
    relaxed_agreement: Estimate
    """Of two labels of an item; a tie against a preference counts one half. n counts pairs, so for the next."""
    exact_agreement: Estimate
    """Of two labels of an item on five grades."""
    ties: Estimate
    """n counts labels."""
    prefers_longer: Estimate
    """n counts labels that prefer one of two outputs of different length; accordingly for the next two."""
    prefers_lists: Estimate
    prefers_first_shown: Estimate
    acceptability_agreement: Estimate
    """Of two labels of an output. n counts pairs of labels."""
    acceptable: dict[str, Estimate]
    """Share of acceptable outputs by model; n counts labels. Empty if it was not asked."""
    grades: tuple[GradeCounts, ...]
    """How often each of five grades was given, by pair of models; empty if labels are no such grades."""


def label_statistics(frame: pd.DataFrame, *, has_first_labels_only: bool, resampling: Resampling) -> LabelStatistics:
    """Describe the labels of the humans in an annotation table, whose items show their outputs in one order.

    Args:
        frame: columns `ANNOTATION_COLUMNS`, human rows only.
        has_first_labels_only: count the first label of an item, and compare the first two of those that have two, as
            TULU's evaluation does.
        resampling: draws the items.
    """
    everything = frame
    if has_first_labels_only:
        everything, frame = _earliest(frame, 2), _earliest(frame, 1)
    among = _among_annotators(everything, resampling)
    item = pd.factorize(frame["item_id"])[0].astype(np.int64)
    graded = frame["preference"].to_numpy(dtype=np.float64)
    label = three_classes(graded)
    n_unparsed = int(np.isnan(label).sum())
    settings: _Settings = {"resampling": resampling, "n_unparsed": n_unparsed}
    pairs = frame.drop_duplicates("item_id")
    style = style_bias(
        item, label, style_of(pairs["output_1"].tolist(), pairs["output_2"].tolist()), _first_shown(frame),
        name=_NAME, resampling=resampling,
    )  # fmt: skip
    is_parsed = np.isfinite(label)
    return LabelStatistics(
        fleiss_kappa=among.fleiss_kappa,
        krippendorff_alpha=among.krippendorff_alpha,
        relaxed_agreement=among.relaxed,
        exact_agreement=among.exact,
        ties=clustered_share(
            item, label == 1.5, is_parsed, purpose=f"ties of {_NAME}", nothing="no verdict was parsed", **settings
        ),
        prefers_longer=style.longer,
        prefers_lists=style.lists,
        prefers_first_shown=style.first_shown,
        acceptability_agreement=_acceptability(everything, resampling)[0],
        acceptable=_acceptability(frame, resampling)[1],
        grades=grade_counts(frame),
    )


class _Among(NamedTuple):
    """Agreement of several labels of an item."""

    fleiss_kappa: Estimate
    krippendorff_alpha: Estimate
    relaxed: Estimate
    exact: Estimate


def _among_annotators(frame: pd.DataFrame, resampling: Resampling) -> _Among:
    item, names = pd.factorize(frame["item_id"])
    item = item.astype(np.int64)
    graded = frame["preference"].to_numpy(dtype=np.float64)
    counts = counts_of(item, three_classes(graded), CLASSES, len(names))
    settings: _Settings = {"resampling": resampling, "n_unparsed": int(np.isnan(graded).sum())}
    return _Among(
        fleiss_kappa=fleiss_kappa(counts, name=_NAME, **settings),
        krippendorff_alpha=krippendorff_alpha(counts, name=_NAME, **settings),
        relaxed=agreement_within(counts, name=_NAME, **settings).relaxed,
        exact=_exact(item, graded, len(names), settings),
    )


def _earliest(frame: pd.DataFrame, n: int) -> pd.DataFrame:
    """The first n parsed labels of each item."""
    parsed = frame[frame["preference"].notna()]
    place = pd.Series(in_order_given(parsed), index=parsed.index)
    return parsed[place.groupby(parsed["item_id"]).rank(method="first") <= n]


def _first_shown(frame: pd.DataFrame) -> IntArray | None:
    return frame["first_shown"].fillna(0).to_numpy(dtype=np.int64) if "first_shown" in frame else None


def _exact(item: IntArray, graded: np.ndarray, n_items: int, settings: _Settings) -> Estimate:
    said = set(np.unique(graded[np.isfinite(graded)]))
    if said <= set(CLASSES):
        return undefined("nobody grades a preference", n_unparsed=settings["n_unparsed"])
    if not said <= set(FIVE_CLASSES):
        return undefined("the grades are not those of a 5-way scale", n_unparsed=settings["n_unparsed"])
    return exact_agreement(counts_of(item, graded, FIVE_CLASSES, n_items), name=_NAME, **settings)


def _acceptability(frame: pd.DataFrame, resampling: Resampling) -> tuple[Estimate, dict[str, Estimate]]:
    """Agreement of two labels of an output, and the share of acceptable outputs of each model."""
    sides = [
        pd.DataFrame(
            {
                "item": frame["item_id"],
                "output": frame["item_id"] + f"/{side}",
                "model": frame[f"model_{side}"],
                "is_acceptable": frame[f"acceptable_{side}"],
            }
        )
        for side in (1, 2)
        if f"acceptable_{side}" in frame
    ]
    rows = pd.concat(sides).dropna(subset="is_acceptable") if sides else pd.DataFrame()
    if rows.empty:
        return undefined("nobody was asked whether outputs are acceptable"), {}
    is_acceptable = rows["is_acceptable"].to_numpy(dtype=np.bool_)
    item, model = rows["item"].tolist(), rows["model"].tolist()
    agreed = acceptability_agreement(rows["output"].tolist(), item, is_acceptable, resampling=resampling)
    has_models = all(model)
    return agreed, acceptability(model, item, is_acceptable, resampling=resampling) if has_models else {}
