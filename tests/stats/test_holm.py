import pytest

from farm.stats.holm import holm


def test_holms_correction_by_hand() -> None:
    # Sorted .01 .03 .04: times 3, 2, 1 = .03, .06, .04, never falling: .03, .06, .06
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
