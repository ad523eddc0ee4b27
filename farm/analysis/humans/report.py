"""The one-page report of a comparison with humans; every figure stands with its n and its interval."""

from farm.analysis.humans.comparison import HumanComparison
from farm.analysis.humans.orders import order_section
from farm.analysis.humans.outliers import outlier_section
from farm.analysis.humans.rankings.rules import rules_section
from farm.analysis.humans.rankings.source_ranking import ModelWinRate, SourceRanking
from farm.analysis.humans.report_labels import agreement_section, label_statistics_section
from farm.analysis.humans.report_rankings import (
    by_annotator_section,
    correlation_section,
    inverted_text,
    own_ranking_section,
    pairs_section,
)
from farm.labels.label_table import LabelTable
from farm.reports.page import Block, Bullets, Page, Picture, Section, Table, Text
from farm.reports.short_names import short_names
from farm.reports.text import MISSING, NO_NOISE, PERCENT, PERCENT_SIGN, interval_or_reason, plus_minus
from farm.stats.ranking.model_ranking import RankedModel
from farm.wording import counted, listed

RANKINGS_PNG = "rankings.png"
MOST_NAMED = 40
"""Annotators of one side who are named."""


def human_page(comparison: HumanComparison, pictures: frozenset[str]) -> Page:
    """The report.

    Args:
        comparison: what was found.
        pictures: the names of the PNGs that were drawn.
    """
    sections = [_summary(comparison)]
    if comparison.labels is not None:
        sections.append(agreement_section(comparison, pictures))
    if comparison.humans is not None or comparison.simulated is not None:
        sections += [_models_section(comparison, pictures), correlation_section(comparison)]
        rules = rules_section([side for side in (comparison.humans, comparison.simulated) if side is not None])
        sections += [] if rules is None else [rules]
        if comparison.ranking.pairs:
            sections.append(pairs_section(comparison, pictures))
    if comparison.order_effects:
        sections.append(order_section(comparison.order_effects))
    if comparison.annotator_rankings:
        sections.append(by_annotator_section(comparison))
    if comparison.label_statistics is not None:
        sections.append(label_statistics_section(comparison.label_statistics))
    if comparison.screening is not None:
        sections.append(outlier_section(comparison.screening, "humans"))
    for side in (comparison.humans, comparison.simulated):
        if side is not None and side.ranking is not None:
            sections.append(own_ranking_section(side, side.ranking))
    sections += _who_section(comparison)
    if comparison.notes:
        sections.append(Section(title="What was left out", blocks=tuple(Text(text=note) for note in comparison.notes)))
    return Page(title="Simulated annotators against humans", sections=tuple(sections))


def _summary(comparison: HumanComparison) -> Section:
    """The answer first, then what it rests on."""
    labels = comparison.labels
    sources: list[str] = []
    for role, side, table in (
        ("humans", comparison.humans, None if labels is None else labels.humans),
        ("simulated", comparison.simulated, None if labels is None else labels.judges),
    ):
        if table is not None:
            sources.append(_source_of_labels(role, side, table, len(set(labels.instruction_keys)) if labels else 0))
        elif side is not None:
            sources.append(_source_of_standings(role, side))
        else:
            sources.append(f"{role}: nothing was given.")
    return Section(
        title="In short",
        blocks=(
            *(Text(text=sentence) for sentence in _answers(comparison)),
            Bullets(lines=tuple(sources)),
            Text(text=_about_figures(comparison)),
        ),
    )


def _about_figures(comparison: HumanComparison) -> str:
    sides = [side for side in (comparison.humans, comparison.simulated) if side is not None]
    words = f"Square brackets are 95% intervals, +- is one standard error. {NO_NOISE}"
    has_win_rates = comparison.labels is not None or any(side.is_win_rate for side in sides)
    return f"{words} Ties count one half." if has_win_rates else words


def _answers(comparison: HumanComparison) -> list[str]:
    """How the rankings and the labels agree, as far as there are two of each."""
    raw, ranking = comparison.agreement.raw, comparison.ranking
    spearman = ranking.on_win_rates.spearman.estimate
    sentences = []
    if spearman.value is not None:
        correlation = (
            f"The two rankings of {spearman.n_total} models correlate at {interval_or_reason(spearman)} (Spearman)"
        )
        sentences.append(f"{correlation}; {inverted_text(ranking)}.")
    if raw.value is not None:
        people = comparison.agreement.leave_one_out
        sentences.append(
            f"A simulated verdict is the human majority's in {interval_or_reason(raw, PERCENT_SIGN)} of {raw.n_total}; "
            f"one human is the other humans' majority in {interval_or_reason(people, PERCENT_SIGN)} of "
            f"{people.n_total}."
        )
    return sentences


def _source_of_labels(role: str, side: SourceRanking | None, table: LabelTable, n_instructions: int) -> str:
    source = "" if side is None else f" ({side.source})"
    return (
        f"{role}{source}: {counted(len(table.annotators), 'annotator')}, "
        f"{counted(table.n_verdicts, 'verdict')} on {counted(len(table.labels), 'item')} from "
        f"{counted(n_instructions, 'instruction')}, {table.n_unparsed:,} unparsed."
    )


