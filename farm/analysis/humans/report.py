"""The one-page report of a comparison with humans; every figure stands with its n and its interval."""

from farm.analysis.humans.agreement import LabelAgreement
from farm.analysis.humans.comparison import HumanComparison
from farm.analysis.humans.label_statistics import HumanHabits
from farm.analysis.humans.outliers import outlier_section
from farm.analysis.humans.rankings import Side, SideModel
from farm.analysis.humans.report_rankings import (
    correlation_section,
    one_by_one_section,
    own_ranking_section,
    pairs_section,
)
from farm.labels.matched import LabelTable
from farm.reports.page import Block, Page, Picture, Section, Table, Text, listed, percent
from farm.reports.text import interval
from farm.stats.bootstrap import Estimate
from farm.stats.ranking.model_ranking import RankedModel

AGREEMENT_PNG, RANKINGS_PNG = "agreement.png", "rankings.png"


def human_page(comparison: HumanComparison, pictures: frozenset[str]) -> Page:
    """The report.

    Args:
        comparison: what was found.
        pictures: the names of the PNGs that were drawn.
    """
    sections = [_summary(comparison)]
    if comparison.labels is not None:
        sections.append(_agreement_section(comparison, pictures))
    if comparison.humans is not None or comparison.simulated is not None:
        sections += [_models_section(comparison, pictures), correlation_section(comparison)]
        if comparison.ranking.pairs:
            sections.append(pairs_section(comparison, pictures))
    if comparison.alone:
        sections.append(one_by_one_section(comparison))
    if comparison.habits is not None:
        sections.append(_habits_section(comparison.habits))
    if comparison.screening is not None:
        sections.append(outlier_section(comparison.screening, "humans"))
    for side in (comparison.humans, comparison.simulated):
        if side is not None and side.ranking is not None:
            sections.append(own_ranking_section(side, side.ranking))
    if comparison.notes:
        sections.append(Section(title="What was left out", blocks=tuple(Text(text=note) for note in comparison.notes)))
    return Page(title="Simulated annotators against humans", sections=tuple(sections))


def _summary(comparison: HumanComparison) -> Section:
    blocks: list[Block] = []
    labels = comparison.labels
    for role, side, table in (
        ("humans", comparison.humans, None if labels is None else labels.humans),
        ("simulated", comparison.simulated, None if labels is None else labels.judges),
    ):
        if table is not None:
            blocks.append(
                Text(text=_source_of_labels(role, side, table, len(set(labels.instruction_keys) if labels else ())))
            )
        elif side is not None:
            blocks.append(Text(text=_source_of_standings(role, side)))
        else:
            blocks.append(Text(text=f"{role}: nothing was given."))
    raw, spearman = comparison.agreement.raw, comparison.ranking.on_win_rates.spearman.estimate
    if raw.value is not None:
        blocks.append(
            Text(
                text=f"A simulated verdict is the human majority's in {_share(raw)} of {raw.n_total}; one human is the "
                f"other humans' majority in {_share(comparison.agreement.leave_one_out)} of "
                f"{comparison.agreement.leave_one_out.n_total}."
            )
        )
    if spearman.value is not None:
        blocks.append(
            Text(text=f"The two rankings of {spearman.n_total} models correlate at {interval(spearman)} (Spearman).")
        )
    blocks.append(Text(text="Square brackets are 95% intervals, +- is one standard error. Ties count one half."))
    return Section(title="In short", blocks=tuple(blocks))


def _source_of_labels(role: str, side: Side | None, table: LabelTable, n_instructions: int) -> str:
    source = "" if side is None else f" ({side.source})"
    return (
        f"{role}{source}: {len(table.annotators)} annotator{'' if len(table.annotators) == 1 else 's'} "
        f"({listed(table.annotators)}), {table.n_verdicts} verdicts on {len(table.labels)} items from {n_instructions} "
        f"instructions, {table.n_unparsed} unparsed."
    )


def _source_of_standings(role: str, side: Side) -> str:
    seeds = f", {side.n_seeds} training seeds" if side.n_seeds else ""
    return f"{role}: published figures of {len(side.models)} models{seeds}: {side.source}."


def _share(value: Estimate) -> str:
    if value.value is None:
        return f"- ({value.reason})"
    if value.low is None or value.high is None:
        return f"{100 * value.value:.1f}% ({value.reason})"
    return f"{100 * value.value:.1f}% [{100 * value.low:.1f}, {100 * value.high:.1f}]"


def _agreement_section(comparison: HumanComparison, pictures: frozenset[str]) -> Section:
    judges = dict(comparison.by_annotator)
    labels = comparison.labels
    if labels is not None and labels.judges is not None:
        name = "all of them" if judges else labels.judges.annotators[0]
        judges[name] = comparison.agreement
    found = comparison.agreement
    human_rows = (
        ("leave-one-out", "one human against the most frequent label of the others", found.leave_one_out),
        ("S1", "two humans give the same label, ties a class", found.human_human_s1),
        ("S2", "two humans agree where neither says tie", found.human_human_s2),
    )
    blocks: list[Block] = []
    if labels is not None and labels.humans is not None and judges:
        rows = tuple(row for name, agreement in judges.items() for row in _judge_rows(name, agreement))
        blocks += [
            Text(
                text=f"{found.n_items} items with a human and a simulated verdict, {found.n_pairs} pairs of one human "
                "and one simulated verdict."
            ),
            Table(
                header=("simulated annotator", "figure", "simulated verdict ...", "value", "n", "unparsed"),
                rows=rows,
                n_text_columns=3,
            ),
        ]
    elif labels is not None and labels.humans is None:
        blocks.append(Text(text="There are no human labels to agree with."))
    else:
        blocks.append(Text(text="There are no simulated labels; what follows is about the humans alone."))
    if labels is not None and labels.humans is not None:
        rows = tuple((name, what, interval(e), str(e.n_total)) for name, what, e in human_rows)
        blocks += [
            Text(text="Humans among themselves, the measure for any judge:"),
            Table(header=("figure", "how often", "value", "n"), rows=rows, n_text_columns=2),
        ]
        blocks += _human_pairs(comparison)
    if AGREEMENT_PNG in pictures:
        blocks.append(Picture(file=AGREEMENT_PNG, description="Agreement figures with their intervals"))
    return Section(title="Label by label", blocks=tuple(blocks))


