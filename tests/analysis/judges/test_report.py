import csv
import io
import json
import struct
from pathlib import Path

import pytest

from farm.analysis.judges.attacks import PaddedOutput
from farm.analysis.judges.labelled_set import read_labelled
from farm.analysis.judges.measure import MeasureSettings, measure
from farm.analysis.judges.picture import draw_judges
from farm.analysis.judges.report import JudgeReport, beaten, judges_page, report_csv, write_judges
from farm.calls.request import NO_CALLS
from farm.labels.annotation_row import AnnotationRow, annotation_frame
from farm.reports.page import markdown
from farm.stats.bootstrap import Resampling
from tests.analysis.judges.judge_tables import row


def report(path: Path, rows: list[AnnotationRow]) -> JudgeReport:
    annotation_frame(rows).to_parquet(path / "t.parquet")
    settings = MeasureSettings(
        annotators=(),
        baselines=("longest", "random"),
        attacks={"padding": PaddedOutput(text="padding")},
        n_attacked=5,
        n_repetitions=1,
        seed=0,
        resampling=Resampling(seed=0, n_resamples=50),
    )
    read = read_labelled(path / "t.parquet", None, same_judge="", max_items=None)
    return measure(read, settings, source="t.parquet", calls=NO_CALLS, advance=lambda _: None)


def rows(n_judges: int) -> list[AnnotationRow]:
    made = [row(str(k), "human", 1 + k % 2, dataset=f"set {k % 2}") for k in range(20)]
    for judge in range(n_judges):
        for order in ("AB", "BA"):
            made += [
                row(str(k), f"judge {judge:02d}/{order}", 1.0 + ((k + (k < judge)) % 2), dataset=f"set {k % 2}")
                for k in range(20)
            ]
    return made


def test_the_files_hold_every_figure_or_its_reason(tmp_path: Path) -> None:
    made = report(tmp_path, [*rows(2), row("0", "mute", None)])
    write_judges(made, tmp_path / "out")
    content = json.loads((tmp_path / "out" / "judges.json").read_text())
    assert [judge["judge"] for judge in content["judges"]][:2] == ["judge 00", "judge 01"]
    for judge in [*content["judges"], content["humans"]]:
        for figure in judge["figures"].values():
            assert figure.keys() == {"value", "low", "high", "n", "n_unparsed", "reason"}
            assert figure["value"] is not None or figure["reason"]
    table = list(csv.DictReader(io.StringIO(report_csv(made))))
    by_name = {line["judge"]: line for line in table}
    assert float(by_name["judge 00"]["agreement"]) == 1 and by_name["judge 00"]["agreement_n"] == "40"
    assert float(by_name["judge 01"]["accuracy:set 0"]) == 0.9
    assert by_name["longest"]["attack:padding"] == "1.0"
    assert by_name["mute"]["agreement"] == "" and "agreement" in by_name["mute"]["missing"]
    assert "nan" not in report_csv(made).lower()
    text = (tmp_path / "out" / "judges.md").read_text()
    assert "| judge 00  |" in text and "| longest * |" in text and "Accuracy by subset" in text


def test_the_page_says_how_the_two_orders_count(tmp_path: Path) -> None:
    assert "takes the two for one verdict, their mean" in markdown(judges_page(report(tmp_path, rows(1))))


def test_judges_beat_a_baseline_only_beyond_their_interval(tmp_path: Path) -> None:
    # Output_1 is always the longer and right half of the time; judge 19 is wrong on 19 of 20 items.
    won = beaten(report(tmp_path, rows(20)))
    assert won["judge 00"] == ["longest", "random"]
    assert "longest" not in won["judge 10"] and won["judge 19"] == []
    text = markdown(judges_page(report(tmp_path, rows(20))))
    assert "not more than longest:" in text and "more" in text


@pytest.mark.slow
def test_the_picture_grows_with_the_judges(tmp_path: Path) -> None:
    sizes = []
    for n in (1, 65):
        draw_judges(report(tmp_path, rows(n)), tmp_path / "judges.png")
        data = (tmp_path / "judges.png").read_bytes()
        assert data.startswith(b"\x89PNG")
        sizes.append(struct.unpack(">II", data[16:24]))
    assert sizes[1][1] > 65 * 25  # at least 25 pixels a line
    assert sizes[1][0] == sizes[0][0]


def test_one_item_and_no_humans_make_a_picture_too(tmp_path: Path) -> None:
    made = report(tmp_path, [row("1", "judge", None)])
    draw_judges(made, tmp_path / "judges.png")
    write_judges(made, tmp_path)
    assert "no human labels, so nobody knows" in (tmp_path / "judges.md").read_text()
