from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from farm.analysis.humans.label_statistics import LabelStatistics, label_statistics
from farm.labels.annotation_row import AnnotationRow, annotation_frame
from farm.labels.read import read_annotations
from farm.stats.bootstrap import Resampling


def table(*labels: tuple[str, str, float | None], **more: object) -> pd.DataFrame:
    """Item, annotator and label; output_2 is the longer one."""
    return annotation_frame(
        AnnotationRow(
            item_id=item, instruction=item, model_1="owl", model_2="bat", output_1="x", output_2="xyz",
            annotator=who, annotator_kind="human", preference=label, **more,
        )
        for item, who, label in labels
    )  # fmt: skip


def described(frame: pd.DataFrame) -> LabelStatistics:
    return label_statistics(frame, has_first_labels_only=False, resampling=Resampling(seed=0, n_resamples=100))


def test_hand_calculated_figures() -> None:
    labels = [("1", "h1", 1), ("1", "h2", 1), ("2", "h1", 2), ("2", "h2", 1.5), ("3", "h1", 2), ("3", "h2", 2)]
    found = described(table(*labels))
    # Two of three pairs are equal, one is a tie against a preference: (2 + 1/2) / 3.
    assert found.relaxed_agreement.value == pytest.approx(2.5 / 3) and found.relaxed_agreement.n_total == 3
    # Chance: first 2/6, tie 1/6, second 3/6 -> (4 + 1 + 9) / 36 = 14/36; (2/3 - 14/36) / (1 - 14/36) = 10/22.
    assert found.fleiss_kappa.value == pytest.approx(10 / 22) and found.fleiss_kappa.n_total == 3
    # Disagreement: item 2 has 2 ordered pairs of different labels; expected (36 - 14) / 5.
    assert found.krippendorff_alpha.value == pytest.approx(1 - 2 / (22 / 5))
    assert (found.ties.value, found.ties.n_total) == (pytest.approx(1 / 6), 6)
    # Five labels prefer one output, three of them the longer.
    assert (found.prefers_longer.value, found.prefers_longer.n_total) == (pytest.approx(3 / 5), 5)
    for missing in (found.exact_agreement, found.prefers_lists, found.prefers_first_shown):
        assert missing.value is None and missing.reason
    assert found.acceptability_agreement.reason == "nobody was asked whether outputs are acceptable"


def test_acceptable_outputs_by_model_and_five_grades() -> None:
    asked = {"acceptable_1": True, "acceptable_2": False}
    frame = pd.concat(
        [table(("1", "h1", 1.25), **asked), table(("1", "h2", 1), acceptable_1=True, acceptable_2=True)],
        ignore_index=True,
    )
    found = described(frame)
    assert {name: value.value for name, value in found.acceptable.items()} == {"owl": 1.0, "bat": 0.5}
    assert (found.acceptability_agreement.value, found.acceptability_agreement.n_total) == (0.5, 2)
    assert (found.exact_agreement.value, found.relaxed_agreement.value) == (0.0, 1.0)
    odd = described(table(("1", "h1", 1.1), ("1", "h2", 1)))
    assert odd.exact_agreement.reason == "the grades are not those of a 5-way scale"


def test_tulus_acceptability(humandata: Path, known_answers: dict[str, dict[str, dict[str, dict]]]) -> None:
    frame = read_annotations(humandata / "raw" / "tulu")
    # The published figures take the first label of an item.
    first = frame.sort_values("labelled_at", kind="stable").drop_duplicates("item_id")
    expected = known_answers["tulu"]["chatgpt|tulu_65B"]["value"]
    found = described(first.reset_index(drop=True)).acceptable
    assert {name: round(value.value or np.nan, 4) for name, value in found.items()} == expected["acceptability"]
    assert all(value.n_total == expected["n_items"] for value in found.values())
