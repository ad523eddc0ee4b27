"""The columns that hold the noise of published figures, as people write them."""

from pathlib import Path

import pytest

from farm.data.files.rows import DataError
from farm.labels.published.standings import PublishedStandings, read_standings


def read(folder: Path, text: str, column: str | None = None) -> PublishedStandings:
    path = folder / "standings.csv"
    path.write_text(text)
    return read_standings(path, "humans", column)


def errors(found: PublishedStandings) -> list[float | None]:
    return [model.standard_errors[0] for model in found.models]


@pytest.mark.parametrize(
    "name",
    [
        "standard_error", "Standard Error", "se", "SE", "stderr", "std. err.", "std_error", "sem", "elo_standard_error",
        "elo_se", "elo stderr", "elo_sem", "Elo-SE",
    ],
)  # fmt: skip
def test_an_error_column_is_known_by_what_people_call_it(tmp_path: Path, name: str) -> None:
    assert errors(read(tmp_path, f"model,elo,{name}\na,1000,50\nb,1010,40\n", "elo")) == [50, 40]


@pytest.mark.parametrize(
    "names",
    [
        "ci_low,ci_high", "elo_low,elo_high", "elo_lower,elo_upper", "elo_ci_lower,elo_ci_upper", "lower,upper",
        "CI Lower,CI Upper", "elo_q025,elo_q975",
    ],
)  # fmt: skip
def test_the_width_of_an_interval_is_3_92_errors(tmp_path: Path, names: str) -> None:
    found = read(tmp_path, f"model,elo,{names}\na,1000,951,1049\nb,1010,1000,1019.8\n", "elo")
    # 98 / 3.92 = 25; 19.8 / 3.92
    assert errors(found) == pytest.approx([25, 5.05102])
    assert "over 3.92" in found.notes[0]


def test_an_interval_may_be_written_in_one_cell(tmp_path: Path) -> None:
    text = 'model,elo,95% CI\na,1000,+5/-4.8\nb,1010,"[1000.2, 1010]"\n'
    # 9.8 / 3.92 = 2.5, both times
    assert errors(read(tmp_path, text, "elo")) == pytest.approx([2.5, 2.5])
    with pytest.raises(DataError, match=r"95% CI of 'a': expected an interval as .*got 'wide'"):
        read(tmp_path, "model,elo,95% CI\na,1000,wide\n", "elo")


def test_an_error_may_be_written_with_its_sign_and_may_be_missing_in_words(tmp_path: Path) -> None:
    assert errors(read(tmp_path, "model,elo,se\na,1000,\u00b15\nb,1010,+-4\nc,1020,n/a\nd,1030,-\n", "elo")) == [
        5,
        4,
        None,
        None,
    ]
    # +-9.8 is 19.6 wide.
    assert errors(read(tmp_path, "model,elo,ci\na,1000,\u00b19.8\n", "elo")) == pytest.approx([5])


def test_errors_that_are_all_zero_are_none(tmp_path: Path) -> None:
    found = read(tmp_path, "model,elo,se\na,1000,0\nb,1010,0\n", "elo")
    assert errors(found) == [None, None] and "every standard error in standings.csv is 0" in found.notes[0]


def test_decimal_commas_are_read_where_semicolons_part_the_cells(tmp_path: Path) -> None:
    found = read(tmp_path, "model;elo;se\na;1000,5;5,5\nb;1010;4\n", "elo")
    assert [model.values[0] for model in found.models] == [1000.5, 1010] and errors(found) == [5.5, 4]
    # 7.84 / 3.92
    found = read(tmp_path, "model;elo;ci\na;1000,5;'(-3,92; +3,92)'\nb;1010;+3,92/-3,92\n".replace("'", '"'), "elo")
    assert errors(found) == pytest.approx([2, 2])


def test_a_word_that_could_be_about_two_figures_is_about_none(tmp_path: Path) -> None:
    found = read(tmp_path, "model,elo,mmlu,se\na,1000,70,50\nb,1010,71,50\n", "elo")
    assert errors(found) == [None, None]
    assert "se could be about elo or mmlu and is not used; call it elo_se if it is" in found.notes[0]
    # Of a win rate and other figures, as on AlpacaEval's leaderboard, it is the win rate's.
    found = read(tmp_path, "model,win_rate,avg_length,elo,standard_error\na,50,9,1000,2\nb,60,8,1100,1\n")
    assert errors(found) == [0.02, 0.01]


def test_length_controlled_win_rates_have_errors_of_their_own(tmp_path: Path) -> None:
    text = "name,win_rate,standard_error,length_controlled_winrate,lc_standard_error\na,50,2,40,1\nb,60,2,41,1\n"
    assert errors(read(tmp_path, text, "length_controlled_winrate")) == [0.01, 0.01]


