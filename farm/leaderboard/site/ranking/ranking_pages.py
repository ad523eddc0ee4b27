"""All pages of one ranking: the table, a page per model with its answers, and one that compares two models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from farm.leaderboard.board import BoardRow, BoardTable
from farm.leaderboard.site.answer_files import TableTexts
from farm.leaderboard.site.inputs import AnswersOf
from farm.leaderboard.site.page_names import entry_name, row_name, table_name
from farm.leaderboard.site.ranking.table_page import TableView, rank_text, table_view
from farm.leaderboard.site.ranking.table_plots import estimate_text, row_plots, trust_plot
from farm.leaderboard.site.site_folder import Link, SiteFolder


@dataclass(frozen=True, kw_only=True)
class EntryChoice:
    """An entry whose answers can be read."""

    name: str
    """Of its files."""
    label: str


def model_file(table: BoardTable, row: BoardRow) -> str:
    """Where a model's page is."""
    return f"models/{row_name(table, row)}.html"


def write_ranking(
    site: SiteFolder,
    table: BoardTable,
    file: str,
    *,
    answers: AnswersOf | None,
    runs: Mapping[str, str],
    averages: Mapping[str, float],
    trusted: Sequence[Link],
) -> None:
    """Write the pages of one ranking.

    Args:
        site: where to.
        table: the ranking.
        file: its page.
        answers: of its entries, if they are known.
        runs: the page of each run, by the key of its standings.
        averages: of the three benchmarks, by name.
        trusted: the other rankings of this track that are held against another source.
    """
    files = [model_file(table, row) for row in table.rows]
    view = table_view(table, files, averages)
    choices = _write_texts(site, table, answers)
    compare = f"compare/{table_name(table)}.html" if sum(map(len, choices)) > 1 else ""
    by_name = {row.name: page for row, page in zip(table.rows, files, strict=True)}
    site.write(
        file,
        "table.html",
        **vars(view),
        compare=compare,
        trusted=trusted,
        trusts=[(trust, trust_plot(trust, by_name)) for trust in table.trust],
        plots=row_plots(table, files),
        estimate_text=estimate_text,
    )
    shared: dict[str, object] = {"table": table, "table_file": file, "folder": _texts_folder(table)}
    if compare:
        site.write(compare, "compare.html", **shared, models=choices)
    for index, (page, entries) in enumerate(zip(files, choices, strict=True)):
        _write_model(site, view, index, page, entries, runs, {**shared, "compare": compare})


def _write_texts(site: SiteFolder, table: BoardTable, answers: AnswersOf | None) -> list[list[EntryChoice]]:
    """The answers of every row's entries as files; what can be read of each row."""
    if answers is None:
        return [[] for _ in table.rows]
    texts = TableTexts(site.path / _texts_folder(table))
    choices = [_row_texts(texts, table, row, answers) for row in table.rows]
    texts.close()
    return choices


def _row_texts(texts: TableTexts, table: BoardTable, row: BoardRow, answers: AnswersOf) -> list[EntryChoice]:
    seeds: Sequence[int | None] = row.seeds if len(row.seeds) == len(row.keys) else [None] * len(row.keys)
    labelled = _labelled(row)
    choices = []
    for key, seed in zip(row.keys, seeds, strict=True):
        name = entry_name(key, table.annotator)
        if texts.add_entry(name, answers(key, table.annotator)):
            label = labelled if seed is None else f"{labelled}, seed {seed}"
            choices.append(EntryChoice(name=name, label=label))
    return choices


def _write_model(
    site: SiteFolder,
    view: TableView,
    index: int,
    page: str,
    entries: Sequence[EntryChoice],
    runs: Mapping[str, str],
    shared: Mapping[str, object],
) -> None:
    row = view.table.rows[index]
    site.write(
        page,
        "model.html",
        row=row,
        name=_labelled(row),
        rank=rank_text(row),
        figures=[(column.title, column.cells[index]) for column in view.columns],
        runs=[Link(file=runs.get(key, ""), text=key) for key in row.keys],
        entries=entries,
        **shared,
    )


def _labelled(row: BoardRow) -> str:
    """What tells a row from the others of its name, such as ppo (crowd)."""
    return f"{row.name} ({row.feedback})" if row.feedback else row.name


def _texts_folder(table: BoardTable) -> str:
    return f"texts/{table_name(table)}"
