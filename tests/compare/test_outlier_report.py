from farm.compare.outlier_report import outlier_report
from farm.stats.outliers import Flag, Screening

CALM = Screening(flags=(), n_annotators=3, n_tests=21, alpha=0.05, untested=(), barely_shared=())


def test_nobody_flagged_states_the_false_positive_rate() -> None:
    text = outlier_report(CALM)
    assert "Nobody of 3 annotators" in text and "at most 5%" in text and "21 tests" in text


def test_every_flag_is_a_row_with_its_numbers() -> None:
    flag = Flag(annotator="w|1", kind="longer", share=0.97, expected=0.61, n_labels=120, p_value=1e-9)
    untested = Flag(annotator="w2", kind="one label", share=1.0, expected=None, n_labels=40, p_value=None)
    text = outlier_report(
        Screening(
            flags=(flag, untested), n_annotators=5, n_tests=30, alpha=0.01, untested=("w2",), barely_shared=("w2", "w4")
        )
    )
    assert "2 annotators of 5 flagged" in text and "at most 1%" in text
    assert "| w&#124;1 | nearly always the longer output | 0.970 | 0.610 | 120 | < 0.0001 |" in text
    assert "| - | 40 | not tested |" in text
    assert "Not tested, for nobody else labelled the same items, or others of the same models: w2." in text
    assert "hardly be noticed: w4." in text
