"""The part of the report that is about labels: how they agree, and what the human ones are like."""

from farm.analysis.humans.agreement import NO_GRADES, LabelAgreement
from farm.analysis.humans.comparison import HumanComparison
from farm.analysis.humans.grade_counts import grade_table
from farm.analysis.humans.label_statistics import LabelStatistics
from farm.reports.page import Block, Picture, Section, Table, Text
from farm.reports.short_names import short_names
from farm.reports.text import interval_or_reason
from farm.stats.agreement.grades import GradeAgreement
from farm.stats.bootstrap import Estimate
from farm.wording import counted

AGREEMENT_PNG = "agreement.png"
_ABOUT_GRADES = (
    "Grades run from 1 (the first output) to 2 (the second). Figures of equal labels take the side of 1.5 that a grade "
    "lies on: below is the first output, above the second, 1.5 a tie."
)

_ABOUT_ORDERS = (
    "The two verdicts of a judge that saw a pair in both orders are one here, their mean; `farm judges` counts each "
    "order's verdict by itself."
)


def agreement_section(comparison: HumanComparison, pictures: frozenset[str]) -> Section:
    """How each simulated annotator agrees with the humans, and the humans among themselves."""
    judges = dict(comparison.agreement_by_annotator)
    labels = comparison.labels
    if labels is not None and labels.judges is not None:
        name = "all of them" if judges else labels.judges.annotators[0]
        judges[name] = comparison.agreement
    overall = comparison.agreement
    human_rows = (
        ("leave-one-out", "one human against the most frequent label of the others", overall.leave_one_out),
        ("S1", "two humans give the same label, ties a class", overall.human_human_s1),
        ("S2", "two humans agree where neither says tie", overall.human_human_s2),
        *_grade_rows(overall.human_human_grades, "two humans'"),
    )
    blocks: list[Block] = []
    if labels is not None and labels.humans is not None and judges:
        rows = tuple(row for name, agreement in judges.items() for row in _judge_rows(name, agreement))
        blocks += [
            Text(
                text=f"{counted(overall.n_items, 'item')} with a human and a simulated verdict, "
                f"{counted(overall.n_pairs, 'pair')} of one human and one simulated verdict."
            ),
            Table(
                header=("simulated annotator", "figure", "simulated verdict ...", "value", "n", "unparsed"),
                rows=rows,
                n_text_columns=3,
            ),
        ]
        blocks += [Text(text=_ABOUT_ORDERS)] if comparison.order_effects else []
    elif labels is not None and labels.humans is None:
        blocks.append(Text(text="There are no human labels to agree with."))
    else:
        blocks.append(Text(text="There are no simulated labels; what follows is about the humans alone."))
    if labels is not None and labels.humans is not None:
        blocks += [Text(text=_ABOUT_GRADES)] if overall.is_graded else []
        rows = tuple((name, what, interval_or_reason(e), str(e.n_total)) for name, what, e in human_rows)
        blocks += [
            Text(text="Humans among themselves, the measure for any judge:"),
            Table(header=("figure", "how often", "value", "n"), rows=rows, n_text_columns=2),
        ]
        blocks += _human_pairs(comparison)
    if AGREEMENT_PNG in pictures:
        blocks.append(Picture(file=AGREEMENT_PNG, description="Agreement figures with their intervals"))
    return Section(title="Label by label", blocks=tuple(blocks))


def _judge_rows(name: str, agreement: LabelAgreement) -> list[tuple[str, ...]]:
    figures = (
        ("raw", "is the human majority's label", agreement.raw),
        ("kappa", "the same beyond chance (Cohen)", agreement.kappa),
        ("S1", "is one human's label, ties a class", agreement.s1),
        ("S2", "is one human's label where neither says tie", agreement.s2),
        *_grade_rows(agreement.grades, "its and one human's"),
    )
    return [
        (name if k == 0 else "", label, what, interval_or_reason(e), str(e.n_total), str(e.n_unparsed))
        for k, (label, what, e) in enumerate(figures)
    ]


def _grade_rows(agreement: GradeAgreement, whose: str) -> list[tuple[str, str, Estimate]]:
    """Nothing where no label is graded."""
    if agreement.pearson.reason == NO_GRADES:
        return []
    return [
        ("Pearson", f"{whose} grades correlate", agreement.pearson),
        ("difference", f"mean distance of {whose} grades, from 0 to 1", agreement.mean_difference),
    ]


def label_statistics_section(statistics: LabelStatistics) -> Section:
    """Agreement, ties, and what the humans prefer, from their labels and nothing else."""
    rows = [
        (
            "Fleiss' kappa",
            "agreement beyond chance, three classes; n: items with two or more labels",
            statistics.fleiss_kappa,
        ),
        ("Krippendorff's alpha", "the same, labels without an order", statistics.krippendorff_alpha),
        (
            "relaxed",
            "two humans agree; a tie against a preference counts half; n: pairs of labels",
            statistics.relaxed_agreement,
        ),
        ("exact", "two humans give the same of five grades", statistics.exact_agreement),
        ("ties", "labels that are ties; n: labels", statistics.ties),
        ("longer", "prefers the longer output", statistics.prefers_longer),
        ("lists", "prefers the only output with a list", statistics.prefers_lists),
        ("first shown", "prefers what was shown first", statistics.prefers_first_shown),
        ("same acceptability", "two humans judge an output's acceptability alike", statistics.acceptability_agreement),
        *(
            (f"acceptable: {model}", "its outputs are acceptable", value)
            for model, value in statistics.acceptable.items()
        ),
    ]
    return Section(
        title="What the human labels are like",
        blocks=(
            Table(
                header=("figure", "what", "value", "n"),
                rows=tuple(
                    (name, what, interval_or_reason(value), str(value.n_total))
                    for name, what, value in rows
                    if value.n_total
                ),
                n_text_columns=2,
            ),
            *(Text(text=f"{name}: {value.reason}.") for name, _, value in rows if not value.n_total),
            *grade_table(statistics.grades),
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
    names = short_names(name for pair in comparison.human_pairs for name in (pair.first, pair.second))
    of_grades = ("Pearson", "difference") if comparison.agreement.is_graded else ()
    rows = tuple(
        (
            f"{names[pair.first]} - {names[pair.second]}",
            interval_or_reason(pair.raw),
            interval_or_reason(pair.kappa),
            *(interval_or_reason(value) for value in pair.grades[: len(of_grades)]),
            str(pair.raw.n_total),
        )
        for pair in comparison.human_pairs
    )
    return [Table(header=("two humans", "same label", "Cohen's kappa", *of_grades, "n"), rows=rows)]
