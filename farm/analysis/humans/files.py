"""The files of a comparison with humans: comparison.json, the pictures, and the report as Markdown and HTML."""

from pathlib import Path

from farm.analysis.humans.comparison import HumanComparison
from farm.analysis.humans.json_file import write_human_comparison
from farm.analysis.humans.pictures import draw_agreement, draw_pairs, draw_rankings
from farm.analysis.humans.report import RANKINGS_PNG, human_page
from farm.analysis.humans.report_labels import AGREEMENT_PNG
from farm.analysis.humans.report_rankings import PAIRS_PNG
from farm.reports.page import write_page

_PICTURES = {AGREEMENT_PNG: draw_agreement, RANKINGS_PNG: draw_rankings, PAIRS_PNG: draw_pairs}


def write_comparison(comparison: HumanComparison, folder: Path) -> list[Path]:
    """Write what there is to write into `folder`; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    write_human_comparison(comparison, folder / "comparison.json")
    for name in _PICTURES:
        # A picture of an earlier comparison would be taken for one of this.
        (folder / name).unlink(missing_ok=True)
    drawn = sorted(name for name, draw in _PICTURES.items() if draw(comparison, folder / name))
    pages = write_page(human_page(comparison, frozenset(drawn)), folder)
    return [folder / "comparison.json", *pages, *(folder / name for name in drawn)]
