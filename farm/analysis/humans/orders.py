"""What the order of presentation does to judges that saw pairs in both orders: their verdicts order by order.

Elsewhere the two verdicts count as one (`farm.labels.presented_orders.orders_folded`).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from farm.labels.presented_orders import is_of_two_orders
from farm.reports.page import Section, Table, Text
from farm.reports.text import interval_or_reason
from farm.stats.agreement.by_annotator import three_classes
from farm.stats.bias.position import OrderEffect, order_effect
from farm.stats.bootstrap import Resampling

_ABOUT = (
    "Everywhere else the two verdicts of a judge on a pair are one, their mean. Here each is read as first, tie or "
    "second (a grade by the side of the tie); n: pairs with both."
)


def order_effects(frame: pd.DataFrame, *, resampling: Resampling) -> dict[str, OrderEffect]:
    """By judge, in alphabetical order; empty if none saw a pair in both orders.

    Args:
        frame: an annotation table, whose items show their outputs in one order.
        resampling: draws the items.
    """
    effects = {}
    for name, rows in frame[is_of_two_orders(frame)].groupby("annotator"):
        by_order = rows.pivot(index="item_id", columns="first_shown", values="preference")
        is_both = rows.groupby("item_id").size() == 2
        first, second = (three_classes(by_order.loc[is_both, k].to_numpy(dtype=np.float64)) for k in (1, 2))
        effects[str(name)] = order_effect(first, second, name=str(name), resampling=resampling)
    return effects


def order_section(effects: Mapping[str, OrderEffect]) -> Section:
    """How each judge's verdicts depend on the order."""
    rows: list[tuple[str, ...]] = []
    for name, effect in effects.items():
        figures = (
            ("the same verdict in both orders", effect.consistency),
            ("the opposite output in the other order", effect.reversal),
            ("whatever is shown first, both times", effect.first_both_times),
            ("whatever is shown second, both times", effect.second_both_times),
        )
        rows += [
            (name if k == 0 else "", what, interval_or_reason(value), str(value.n_total), str(value.n_unparsed))
            for k, (what, value) in enumerate(figures)
        ]
    header = ("judge", "gives ...", "value", "n", "unparsed")
    return Section(
        title="Judges in both orders",
        blocks=(Table(header=header, rows=tuple(rows), n_text_columns=2), Text(text=_ABOUT)),
    )
