"""The ranking under the other rules for several labels of one item, and whether they change the order of the models."""

import itertools
from collections.abc import Sequence

from farm.analysis.humans.rankings.source_ranking import ModelWinRate, SourceRanking
from farm.reports.page import Block, Section, Table, Text
from farm.reports.text import PERCENT, plus_minus
from farm.stats.ranking.label_rules import RULE_WORDS, LabelRule

N_DIGITS = 12
"""Of a win rate; what differs beyond them is rounding."""


def rules_section(sides: Sequence[SourceRanking]) -> Section | None:
    """What would be otherwise by another rule; None if no item has several labels."""
    blocks: list[Block] = []
    for side in sides:
        if side.rule is not None and side.by_rule:
            blocks += _blocks(side, side.rule)
    if not blocks:
        return None
    blocks.append(Text(text="Win rates in percent, ties one half, standard errors over instructions."))
    return Section(title="Several labels of one item", blocks=tuple(blocks))


def _blocks(side: SourceRanking, rule_in_use: LabelRule) -> list[Block]:
    orders = {rule: _order(models) for rule, models in side.by_rule.items()}
    used = orders[rule_in_use]
    others = [rule for rule in orders if rule != rule_in_use]
    differing = [rule for rule in others if orders[rule] != used]
    words = [f"{side.role}: ranked by {RULE_WORDS[rule_in_use]} (rule={rule_in_use})."]
    for rule in others:
        said = f"another order, {orders[rule]}" if rule in differing else "the same order of the models"
        words.append(f"By {RULE_WORDS[rule]} (rule={rule}): {said}.")
    if differing:
        words.insert(1, f"The order is {used}.")
    by_name = {rule: {model.model: model for model in models} for rule, models in side.by_rule.items()}
    names = sorted(by_name[rule_in_use], key=lambda name: (-(by_name[rule_in_use][name].win_rate or 0.0), name))
    header = ["model"]
    for rule in side.by_rule:
        header += [RULE_WORDS[rule], "n"]
    rows = []
    for name in names:
        row = [name]
        for rule in side.by_rule:
            model = by_name[rule][name]
            row += [plus_minus(model.win_rate, model.standard_error, PERCENT), str(model.n_total)]
        rows.append(tuple(row))
    return [Text(text=" ".join(words)), Table(header=tuple(header), rows=tuple(rows))]


def _order(models: Sequence[ModelWinRate]) -> str:
    """Names from the best on, with "=" between models of the same win rate."""
    rates = {model.model: round(model.win_rate, N_DIGITS) for model in models if model.win_rate is not None}
    names = sorted(rates, key=lambda name: (-rates[name], name))
    signs = [" = " if rates[higher] == rates[lower] else " > " for higher, lower in itertools.pairwise(names)]
    return "".join(itertools.chain.from_iterable(itertools.zip_longest(names, signs, fillvalue="")))
