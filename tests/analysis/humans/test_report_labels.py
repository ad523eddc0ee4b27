from pathlib import Path

from farm.analysis.humans.comparison import RankingSettings, Source, compare_with_humans
from farm.analysis.humans.json_file import human_comparison_json
from farm.analysis.humans.report import human_page
from farm.reports.page import markdown
from farm.stats.bootstrap import Resampling
from tests.labels.label_rows import crowd

SETTINGS = RankingSettings(
    rule=None,
    soft_verdicts=False,
    tie_model="half_wins",
    trained_in_lab=None,
    resampling=Resampling(seed=0, n_resamples=50),
)


def test_figures_of_grades_are_printed_and_written_only_where_there_are_grades() -> None:
    plain = crowd(40)
    graded = plain.assign(preference=plain["preference"].mask(plain["annotator"] == "judge", 1.3))
    for frame, is_graded in ((plain, False), (graded, True)):
        source = Source(path=Path("t.csv"), content=frame)
        comparison = compare_with_humans(source, source, SETTINGS)
        agreement = human_comparison_json(comparison)["label_agreement"]
        assert (agreement["human_human_mean_difference"]["value"] is not None) == is_graded
        assert (agreement["pearson"]["reason"] == "no label is graded") != is_graded
        report = markdown(human_page(comparison, frozenset()))
        assert ("| difference " in report) == ("Graded verdicts count as they are" in report) == is_graded