def _judge_rows(name: str, found: LabelAgreement) -> list[tuple[str, ...]]:
    figures = (
        ("raw", "is the human majority's label", found.raw),
        ("kappa", "the same beyond chance (Cohen)", found.kappa),
        ("S1", "is one human's label, ties a class", found.s1),
        ("S2", "is one human's label where neither says tie", found.s2),
    )
    return [
        (name if k == 0 else "", label, what, interval(e), str(e.n_total), str(e.n_unparsed))
        for k, (label, what, e) in enumerate(figures)
    ]


def _habits_section(habits: HumanHabits) -> Section:
    rows = [
        (
            "Fleiss' kappa",
            "agreement beyond chance, three classes; n: items with two or more labels",
            habits.fleiss_kappa,
        ),
        ("Krippendorff's alpha", "the same, labels without an order", habits.krippendorff_alpha),
        (
            "relaxed",
            "two humans agree; a tie against a preference counts half; n: pairs of labels",
            habits.relaxed_agreement,
        ),
        ("exact", "two humans give the same of five grades", habits.exact_agreement),
        ("ties", "labels that are ties; n: labels", habits.ties),
        ("longer", "prefers the longer output", habits.prefers_longer),
        ("lists", "prefers the only output with a list", habits.prefers_lists),
        ("first shown", "prefers what was shown first", habits.prefers_first_shown),
        ("same acceptability", "two humans judge an output's acceptability alike", habits.acceptability_agreement),
        *((f"acceptable: {model}", "its outputs are acceptable", value) for model, value in habits.acceptable.items()),
    ]
    return Section(
        title="What the human labels are like",
        blocks=(
            Table(
                header=("figure", "what", "value", "n"),
                rows=tuple(
                    (name, what, interval(value), str(value.n_total)) for name, what, value in rows if value.n_total
                ),
                n_text_columns=2,
            ),
            *(Text(text=f"{name}: {value.reason}.") for name, _, value in rows if not value.n_total),
        ),
    )


def _human_pairs(comparison: HumanComparison) -> list[Block]:
    if not comparison.human_pairs:
        n_humans = (
            0
            if comparison.labels is None or comparison.labels.humans is None
            else len(comparison.labels.humans.annotators)
        )
        return [Text(text=f"The pairs of the {n_humans} humans are not listed one by one.")] if n_humans > 2 else []
    rows = tuple(
        (f"{pair.first} - {pair.second}", interval(pair.raw), interval(pair.kappa), str(pair.raw.n_total))
        for pair in comparison.human_pairs
    )
    return [Table(header=("two humans", "same label", "Cohen's kappa", "n"), rows=rows)]


def _models_section(comparison: HumanComparison, pictures: frozenset[str]) -> Section:
    sides = [side for side in (comparison.humans, comparison.simulated) if side is not None]
    by_name = [{model.model: model for model in side.models} for side in sides]
    ranks = [_rank_texts(side) for side in sides]
    knows_n = any(model.n_total is not None for side in sides for model in side.models)
    knows_training = bool(comparison.is_trained_in_lab)
    header = ["model"]
    for side in sides:
        header += [side.role, "n"] if knows_n else [side.role]
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
        description = "Win rates of both sides against each other" if len(sides) > 1 else "Win rates with intervals"
        blocks.append(Picture(file=RANKINGS_PNG, description=description))
    return Section(title="Models", blocks=tuple(blocks))


def _about_models(sides: list[Side], *, knows_n: bool) -> str:
    words = []
    references = sorted({side.ranking.reference for side in sides if side.ranking and side.ranking.reference})
    if references:
        words.append(f"Win rates are against {', '.join(references)}, which is part of every comparison.")
    if any(side.ranking is not None for side in sides):
        words.append(
            "n: items (of several annotators the most frequent label of an item counts); win rates in percent, "
            "standard errors over instructions. A rank is 1 + the number of models that are significantly better (95%, "
            "pair by pair); in brackets the best and the worst rank."
        )
    if not knows_n:
        words.append("The published figures do not say how many verdicts they rest on.")
    return " ".join(words) or "n: verdicts, as published; win rates in percent."


def _rank_texts(side: Side) -> dict[str, str]:
    if side.ranking is None:
        return {}
    return {m.model: _rank(m) for m in side.ranking.models}


def _rank(model: RankedModel) -> str:
    return "-" if model.rank_low is None else f"{model.rank_low} [{model.rank_low}, {model.rank_high}]"


def _rate(side: Side, model: SideModel | None) -> str:
    if model is None:
        return "-"
    if side.is_win_rate:
        return percent(model.win_rate, model.standard_error)
    return "-" if model.win_rate is None else f"{model.win_rate:g}"


def _count(model: SideModel | None) -> str:
    if model is None:
        return "-"
    return "?" if model.n_total is None else str(model.n_total)
