"""The files of the judge report: judges.md, judges.html, judges.csv, judges.json and judges.png."""

from pathlib import Path

from farm.analysis.judges.picture import draw_judges
from farm.analysis.judges.report import JUDGES_PNG, JudgeReport, write_judges


def write_report(report: JudgeReport, folder: Path) -> list[Path]:
    """Write the files into `folder`; returns them."""
    draw_judges(report, folder / JUDGES_PNG)
    return write_judges(report, folder)
