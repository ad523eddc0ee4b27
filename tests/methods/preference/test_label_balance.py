"""What KTO's weights make of unpaired labels: ratios worked out by hand."""

from pathlib import Path

import pytest

from farm.methods.preference.label_balance import LabelBalance, read_balance


def balance(desirable: int, undesirable: int, desirable_weight: float = 1.0) -> LabelBalance:
    return LabelBalance(
        desirable=desirable, undesirable=undesirable, desirable_weight=desirable_weight, undesirable_weight=1.0
    )


def test_the_ratio_is_of_the_weighted_counts() -> None:
    # 64 x 1 / (32 x 1) = 2 is above 4/3; with a weight of 0.5 it is 1.
    assert balance(64, 32).ratio == 2.0
    assert "ratio 2.00" in balance(64, 32).advice and "method.desirable_weight=0.5 " in balance(64, 32).advice
    assert balance(64, 32, 0.5).advice == "" and balance(4, 3).advice == ""
    # 30 x 1 / 60 = 0.5 is below 1; a weight of 2 makes it 1.
    assert "method.desirable_weight=2 " in balance(30, 60).advice


@pytest.mark.parametrize(("desirable", "undesirable", "kind"), [(9, 0, "desirable"), (0, 9, "undesirable")])
def test_labels_of_one_kind_are_said(desirable: int, undesirable: int, kind: str) -> None:
    assert balance(desirable, undesirable).advice == f"all 9 unpaired labels are {kind}: nothing to tell apart"


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_balance(tmp_path) is None
    balance(3, 4).write(tmp_path)
    assert read_balance(tmp_path) == balance(3, 4)
