"""Parts of the site without a browser: how answers are classed and filed, where plots put points, how runs are read."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from farm.leaderboard.answers import EntryAnswer, Judgement
from farm.leaderboard.site.answer_files import (
    CUT_OFF,
    DISAGREED,
    HAS_UNPARSED,
    LOST,
    TIED,
    UNPARSED,
    WON,
    TableTexts,
    code_of,
)
from farm.leaderboard.site.environment import FOLDER
from farm.leaderboard.site.inputs import RunRecord
from farm.leaderboard.site.page_names import page_name
from farm.leaderboard.site.plots import N_STYLES, PlotPoint, plot
from farm.leaderboard.site.runs.curve_page import curve_plots
from farm.leaderboard.site.runs.lineage import run_record
from farm.leaderboard.site.runs.run_page import shown_stages, time_text
from farm.store.artifacts import Artifact
from tests.leaderboard.site.boards import answers_of
from tests.leaderboard.site.sites import curve, run


def answer(score: float | None, *preferences: float | None) -> EntryAnswer:
    judgements = [Judgement(judge="j", preference=p, first_shown=None, reply="") for p in preferences]
    return EntryAnswer(
        key="k", annotator="a", instruction_key="i", instruction="do", input="", output="o", reference="r",
        is_finished=True, score=score, judgements=judgements,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (answer(1.0, 2.0, 2.0), WON),
        (answer(0.0, 1.0), LOST),
        (answer(0.5, 1.5), TIED),
        (answer(0.5, 1.0, 2.0), TIED + DISAGREED),
        (answer(0.62, 1.62, 1.9), WON),  # grades on one side agree
        (answer(None, None), UNPARSED + HAS_UNPARSED),
        (answer(1.0, 2.0, None), WON + HAS_UNPARSED),
        (replace(answer(1.0, 2.0), is_finished=False), WON + CUT_OFF),
    ],
)
def test_an_answer_is_classed_by_its_score_and_its_judges(given: EntryAnswer, code: int) -> None:
    assert code_of(given) == code


def values(folder: Path, name: str) -> object:
    text = (folder / f"{name}.js").read_text("utf-8")
    start = f'farmData("{name}",'
    assert text.startswith(start) and text.endswith(");\n")
    return json.loads(text[len(start) : -3])


def test_what_models_share_is_written_once_and_every_answer_is_found_again(tmp_path: Path) -> None:
    texts = TableTexts(tmp_path / "texts")
    given = list(answers_of("k", "a", n_instructions=300, n_characters=2000))
    for name in ("one", "two"):
        texts.add_entry(name, given)
    texts.close()
    items = values(texts.folder, "items")
    assert isinstance(items, list) and len(items) == 300
    rows = values(texts.folder, "two")
    assert isinstance(rows, list) and len(rows) == 300
    for each, (item, _, chunk, place) in zip(given, rows, strict=True):
        output, judgements = values(texts.folder, f"two-{chunk}")[place]  # type: ignore[index]
        assert output == each.output and len(judgements) == 2
        _, item_chunk, item_place, _ = items[item]
        assert values(texts.folder, f"items-{item_chunk}")[item_place] == [each.instruction, "", each.reference]  # type: ignore[index]
    sizes = [path.stat().st_size for path in texts.folder.iterdir()]
    assert max(sizes) < 210_000 and len(sizes) < 20


def test_names_of_files_are_plain_and_tell_names_apart() -> None:
    assert page_name("../../etc/passwd").startswith("etc-passwd-")
    assert page_name("ü", "b") != page_name("üb")
    assert page_name("a", "b") != page_name("a b")
    assert len(page_name("x" * 5000)) < 60


def test_points_lie_where_their_figures_are() -> None:
    made = plot(
        [PlotPoint(name="low", x=0, y=0), PlotPoint(name="high", x=10, y=1, y_low=0.5, y_high=1)],
        title="t", x_title="x", y_title="y",
    )  # fmt: skip
    # 64 to 604 across hold -0.5 to 10.5, 368 to 12 up hold -0.05 to 1.05: a twenty-second of the room is margin
    (low, high) = made.marks
    assert (low.x, low.y) == (pytest.approx(64 + 540 / 22, abs=0.1), pytest.approx(368 - 356 / 22, abs=0.1))
    assert (high.x, high.y) == (pytest.approx(604 - 540 / 22, abs=0.1), pytest.approx(12 + 356 / 22, abs=0.1))
    assert high.along is not None and high.along[0] == pytest.approx((low.y + high.y) / 2, abs=0.1)
    assert [tick.text for tick in made.x_ticks] == ["0", "2", "4", "6", "8", "10"]


def test_names_that_would_cover_each_other_are_left_to_the_table() -> None:
    made = plot(
        [PlotPoint(name=f"model {i}", x=i % 2 * 1e-6, y=0) for i in range(20)], title="", x_title="", y_title=""
    )
    shown = [mark.name for mark in made.marks if mark.name]
    assert 1 <= len(shown) <= 4
    assert len(made.marks) == 20


def test_sources_of_labels_are_told_apart_and_their_seeds_look_alike() -> None:
    sources = ["crowd", "crowd_flip25", "pool", "single", "true", "two", "three", "four"]
    made = curve_plots([curve(labels, seed) for labels in sources for seed in range(3)])[0]
    assert len(made.lines) == 24 and len({line.path.count("L") for line in made.lines}) == 1
    assert sorted(made.series) == sorted(sources)
    by_source = {source: {m.style for m in made.marks if m.point.series == source} for source in sources}
    assert all(len(styles) == 1 for styles in by_source.values())
    assert len(set.union(*by_source.values())) == 8
    assert Counter(line.style for line in made.lines) == dict.fromkeys(range(8), 3)


@pytest.mark.parametrize("scheme", [0, 1])
def test_each_style_has_its_own_colour_and_dashes_that_are_seen_on_the_ground(scheme: int) -> None:
    css = (FOLDER / "static" / "site.css").read_text("utf-8")
    (ground, colours) = (re.findall(rf"--{name}: #([0-9a-f]+)", css) for name in ("ground", r"s\d"))
    own = colours[scheme * N_STYLES : (scheme + 1) * N_STYLES]
    assert len(colours) == 2 * N_STYLES and len(set(own)) == N_STYLES
    dashes = re.findall(r"\.line\.s\d \{ stroke-dasharray: ([\d ]+);", css)
    assert len(dashes) == len(set(dashes)) == N_STYLES - 1  # and one that is whole
    light, dark = luminance("ffffff"), luminance("000000")
    assert (light + 0.05) / (dark + 0.05) == pytest.approx(21)  # WCAG 2.2: 21 to 1 is white on black
    for colour in own:
        low, high = sorted([luminance(colour), luminance(ground[scheme] * (6 // len(ground[scheme])))])
        assert (high + 0.05) / (low + 0.05) >= 3, colour  # WCAG 2.2, success criterion 1.4.11


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour in hexadecimal (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_each_artifact_of_a_run_stands_before_what_it_was_made_from(tmp_path: Path) -> None:
    made_from = {"s1": {"policy": "p1", "dataset": "d1"}, "p1": {"dataset": "d1", "pairs": "gone"}, "d1": {}}
    by_key = {}
    for key, parents in made_from.items():
        folder = tmp_path / key
        folder.mkdir()
        manifest = {"component": {"a": {"b": [1, None]}}, "cost": {"seconds": 2.0}, "parents": parents, "seed": 3}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        by_key[key] = Artifact(kind=f"kind of {key}", key=key, path=folder)
    (tmp_path / "p1" / "timings.jsonl").write_text('{"rollout": 1.5, "step": 0}\n{"rollout": 2.0, "step": 1}\n{"ro')
    record = run_record(by_key, by_key["s1"])
    assert [stage.key for stage in record.stages] == ["s1", "p1", "d1"]
    assert record.n_gone == 1
    assert record.stages[1].phases == {"rollout": 3.5}
    assert record.stages[0].settings == {"a.b.0": "1", "a.b.1": "None"}
    assert record.stages[0].cost.seconds == 2.0


def test_what_has_a_number_is_ordered_by_it() -> None:
    names = ["answers_100", "answers_20", "answers_3", "batch", "answers"]
    stage = replace(run("key", "text").stages[0], parents=dict.fromkeys(names, "k"), settings=dict.fromkeys(names, "v"))
    shown = shown_stages(RunRecord(key="key", stages=[stage], n_gone=5))[0]
    in_order = ["answers", "answers_3", "answers_20", "answers_100", "batch"]
    assert [role for role, *_ in shown.parents] == in_order
    assert [name for name, _ in shown.settings] == in_order


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3.21, "3.2 s"), (61.0, "61.0 s"), (310.2, "5 min 10 s"), (7500, "2 h 05 min")],
)
def test_times_are_read_at_a_glance(seconds: float, text: str) -> None:
    assert time_text(seconds) == text
