"""Texts that mean to do something in a browser, in every field of a leaderboard, are shown and do nothing."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from farm.leaderboard.answers import EntryAnswer, Judgement
from farm.leaderboard.board import Board, Finding, TrackTrust, TrustPoint
from farm.leaderboard.site.inputs import Beside
from farm.leaderboard.site.ranking.ranking_pages import model_file
from farm.leaderboard.site.write import write_site
from tests.leaderboard.site.boards import estimate, row, table
from tests.leaderboard.site.sites import curve, pages_of, run
from tests.leaderboard.site.watched import open_all, opened

DEEDS = (
    "<script>window.done=1;alert(1)</script>",
    "<img src=x onerror='window.done=1;alert(2)'>",
    "<svg onload=alert(3)><a href='javascript:alert(4)'>click</a>",
    "</script><script>window.done=1</script><!--",
    "\"><iframe src=http://a.example/></iframe>' onmouseover='alert(5)",
    "\u202egnp.exe\u2066\u2028window.done=1\u2029\u200f\x00\x1b[2J half \ud83d",
    "{{ 7 * 7 }}{% raw %} \\u003cscript\\u003e `${window.done=1}` ]]> &lt;b&gt;",
    "\");window.done=1;farmData(\"items\",[",
)  # fmt: skip
HOSTILE = " ".join(DEEDS)
MEGABYTE = "<img src=x onerror=alert(6)>" * 40_000
_REORDERS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff\x00\x1b]")


def hostile_answers(key: str, annotator: str) -> Iterator[EntryAnswer]:
    outputs = HOSTILE, MEGABYTE if key.endswith("0") else HOSTILE
    for index, score in enumerate((1.0, 0.0, None, 0.5)):
        judgement = Judgement(
            judge=HOSTILE, preference=None if score is None else 1 + score, first_shown=None, reply=HOSTILE,
            unparsed_reason=HOSTILE,
        )  # fmt: skip
        yield EntryAnswer(
            key=key, annotator=annotator, instruction_key=f"{HOSTILE} {index}", instruction=HOSTILE, input=HOSTILE,
            output=outputs[index == 3], reference=HOSTILE, is_finished=False, score=score,
            judgements=[judgement],
        )  # fmt: skip


def hostile_board() -> Board:
    finding = Finding(check=HOSTILE, sentence=HOSTILE, n_rows=1, is_severe=True)
    rows = [
        row(
            f"{HOSTILE}{index}", 0.6, feedback=HOSTILE, base=HOSTILE, keys=[f"../{HOSTILE}{index}"], findings=[finding],
            notes=[HOSTILE], length_controlled=estimate(None, reason=HOSTILE), cost_usd=float(index),
        )
        for index in range(3)
    ]  # fmt: skip
    trust = TrackTrust(
        source=HOSTILE, points=[TrustPoint(name=r.name, here=r.rating, there=r.rating) for r in rows],
        spearman=estimate(None, reason=HOSTILE), kendall=estimate(0.5, 0.1), r_squared=estimate(0.5, 0.1),
        inversions=[HOSTILE], advice=HOSTILE,
    )  # fmt: skip
    first = table(
        rows,
        track=f"../../{HOSTILE}",
        title=HOSTILE,
        annotator=HOSTILE,
        reference=HOSTILE,
        trust=[trust],
        is_graded=True,
    )
    return Board(tables=[first, replace(first, track="another", rows=rows[1:2])])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile") / "site"
    board = hostile_board()
    runs = [run(board.tables[0].rows[0].keys[0], HOSTILE)]
    write_site(board, folder, Beside(answers=hostile_answers, runs=runs, curves=[curve(HOSTILE, 0)]))
    return folder


def test_no_file_leaves_the_folder_or_has_a_name_that_means_something(site: Path) -> None:
    files = [path for path in site.parent.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert all(site in path.parents for path in files)
    assert [path for path in files if not re.fullmatch(r"[A-Za-z0-9_.-]+", path.name)] == []


def test_no_file_holds_a_character_that_turns_text_round(site: Path) -> None:
    ours = [path for path in site.rglob("*") if path.suffix in (".html", ".js") and "dataTables" not in path.name]
    assert [path.name for path in ours if _REORDERS.search(path.read_text("utf-8"))] == []


def test_no_data_file_can_end_the_element_that_loads_it(site: Path) -> None:
    data = [path.read_text("utf-8") for path in (site / "texts").rglob("*.js")]
    assert len(data) > 5
    assert [text for text in data if "<" in text or ">" in text] == []


@pytest.mark.slow
def test_every_page_shows_hostile_texts_and_does_nothing(browser: Browser, site: Path) -> None:
    pages = pages_of(site)
    assert len(pages) == 9  # rankings of three models and of one, one comparison, a run, curves
    for path in pages:
        with opened(browser, path) as (page, deeds):
            open_all(page)
            for button in page.get_by_role("button", name="Show all").all()[:1]:
                button.click()
            assert deeds == [], path
            assert page.evaluate("window.done") is None, path
            assert page.locator("iframe, img, script:not([src]), a[href^='javascript:'], [onerror]").count() == 0, path
            shown = page.evaluate("document.body.textContent")
            assert "<script>window.done=1;alert(1)</script>" in shown and "\\u202egnp.exe" in shown, path
            assert not _REORDERS.search(page.evaluate("document.documentElement.outerHTML")), path


@pytest.mark.slow
def test_a_text_of_a_megabyte_is_cut_until_it_is_asked_for(browser: Browser, site: Path) -> None:
    page_of_first = site / model_file(hostile_board().tables[0], hostile_board().tables[0].rows[0])
    with opened(browser, page_of_first) as (page, deeds):
        open_all(page)
        cut = page.locator(".text", has=page.get_by_role("button", name=f"Show all {len(MEGABYTE):,} characters"))
        assert len(cut.first.inner_text()) < 21_000
        cut.first.get_by_role("button").click()
        longest = page.evaluate("Math.max(...[...document.querySelectorAll('.text')].map((e) => e.textContent.length))")
        assert longest == len(MEGABYTE)
        assert deeds == []
