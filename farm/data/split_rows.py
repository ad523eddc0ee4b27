"""Which rows a split of AlpacaFarm's data keeps: those that are asked for, that no other split has, once each."""

import logging
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeVar

from farm.data.alpaca_farm_rows import InstructionRow, PairRow
from farm.data.conditions.condition import parse_condition
from farm.data.conditions.values import ConditionError
from farm.seeds import derive_seed

logger = logging.getLogger(__name__)

RowT = TypeVar("RowT", bound=InstructionRow)


def where(rows: Sequence[RowT], condition: str | None, setting: str) -> list[RowT]:
    """The rows for which a condition on the columns of their file holds.

    Args:
        rows: as read; they know the columns of the file that no schema has.
        condition: in the grammar of farm/data/conditions/condition.py; None for all.
        setting: what the condition is called.

    Raises:
        ConditionError: it holds for none, or names what is no column.
    """
    if condition is None:
        return list(rows)
    try:
        holds = parse_condition(condition).chosen([{**vars(row), **row.columns} for row in rows])
    except ConditionError as error:
        raise ConditionError(f"{setting}: {error}") from error
    if not any(holds):
        raise ConditionError(f"{setting}: for none of the {len(rows)} rows holds {condition}")
    logger.info("kept %d of %d rows where %s", sum(holds), len(rows), condition)
    return [row for row, is_kept in zip(rows, holds, strict=True) if is_kept]


def limited(rows: Sequence[RowT], limit: int | None, setting: str) -> list[RowT]:
    """`limit` rows in their order, chosen by their contents: a larger limit keeps all rows of a smaller one.

    Args:
        rows: of a split.
        limit: None for all.
        setting: what the limit is called.
    """
    if limit is not None and limit > len(rows):
        logger.warning("dataset.%s=%d, but there are %d: all of them are used", setting, limit, len(rows))
    if limit is None or limit >= len(rows):
        return list(rows)
    draws = [derive_seed(0, "rows kept of a split", row.row_key) for row in rows]
    kept = sorted(range(len(rows)), key=lambda index: (draws[index], index))[:limit]
    return [rows[index] for index in sorted(kept)]


def apart(rows: Sequence[RowT], taken: Mapping[str, AbstractSet[str]], split: str, *, is_own: bool) -> list[RowT]:
    """The rows whose instruction no earlier split has; how many were dropped, and for which split, is logged.

    Args:
        rows: of the split.
        taken: the instructions of each earlier split.
        split: its name.
        is_own: whether somebody gave these rows, who needs to know what became of them.
    """
    lost = {name: sum(row.text_key in keys for row in rows) for name, keys in taken.items()}
    if any(lost.values()):
        where = ", ".join(f"{n} in {name}" for name, n in lost.items() if n)
        logger.log(
            logging.WARNING if is_own else logging.INFO,
            "%s: %d of %d rows are left out, for an instruction may be in one split only and theirs are in another "
            "(%s)",
            split,
            sum(lost.values()),
            len(rows),
            where,
        )
    return [row for row in rows if not any(row.text_key in keys for keys in taken.values())]


def distinct(rows: Sequence[RowT]) -> list[RowT]:
    """The first row of each instruction."""
    return list({row.text_key: row for row in reversed(rows)}.values())[::-1]


def distinct_pairs(rows: Sequence[PairRow]) -> list[PairRow]:
    """The first verdict on each pair: a chain trains on one."""
    first = list({row.comparison().key: row for row in reversed(rows)}.values())[::-1]
    if len(first) < len(rows):
        logger.info("recorded pairs: %d further verdicts on a pair that has one are left out", len(rows) - len(first))
    return first