def test_a_prefix_is_that_of_the_figure(tmp_path: Path) -> None:
    text = "model,human_win_rate,human_se,simulated_win_rate,simulated_se\na,50,2,40,1\nb,60,3,41,1\n"
    assert errors(read(tmp_path, text)) == [0.02, 0.03]


def test_counts_of_verdicts_give_the_most_that_they_can_vary(tmp_path: Path) -> None:
    found = read(tmp_path, "model,win_rate,n\na,50,100\nb,100,98\nc,20,\n")
    # sqrt(.5 * .5 / 100); at 1: p = 99 / 100, sqrt(.99 * .01 / 98)
    assert errors(found)[:2] == pytest.approx([0.05, 0.010050891]) and errors(found)[2] is None
    assert "from n follows the most that independent verdicts can vary" in found.notes[0]
    assert errors(read(tmp_path, "model,elo,n\na,1000,100\nb,1010,100\n", "elo")) == [None, None]


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("model,win_rate,se\na,0.5,2\nb,0.6,2\n", None, "more than any win rate between 0 and 1 can have"),
        ("model,elo,se\na,1000,-2\n", "elo", "this one is negative"),
        ("model,elo,se\na,1000,wide\n", "elo", "se: expected a number, got 'wide'"),
        ("model,elo,ci_low,ci_high\na,1000,-5,5\n", "elo", "is 1000, outside ci_low and ci_high, -5 to 5"),
    ],
)
def test_errors_that_cannot_be_are_refused(tmp_path: Path, text: str, column: str | None, what: str) -> None:
    with pytest.raises(DataError, match=what):
        read(tmp_path, text, column)


def test_a_win_rate_may_be_written_with_blanks_and_semicolons(tmp_path: Path) -> None:
    found = read(tmp_path, "Model;Win Rate;N\na;40%;100\nb;55%;100\n")
    assert found.is_win_rate and [model.values for model in found.models] == [(0.4,), (0.55,)]


def test_at_0_and_1_the_note_says_what_stands_in_for_p(tmp_path: Path) -> None:
    found = read(tmp_path, "model,win_rate,n\na,50,100\nb,100,98\nc,20,\nd,0,0\n")
    # d has no verdicts, so nothing is used for it.
    assert any("1 of 3 win rates are exactly 0 or 1" in note and "Laplace" in note for note in found.notes)
    found = read(tmp_path, "model,win_rate,n\na,50,100\nb,90,98\n")
    assert not any("Laplace" in note for note in found.notes)


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        # (1.9 + 1.8) / 3.92, as Arena-Hard prints it; 7.84 / 3.92
        ("(-1.9, 1.8)", 0.943878), ("(-3.92; +3.92)", 2), ("[+3.92, -3.92]", 2), ("(\u22123.92, 3.92)", 2),
        ("(-3.92, 0.0)", 1), ("(0, 3.92)", 1), ("- 1.96 to + 1.96", 1),
    ],
)  # fmt: skip
def test_two_numbers_of_opposite_signs_away_from_the_figure_are_distances(
    tmp_path: Path, cell: str, error: float
) -> None:
    found = read(tmp_path, f'model,strength,CI\na,80,"{cell}"\nb,30,"[28.04, 31.96]"\n', "strength")
    assert errors(found) == pytest.approx([error, 1], abs=1e-5)
    assert "CI is read as distances from strength" in found.notes[1] and "in 1 of 2 rows" in found.notes[1]


@pytest.mark.parametrize("cell", ["+3.92/-3.92", "-3.92/+3.92", "(+3.92 / -3.92)", "+ 3.92 / - 3.92"])
def test_distances_with_a_slash_say_so_themselves(tmp_path: Path, cell: str) -> None:
    found = read(tmp_path, f"model,elo,ci\na,1000,{cell}\n", "elo")
    assert errors(found) == pytest.approx([2]) and len(found.notes) == 1


def test_an_interval_about_its_figure_is_one_of_ends_whatever_its_signs(tmp_path: Path) -> None:
    found = read(tmp_path, 'model,strength,CI\na,0.5,"(-1.46, 2.46)"\nb,-1,"(-2.96, 0.96)"\n', "strength")
    assert errors(found) == pytest.approx([1, 1]) and len(found.notes) == 1
    with pytest.raises(DataError, match=r"is 80, outside CI, 1\.8 to 1\.9"):
        read(tmp_path, 'model,strength,CI\na,80,"(1.8, 1.9)"\n', "strength")
