from farm.reports.tables import columns, table


def test_cells_are_padded_text_left_and_figures_right() -> None:
    assert table(["method", "n"], [["ppo", "1,500"], ["expert_iteration", "2"]]).splitlines() == [
        "| method           |     n |",
        "|:-----------------|------:|",
        "| ppo              | 1,500 |",
        "| expert_iteration |     2 |",
    ]


def test_columns_for_a_terminal_have_no_lines() -> None:
    assert columns([["judge", "calls"], ["a", "12"]]) == ["judge  calls", "a         12"]
