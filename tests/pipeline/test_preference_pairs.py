"""Which annotations become preference pairs, and how many do not, by reason."""

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from farm.errors import UnfitError
from farm.pipeline.training import ANNOTATIONS, COMPARISONS, preference_pairs
from farm.records import Annotation, Comparison, Preference, PreferencePair
from farm.store.artifacts import Artifact, Store
from farm.store.tables import read_table, write_table

FIRST, SECOND, TIE = Preference.FIRST, Preference.SECOND, Preference.TIE


def annotation(comparison: Comparison, preference: Preference | None) -> Annotation:
    return Annotation(
        comparison_key=comparison.key, annotator="somebody", judge="somebody", first_shown=1,
        clean_preference=preference, preference=preference, is_noised=False, p_first=None, raw_reply="",
        unparsed_reason="" if preference else "refused",
    )  # fmt: skip


def pairs(folder: Path, rows: Sequence[tuple[str, str, Preference | None]]) -> Artifact:
    store = Store(folder)
    compared = [
        Comparison(instruction=f"Name {k}.", output_1=one, output_2=other) for k, (one, other, _) in enumerate(rows)
    ]
    annotations = [annotation(c, preference) for c, (_, _, preference) in zip(compared, rows, strict=True)]

    def writer(name: str, records: Sequence[object], kind: type) -> Callable[[Path, Path], None]:
        return lambda output_dir, _: write_table(output_dir / name, records, kind)

    asked = store.get(
        COMPARISONS, component={}, parents={}, seed=0, build=writer("comparisons.parquet", compared, Comparison)
    )
    labels = writer("annotations.parquet", annotations, Annotation)
    annotated = store.get(ANNOTATIONS, component={}, parents={"comparisons": asked}, seed=0, build=labels)
    return preference_pairs(store, asked, annotated)


def test_a_preference_between_two_equal_outputs_is_no_pair_and_is_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [("fig", "fig", FIRST), ("fig", "pear", SECOND), ("a", "a", TIE), ("b", "c", TIE), ("d", "e", None)]
    made = pairs(tmp_path, rows)
    (pair,) = read_table(made.file("pairs.parquet"), PreferencePair)
    assert (pair.chosen, pair.rejected) == ("pear", "fig")
    counts = {"pairs": 1, "ties": 2, "unparsed": 1, "equal_outputs": 1}
    assert json.loads(made.file("counts.json").read_text()) == counts
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert caplog.messages[0].startswith("1 of 5 preferences are between two outputs with the same text")


def test_equal_outputs_only_are_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnfitError, match=r"no preference pair is left of 2 annotations: 0 are ties, 0 unparsed, 2 "):
        pairs(tmp_path, [("fig", "fig", FIRST), ("pear", "pear", SECOND)])
