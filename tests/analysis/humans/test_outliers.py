from farm.analysis.humans.outliers import outlier_section
from farm.reports.page import Page, Table, markdown
from farm.stats.bias.outliers import Flag, Screening

CALM = Screening(flags=(), n_annotators=3, n_tests=21, alpha=0.05, untested=(), incomparable=(), barely_shared=())


def text_of(screening: Screening) -> str:
    return markdown(Page(title="Report", sections=(outlier_section(screening, "humans"),)))


def test_nobody_flagged_states_the_false_positive_rate() -> None:
    text = text_of(CALM)
    assert "Nobody of 3 annotators" in text and "at most 5%" in text and "21 tests" in text


def test_every_flag_is_a_row_with_its_numbers() -> None:
    flags = (
        Flag(annotator="w1", kind="longer", share=0.97, expected=0.61, n_labels=120, p_value=1e-9),
        Flag(annotator="w3", kind="drift", share=0.5, expected=0.8, n_labels=90, p_value=0.0123),
        Flag(annotator="w2", kind="one label", share=1.0, expected=None, n_labels=40, p_value=None),
    )
    screening = Screening(
        flags=flags,
        n_annotators=5,
        n_tests=30,
        alpha=0.01,
        untested=("w2", "w5"),
        incomparable=("w2",),
        barely_shared=("w2", "w4"),
    )
    section = outlier_section(screening, "humans")
    (table,) = [block for block in section.blocks if isinstance(block, Table)]
    assert table.rows[0] == ("w1", "nearly always the longer output", "0.970", "0.610", "120", "< 0.0001")
    assert table.rows[1][2:] == ("0.500", "0.800 (first half)", "90", "0.0123")
    assert table.rows[2][2:] == ("1.000", "-", "40", "not tested")
    text = text_of(screening)
    assert "3 of 5 annotators flagged" in text and "at most 1%" in text
    assert "others of the same models: w2." in text and "too few, or all alike: w5." in text
    assert "hardly be noticed: w4." in text
