"""What a report says of annotators who do not look at what they label."""

from farm.reports.page import Block, Section, Table, Text
from farm.reports.short_names import short_names
from farm.stats.bias.outliers import MIN_SHARED, Flag, Screening
from farm.wording import counted, listed

_MEANING = {
    "random": "votes at random: agrees with others no better than chance",
    "contrary": "votes against the others: agrees less than by chance (are its outputs swapped?)",
    "first": "nearly always the output shown first",
    "second": "nearly always the output shown second",
    "output_1": "nearly always output_1 (which output was shown first is not recorded)",
    "output_2": "nearly always output_2 (which output was shown first is not recorded)",
    "tie": "nearly always a tie",
    "longer": "nearly always the longer output",
    "shorter": "nearly always the shorter output",
    "drift": "agreement with others changed from the first half to the second",
    "one label": "all labels are the same, and nobody else labelled these items to compare with",
}
_ON_THE_SAME = {"drift": "first half", "random": "among the others", "contrary": "among the others"}
MAX_NAMES = 10


def outlier_section(screening: Screening, role: str) -> Section:
    """A section of a report: who is flagged and why, and what could not be looked at.

    Args:
        screening: of the annotators of one kind.
        role: whom they are, e.g. "humans".
    """
    rate = f"{100 * screening.alpha:g}%"
    blocks: list[Block] = []
    if screening.flags:
        n_flagged = len({flag.annotator for flag in screening.flags})
        blocks += [
            Text(
                text=f"{n_flagged} of {counted(screening.n_annotators, 'annotator')} flagged. If all were alike, the "
                f"chance of any flag at all would be at most {rate} ({screening.n_tests} tests, Holm's correction). "
                "Shares are of the annotator's labels; for random votes and drift they are of agreement with others."
            ),
            Table(
                header=("annotator", "suspicion", "share", "others", "labels", "p"),
                rows=tuple(_row(flag) for flag in screening.flags),
                n_text_columns=2,
            ),
        ]
    else:
        blocks.append(
            Text(
                text=f"Nobody of {counted(screening.n_annotators, 'annotator')} is flagged as voting at random, "
                "always for the same side, always for the longer or shorter output, or as drifting "
                f"({screening.n_tests} tests; if all are alike the chance of any flag is at most {rate})."
            )
        )
    few = tuple(name for name in screening.untested if name not in screening.incomparable)
    reasons = {
        "nobody else labelled the same items, or others of the same models": screening.incomparable,
        "their labels beside those of others are too few, or all alike": few,
    }
    for reason, names in reasons.items():
        if names:
            listing = listed(short_names(names).values(), MAX_NAMES)
            blocks.append(Text(text=f"Not tested, for {reason}: {listing}."))
    barely = tuple(name for name in screening.barely_shared if name not in screening.untested)
    if barely:
        blocks.append(
            Text(
                text=f"With fewer than {MIN_SHARED} labels on items that others labelled too, voting at random would "
                f"hardly be noticed: {listed(short_names(barely).values(), MAX_NAMES)}."
            )
        )
    return Section(title=f"Do the {role} look at what they label?", blocks=tuple(blocks))


def _row(flag: Flag) -> tuple[str, ...]:
    others = "-" if flag.expected is None else f"{flag.expected:.3f}"
    if flag.expected is not None and flag.kind in _ON_THE_SAME:
        others += f" ({_ON_THE_SAME[flag.kind]})"
    p_value = "not tested" if flag.p_value is None else "< 0.0001" if flag.p_value < 1e-4 else f"{flag.p_value:.4f}"
    return flag.annotator, _MEANING[flag.kind], f"{flag.share:.3f}", others, str(flag.n_labels), p_value
