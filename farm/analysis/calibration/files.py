"""The files of a calibration: the report as page, JSON and picture, and the fitted annotator's YAML."""

from pathlib import Path

from farm.analysis.calibration.fit_and_check import Calibration
from farm.analysis.calibration.picture import draw_calibration
from farm.analysis.calibration.report import CALIBRATION_PNG, calibration_json, calibration_page
from farm.analysis.calibration.yaml_file import AnnotatorBase, RecordedBase, annotator_yaml
from farm.disk import write_whole
from farm.reports.json_file import write_json
from farm.reports.page import write_page


def write_calibration(calibration: Calibration, name: str, folder: Path, *, config: str) -> list[Path]:
    """Write the report into `folder`; returns the files.

    Args:
        calibration: what was fitted.
        name: of the fitted annotator.
        folder: where the report goes.
        config: where the annotator's YAML is, as calibration.json says it; empty if it is nowhere.
    """
    write_json(calibration_json(calibration, name=name, config=config), folder / "calibration.json")
    draw_calibration(calibration, name, folder / CALIBRATION_PNG)
    pages = write_page(calibration_page(calibration, name, [CALIBRATION_PNG]), folder, "calibration")
    return [*pages, folder / "calibration.json", folder / CALIBRATION_PNG]


def write_annotator(calibration: Calibration, name: str, base: RecordedBase | AnnotatorBase, path: Path) -> None:
    """Write the fitted annotator's YAML."""
    write_whole(path, annotator_yaml(calibration, name, base))
