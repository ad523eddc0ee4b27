"""What a reader does with the site: sort, search, filter, open, compare, by keyboard, on a phone, in the dark."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from farm.leaderboard.board import Board
from farm.leaderboard.site.inputs import AnswersOf, Beside
from farm.leaderboard.site.page_names import entry_name
from farm.leaderboard.site.write import write_site
from tests.leaderboard.site.boards import answers_of, row, table
from tests.leaderboard.site.sites import small_site
from tests.leaderboard.site.watched import PHONE, open_all, opened

pytestmark = pytest.mark.slow
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    return small_site(tmp_path_factory.mktemp("small") / "site")


def names(page: Page) -> list[str]:
    return page.locator("#board tbody th a").all_inner_texts()


@pytest.mark.parametrize("kind", ["first", "models", "compare", "runs", "curves"])
def test_nothing_is_found_by_axe_in_light_dark_and_on_a_phone(
    browser: Browser, pages: Mapping[str, Path], kind: str
) -> None:
    for settings in ({"color_scheme": "light"}, {"color_scheme": "dark"}, {"viewport": PHONE}):
        with opened(browser, pages[kind], **settings) as (page, deeds):
            if kind in ("models", "compare"):
                page.wait_for_selector(".answers details")
                page.locator(".answers details").first.evaluate("(part) => { part.open = true }")
                page.wait_for_selector(".opened .text")
            else:
                open_all(page)
            assert deeds == []
            found = Axe().run(page, options=RULES)
            assert found.violations_count == 0, (settings, found.generate_report())
            assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], settings


def test_the_table_is_sorted_and_searched_by_keyboard(browser: Browser, pages: Mapping[str, Path]) -> None:
    with opened(browser, pages["first"]) as (page, _):
        best_first = names(page)
        header = page.locator("#board thead th", has_text="Win rate")
        header.locator("[tabindex='0']").focus()
        page.keyboard.press("Enter")
        expect(header).to_have_attribute("aria-sort", "ascending")  # sorted after the key's own event
        assert names(page) == best_first[::-1]
        page.get_by_label("Search").fill("model-004")
        assert names(page) == [name for name in best_first if "model-004" in name]
        assert page.get_by_role("status").inner_text() == "1 of 12 models"


def test_on_a_phone_a_row_shows_rank_model_labels_and_win_rate(browser: Browser, pages: Mapping[str, Path]) -> None:
    with opened(browser, pages["first"], viewport={"width": 360, "height": 740}) as (page, _):
        page.wait_for_selector("#board .dt-column-order")
        region = page.get_by_role("region", name="Ranking", exact=True).bounding_box()
        header = page.locator("#board thead th:visible")
        assert [" ".join(text.split()) for text in header.all_inner_texts()[:3]] == ["Rank", "Model", "Win rate"]
        rate = page.locator("#board tbody tr").first.locator("td:visible").nth(1)
        for part in (header.nth(2), rate):
            box = part.bounding_box()
            assert region is not None and box is not None
            assert region["x"] <= box["x"] and box["x"] + box["width"] <= region["x"] + region["width"]
        labels = page.locator("#board tbody th").first.get_by_text("labels of some people whose name is long")
        assert labels.is_visible()
        page.set_viewport_size({"width": 1200, "height": 740})
        assert not labels.is_visible() and header.nth(2).inner_text().split() == ["Labels"]


def test_without_scripts_the_table_is_whole(browser: Browser, pages: Mapping[str, Path]) -> None:
    with opened(browser, pages["first"], java_script_enabled=False) as (page, _):
        assert page.locator("#board tbody tr").count() == 12
        assert not page.get_by_label("Search").is_visible()


def test_filters_show_the_answers_that_they_name(browser: Browser, pages: Mapping[str, Path]) -> None:
    # Scores go round won, lost, tied, unparsed; the second judge says "won" always: it disagrees on lost and tied.
    with opened(browser, pages["models"]) as (page, _):
        page.wait_for_selector(".answers details")
        counts = page.locator("fieldset label").all_inner_texts()
        assert [" ".join(text.split()) for text in counts] == [
            "all 60", "won 15", "lost 15", "tied 15", "disagreed 30", "unparsed 15", "cut off 7",
        ]  # fmt: skip
        page.get_by_label("lost 15").check()
        assert page.locator(".answers details").count() == 15
        assert set(page.locator(".answers .chip:first-child").all_inner_texts()) == {"lost"}
        page.get_by_label("all 60").check()
        assert page.locator(".answers details").count() == 50
        page.get_by_role("button", name="Show 50 more").press("Enter")
        assert page.locator(".answers details").count() == 60
        page.get_by_label("Search the beginnings").fill("question 59:")
        assert page.locator(".answers details").count() == 1


def test_an_answer_opens_beside_the_reference_with_what_the_judges_said(
    browser: Browser, pages: Mapping[str, Path]
) -> None:
    with opened(browser, pages["models"]) as (page, _):
        page.locator(".answers summary").nth(41).press("Enter")
        page.wait_for_selector(".opened .text")
        texts = page.locator(".opened .passage .text").all_inner_texts()
        assert texts[0].startswith("Question 41:") and " 41: " in texts[1] and texts[2].startswith("reference 41:")
        assert "second judge: the answer; saw the answer first" in page.locator(".judgements").inner_text()


@pytest.mark.parametrize("width", [360, 1200])
def test_intervals_of_a_model_are_drawn_below_each_other(
    browser: Browser, pages: Mapping[str, Path], width: int
) -> None:
    with opened(browser, pages["models"], viewport={"width": width, "height": 740}) as (page, _):
        edges = "(all) => all.map((drawing) => [drawing.getBoundingClientRect().left, drawing.clientWidth])"
        drawings = page.locator(".figures .iv").evaluate_all(edges)
        assert len(drawings) == 3 and len({tuple(each) for each in drawings}) == 1
        assert drawings[0][1] > 50
        heading = page.get_by_role("heading", level=1).inner_text()
        assert heading.startswith("model-0") and heading.endswith("(labels of some people whose name is long)")


def test_two_models_are_compared_answer_by_answer(browser: Browser, pages: Mapping[str, Path]) -> None:
    with opened(browser, pages["compare"]) as (page, _):
        second = page.locator("#b").locator("option").nth(5)
        page.locator("#b").select_option(second.get_attribute("value"))
        page.wait_for_selector(".answers details")
        page.locator(".answers summary").first.click()
        page.wait_for_selector(".opened .text")
        titles = page.locator(".opened .beside h3").all_inner_texts()
        assert titles[1] == second.inner_text() and titles[2].endswith("(reference)")
        assert f"b={second.get_attribute('value')}" in page.url


@pytest.mark.parametrize(
    ("asked", "shown"),
    [("", ("one, seed 0", "two")), ("#a=1", ("one, seed 1", "two")), ("#a=2", ("two", "one, seed 0"))],
)
def test_two_different_models_are_compared_where_none_is_asked_for(
    browser: Browser, tmp_path: Path, asked: str, shown: tuple[str, str]
) -> None:
    rows = [row("one", 0.6, keys=["key 0", "key 1"], seeds=[0, 1]), row("two", 0.4)]
    answers: AnswersOf = partial(answers_of, n_instructions=2, n_characters=50)
    write_site(Board(tables=[table(rows)]), tmp_path / "site", Beside(answers=answers))
    (file,) = (tmp_path / "site" / "compare").glob("*.html")
    entries = [entry_name(key, "judge") for key in ("key 0", "key 1", "key of two")]
    with opened(browser, file) as (page, deeds):
        if asked:
            page.goto("about:blank")
            page.goto(f"{file.as_uri()}#a={entries[int(asked[-1])]}")
        page.wait_for_selector(".answers details")
        chosen = [page.locator(f"#{side} option:checked").inner_text() for side in "ab"]
        assert tuple(chosen) == shown and deeds == []
