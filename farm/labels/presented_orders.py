"""Judges that saw pairs in both orders of presentation: how a table tells their verdicts apart, and makes them one.

`first_shown` says which output a judge saw first; a judge that saw a pair in both orders has two rows on it.
"""

from typing import NamedTuple

import pandas as pd

from farm.wording import listed

_ORDER_IN_NAME = r"^(?P<before>.*?[^/])/(?P<order>AB|BA)(?P<after>/.*)?$"


def one_verdict_each(frame: pd.DataFrame) -> pd.DataFrame:
    """The table in which a judge that saw pairs in both orders has a name for each, for settings that name one of them.

    They are NAME/AB (output_1 was shown first) and NAME/BA; everybody else's name stays. These are verdicts of one
    judge: whoever counts or draws annotators takes `orders_folded`.
    """
    names = frame["annotator"].where(~is_of_two_orders(frame), frame["annotator"] + _order_names(frame))
    return frame.assign(annotator=names)


class FoldedOrders(NamedTuple):
    """A table with one row per item and annotator."""

    frame: pd.DataFrame
    notes: list[str]
    """What was folded, with counts; empty if nothing was."""


def orders_folded(frame: pd.DataFrame) -> FoldedOrders:
    """One row per item and annotator: the two verdicts of a judge that saw a pair in both orders become their mean.

    So a win and a tie are three quarters of a win (preference 1.25), a win and a loss a tie; a pair with one of its two
    verdicts unparsed has none (as in `farm.stats.bias.position.verdict_of_both_orders`). `first_shown` becomes 0.

    Args:
        frame: columns `ANNOTATION_COLUMNS`.
    """
    keys = ["item_id", "annotator"]
    is_ordered = is_of_two_orders(frame)
    is_second = is_ordered & frame[is_ordered].duplicated(keys).reindex(frame.index, fill_value=False)
    is_first = is_ordered & frame[is_ordered].duplicated(keys, keep="last").reindex(frame.index, fill_value=False)
    if not is_first.any():
        return FoldedOrders(frame, [])
    frame = frame.copy()
    pairs = frame[is_first | is_second].groupby(keys)
    for name in ("preference", "clean_preference", "p_first", "cost_usd", "latency_seconds"):
        if name in frame:
            mean = pairs[name].transform("mean").where(pairs[name].transform("count") == 2)
            frame.loc[is_first, name] = mean[is_first] * (2 if name in ("cost_usd", "latency_seconds") else 1)
    # The mean of 1.4 and 1.6 is a tie, whatever their binary fractions add up to.
    is_tie = is_first & (abs(frame["preference"] - 1.5) < 1e-9)
    frame.loc[is_tie, "preference"] = 1.5
    frame.loc[is_first, "first_shown"] = 0
    n_missing = int(frame.loc[is_first, "preference"].isna().sum())
    unparsed = f" ({n_missing} of them have one that is unparsed, and so no verdict)" if n_missing else ""
    names = sorted(set(frame.loc[is_first, "annotator"]))
    note = (
        f"{int(is_first.sum())} pairs{unparsed} were judged in both orders by {listed(names, 5)}: the two verdicts "
        "count as one, their mean (a win and a tie are three quarters, a win and a loss a tie)"
    )
    return FoldedOrders(frame[~is_second], [note])


def is_of_two_orders(frame: pd.DataFrame) -> pd.Series:
    """The rows in a known order, of judges that saw one pair in both."""
    if "first_shown" not in frame:
        return pd.Series(False, index=frame.index)
    is_ordered = (frame["annotator_kind"] == "llm") & frame["first_shown"].isin([1, 2])
    orders = frame[is_ordered].groupby(["item_id", "annotator"])["first_shown"].nunique()
    return is_ordered & frame["annotator"].isin(orders[orders == 2].reset_index()["annotator"])


def _order_names(frame: pd.DataFrame) -> pd.Series | str:
    return frame["first_shown"].map({1: "/AB", 2: "/BA"}) if "first_shown" in frame else ""


def orders_in_names(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Judges that a file calls NAME/AB or NAME/BA are NAME, with output_1 or output_2 shown first.

    This is the one place where an order is read out of a name. A column `first_shown` that says another order is right.
    """
    said = frame["annotator"].where(frame["annotator_kind"] == "llm", "").astype(str).str.extract(_ORDER_IN_NAME)
    is_named = said["order"].notna()
    if not is_named.any():
        return frame, []
    order = said["order"].map({"AB": 1, "BA": 2}).astype("Int64")
    names = frame["annotator"].mask(is_named, said["before"] + said["after"].fillna(""))
    shown = frame["first_shown"].fillna(order) if "first_shown" in frame else order
    n_names = frame.loc[is_named, "annotator"].nunique()
    note = f"{n_names} judges' names say which output they saw first (/AB, /BA): first_shown has it now"
    return frame.assign(annotator=names, first_shown=shown), [note]


def both_orders_note(frame: pd.DataFrame) -> list[str]:
    """Which judges saw pairs in both orders, in a sentence; nothing if none did."""
    names = sorted(set(frame.loc[is_of_two_orders(frame), "annotator"]))
    if not names:
        return []
    return [
        f"judged in both orders: {listed(names, 5)}; first_shown tells the verdicts apart, and where one is "
        "named it is NAME/AB (output_1 first) or NAME/BA"
    ]
