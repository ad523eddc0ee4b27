"""Published win rates by humans, kept as numbers with their source: what a simulator has to predict."""

import csv
import io
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PublishedRow:
    """One system's published win rates against a reference, in percent as printed."""

    method: str
    is_trained_in_sandbox: bool
    """Whether the method was trained in the simulator for its simulated figure; the others are fixed systems."""
    simulated_win_rate: float
    simulated_standard_error: float
    human_win_rate: float | None
    """None if humans did not judge it."""
    human_standard_error: float | None
    n_total: int
    """Instructions that each figure rests on."""


@dataclass(frozen=True, kw_only=True)
class PublishedTable:
    """A table with where it comes from."""

    source: str
    rows: tuple[PublishedRow, ...]


def _table_2_row(
    method: str, simulated: tuple[float, float], human: tuple[float, float] | None, *, in_sandbox: bool
) -> PublishedRow:
    return PublishedRow(
        method=method,
        is_trained_in_sandbox=in_sandbox,
        simulated_win_rate=simulated[0],
        simulated_standard_error=simulated[1],
        human_win_rate=None if human is None else human[0],
        human_standard_error=None if human is None else human[1],
        n_total=805,
    )


# Trained in the sandbox: the paper's methods, which start from LLaMA 7B and learn from its splits or labels. GPT-4,
# ChatGPT, Davinci001 and LLaMA 7B itself are given systems.
ALPACAFARM_TABLE_2 = PublishedTable(
    source=(
        "Dubois et al. 2023, AlpacaFarm, arXiv 2305.14387v1, Table 2: win rate against Davinci003 in percent "
        "+- standard error, 805 instructions; best-of-n with n = 16"
    ),
    rows=(
        _table_2_row("GPT-4", (79.0, 1.4), (69.8, 1.6), in_sandbox=False),
        _table_2_row("ChatGPT", (61.4, 1.7), (52.9, 1.7), in_sandbox=False),
        _table_2_row("PPO", (46.8, 1.8), (55.1, 1.7), in_sandbox=True),
        _table_2_row("Best-of-n", (45.0, 1.7), (50.7, 1.8), in_sandbox=True),
        _table_2_row("Expert iteration", (41.9, 1.7), (45.7, 1.7), in_sandbox=True),
        _table_2_row("SFT 52k", (39.2, 1.7), (40.7, 1.7), in_sandbox=True),
        _table_2_row("SFT 10k", (36.7, 1.7), (44.3, 1.7), in_sandbox=True),
        _table_2_row("Binary FeedME", (36.6, 1.7), (37.9, 1.7), in_sandbox=True),
        _table_2_row("Quark", (35.6, 1.7), None, in_sandbox=True),
        _table_2_row("Binary reward conditioning", (32.4, 1.6), None, in_sandbox=True),
        _table_2_row("Davinci001", (24.4, 1.5), (32.5, 1.6), in_sandbox=False),
        _table_2_row("LLaMA 7B", (11.3, 1.1), (6.5, 0.9), in_sandbox=False),
    ),
)


def human_table_csv(table: PublishedTable) -> str:
    """The table as CSV; the source stands in every row, so that no row travels without it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = list(PublishedRow.__dataclass_fields__)
    writer.writerow([*names, "source"])
    for row in table.rows:
        writer.writerow([*("" if vars(row)[name] is None else vars(row)[name] for name in names), table.source])
    return out.getvalue()
