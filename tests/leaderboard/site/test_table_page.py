"""The first page shows every row of the board with its figures, their intervals and what the checks found."""

import re
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import pytest

from farm.errors import UserError
from farm.leaderboard.board import Board, Finding, TrackTrust, TrustPoint
from farm.leaderboard.site.inputs import AnswersOf, Beside
from farm.leaderboard.site.page_names import table_name
from farm.leaderboard.site.write import write_site
from tests.leaderboard.site.boards import answers_of, estimate, row, table


class Texts(HTMLParser):
    """The text of each cell of a table, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def cells(page: str) -> list[list[str]]:
    reader = Texts()
    reader.feed(page[page.index("<table") : page.index("</table>")])
    return [[" ".join(cell.split()) for cell in each] for each in reader.rows]


def first_page(tmp_path: Path, board: Board) -> str:
    return write_site(board, tmp_path / "site", Beside()).read_text("utf-8")


def test_a_row_shows_its_figures_with_their_errors_and_intervals(tmp_path: Path) -> None:
    rows = [
        row("good", 0.75, rank_low=1, rank_high=1, length_controlled=estimate(0.7, 0.05)),
        row("bad", 0.25, rank_low=2, rank_high=3, to_next=None, length_controlled=estimate(None, reason="one length")),
    ]
    header, good, bad = cells(first_page(tmp_path, Board(tables=[table(rows)])))
    shown = dict(zip(header, good, strict=True))
    assert shown["Model"] == "good" and shown["Rank"] == "1"
    assert shown["Win rate"] == "75.0 ± 1.6"
    assert shown["Length-controlled"] == "70.0 [65.0, 75.0]"
    assert shown["Rating"] == "100 [75, 125]"
    assert shown["To next"] == "≈ +1.0 ± 1.2"
    assert shown["Won, tied, lost"] == "75 / 0 / 25"
    assert dict(zip(header, bad, strict=True))["Length-controlled"] == "– one length"  # noqa: RUF001
    assert "Style-controlled" not in header and "Utility" not in header  # nobody has them


def test_the_interval_is_drawn_where_the_figures_say(tmp_path: Path) -> None:
    only = row("one", 0.5, standard_error=0.1, length_controlled=estimate(None))
    page = first_page(tmp_path, Board(tables=[table([only])]))
    drawing = page[page.index('class="iv"') :]
    # 0.5 +- 1.96 * 0.1 on an axis that has a margin of 4% of them on each side: from 4 / 108 to 104 / 108 of 100 units
    assert re.search(r'd="M3\.7 6H96\.3"', drawing) and 'cx="50.0"' in drawing


def test_findings_stand_in_the_row_that_they_are_about(tmp_path: Path) -> None:
    finding = Finding(check="constant_outputs", sentence="all 100 outputs are one text", n_rows=100, is_severe=True)
    page = first_page(tmp_path, Board(tables=[table([row("null model", 0.9, findings=[finding]), row("other", 0.1)])]))
    header, first, second = cells(page)
    assert "severe: constant_outputs" in first[header.index("Model")]
    assert first[header.index("Checks")] == "constant_outputs: all 100 outputs are one text"
    assert second[header.index("Checks")] == ""


def test_the_average_of_three_benchmarks_is_a_column_where_all_three_exist(tmp_path: Path) -> None:
    # openchat-13b in Table 1 of Wang et al. 2023: AlpacaEval 89.5, MT-Bench 57.5, Vicuna-Bench 85.0, average 77.3
    three = {"alpaca_eval": 0.895, "mt_bench": 0.575, "vicuna_bench": 0.85}
    tables = [
        table([row("openchat-13b", rate), row(f"only {track}", 0.4)], track=track) for track, rate in three.items()
    ]
    write_site(Board(tables=tables), tmp_path / "site", Beside())
    pages = [tmp_path / "site" / "index.html", *(tmp_path / "site").glob("*bench*.html")]
    assert len(pages) == 3
    for path in pages:
        header, best, other = cells(path.read_text("utf-8"))
        assert best[header.index("Average of three")] == "77.3"
        assert other[header.index("Average of three")] == "–"  # noqa: RUF001
    two = first_page(tmp_path, Board(tables=tables[:2]))
    assert "Average of three" not in cells(two)[0]


@pytest.mark.parametrize(("names", "n_links"), [(["alone"], 0), (["first", "second"], 1)])
def test_a_model_is_compared_with_another_where_there_is_one(tmp_path: Path, names: list[str], n_links: int) -> None:
    answers: AnswersOf = partial(answers_of, n_instructions=3, n_characters=100)
    board = Board(tables=[table([row(name, 0.5) for name in names])])
    write_site(board, tmp_path / "site", Beside(answers=answers))
    pages = list((tmp_path / "site" / "models").glob("*.html"))
    assert len(pages) == len(names)
    for page in pages:
        text = page.read_text("utf-8")
        assert text.count("Compare with another model") == n_links
        for target in re.findall(r'href="([^"#]+)', text):
            assert target == "data:," or (page.parent / target).is_file(), target


def test_trust_is_drawn_in_percent_and_found_from_the_rankings_of_its_track(tmp_path: Path) -> None:
    rows = [row("one", 0.75), row("two", 0.25)]
    points = [TrustPoint(name=r.name, here=estimate(r.win_rate, 0.02), there=estimate(0.625, 0.02)) for r in rows]
    trust = TrackTrust(
        source="people", points=points, spearman=estimate(0.9), kendall=estimate(0.9), r_squared=estimate(0.9),
        inversions=[], advice="",
    )  # fmt: skip
    tables = [table(rows), table(rows, annotator="held", trust=[trust]), table(rows, track="another")]
    first = first_page(tmp_path, Board(tables=tables))
    held, another = (f"{table_name(each)}.html" for each in tables[1:])
    assert f'<a href="{held}#trust-1">' in first
    page = (tmp_path / "site" / held).read_text("utf-8")
    assert 'id="trust-1"' in page and 'href="#trust-1"' in page
    assert "one: Win rate, %: people 62.5, Win rate, %: this ranking 75.0" in page
    assert "#trust-1" not in (tmp_path / "site" / another).read_text("utf-8")


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "thesis.tex").write_text("mine")
    with pytest.raises(UserError, match="expected no folder, an empty one or a site made before"):
        write_site(Board(tables=[table([row("one", 0.5)])]), tmp_path / "site", Beside())
    assert (tmp_path / "site" / "thesis.tex").read_text() == "mine"


def test_a_site_that_cannot_be_finished_leaves_the_one_before(tmp_path: Path) -> None:
    before = first_page(tmp_path, Board(tables=[table([row("one", 0.5)])]))
    with pytest.raises(TypeError):
        write_site(Board(tables=[table([row("one", "no number")])]), tmp_path / "site", Beside())  # type: ignore[arg-type]
    assert (tmp_path / "site" / "index.html").read_text("utf-8") == before
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