def _source_of_standings(role: str, side: SourceRanking) -> str:
    seeds = f", {counted(len(side.seeds), 'training seed')}" if side.seeds else ""
    return f"{role}: published figures of {counted(len(side.models), 'model')}{seeds}: {side.source}."


def _who_section(comparison: HumanComparison) -> list[Section]:
    """The annotators by name, hashed ones shortened."""
    labels = comparison.labels
    if labels is None:
        return []
    tables = {role: table for role, table in (("humans", labels.humans), ("simulated", labels.judges)) if table}
    lines = tuple(
        f"{role}: {listed(short_names(table.annotators).values(), MOST_NAMED)}" for role, table in tables.items()
    )
    return [Section(title="Who labelled", blocks=(Bullets(lines=lines),))]


def _models_section(comparison: HumanComparison, pictures: frozenset[str]) -> Section:
    sides = [side for side in (comparison.humans, comparison.simulated) if side is not None]
    by_name = [{model.model: model for model in side.models} for side in sides]
    ranks = [_rank_texts(side) for side in sides]
    knows_n = any(model.n_total is not None for side in sides for model in side.models)
    knows_training = bool(comparison.is_trained_in_lab)
    header = ["model"]
    for side in sides:
        name = side.role if side.is_win_rate else f"{side.role}, {side.figure}"
        header += [name, "n"] if knows_n else [name]
    header += [f"rank, {side.role}" for side, texts in zip(sides, ranks, strict=True) if texts]
    header += ["trained in the lab"] if knows_training else []
    rows = []
    for name in comparison.all_models:
        row = [name]
        for side, models in zip(sides, by_name, strict=True):
            row += [_rate(side, models.get(name))] + ([_count(models.get(name))] if knows_n else [])
        row += [texts.get(name, "-") for texts in ranks if texts]
        row += [{True: "yes", False: "no", None: "?"}[comparison.is_trained_in_lab.get(name)]] if knows_training else []
        rows.append(tuple(row))
    blocks: list[Block] = [
        Table(header=tuple(header), rows=tuple(rows)),
        Text(text=_about_models(sides, knows_n=knows_n)),
    ]
    if RANKINGS_PNG in pictures:
        are_win_rates = all(side.is_win_rate for side in sides)
        figures = "Win rates" if are_win_rates else "Figures"
        description = f"{figures} of both sides against each other" if len(sides) > 1 else f"{figures} of the models"
        blocks.append(Picture(file=RANKINGS_PNG, description=description))
    return Section(title="Models", blocks=tuple(blocks))


def _about_models(sides: list[SourceRanking], *, knows_n: bool) -> str:
    words = []
    references = sorted({side.ranking.reference for side in sides if side.ranking and side.ranking.reference})
    if references:
        words.append(f"Win rates are against {', '.join(references)}, which is part of every comparison.")
    if any(side.ranking is not None for side in sides):
        words.append(
            f"n: {_counted_labels(sides)}; win rates in percent, "
            "standard errors over instructions. A rank is 1 + the number of models that are significantly better (95%, "
            "pair by pair); in brackets the best and the worst rank."
        )
    if not knows_n:
        words.append("The published figures do not say how many verdicts they rest on.")
    published = "n: verdicts, as published"
    roles = [side.role for side in sides if side.is_win_rate]
    if roles:
        published += f"; win rates{'' if len(roles) == len(sides) else f' of {roles[0]}'} in percent"
    return " ".join(words) or f"{published}."


def _counted_labels(sides: list[SourceRanking]) -> str:
    rules = {side.rule for side in sides}
    if "votes" in rules:
        return "labels, of which all count"
    if "first_label" in rules:
        return "items (the first label of an item counts)"
    is_graded = any(side.ranking is not None and side.ranking.is_graded for side in sides)
    graded = ", or of graded ones the mean," if is_graded else ""
    return f"items (of several annotators the most frequent label of an item{graded} counts)"


def _rank_texts(side: SourceRanking) -> dict[str, str]:
    if side.ranking is None:
        return {}
    return {m.model: _rank(m) for m in side.ranking.models}


def _rank(model: RankedModel) -> str:
    return "-" if model.rank_low is None else f"{model.rank_low} [{model.rank_low}, {model.rank_high}]"


def _rate(side: SourceRanking, model: ModelWinRate | None) -> str:
    if model is None:
        return "-"
    if side.is_win_rate:
        return plus_minus(model.win_rate, model.standard_error, PERCENT)
    if model.win_rate is None:
        return MISSING
    return f"{model.win_rate:g}" + ("" if model.standard_error is None else f" +- {model.standard_error:.3g}")


def _count(model: ModelWinRate | None) -> str:
    if model is None:
        return "-"
    return "?" if model.n_total is None else str(model.n_total)
