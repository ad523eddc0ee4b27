from farm.analysis.humans.orders import order_effects, order_section
from farm.labels.annotation_table import annotation_table
from farm.reports.page import Page, markdown
from farm.stats.bootstrap import Resampling
from tests.labels.label_rows import row


def test_the_two_verdicts_of_a_judge_are_compared_order_by_order() -> None:
    # By item: what "a" says where output_1 is shown first, and where output_2 is. 1.4 is of the class of 1.
    said = {"1": (1, 1.4), "2": (1, 2), "3": (2, 1), "4": (1, 1.5), "5": (1, None)}
    rows = [
        row(item, "a", preference).model_copy(update={"first_shown": shown})
        for item, verdicts in said.items()
        for shown, preference in enumerate(verdicts, start=1)
    ]
    rows += [row("6", "a", 1).model_copy(update={"first_shown": 1}), row("1", "b", 2)]
    effects = order_effects(annotation_table(rows, where=()), resampling=Resampling(seed=0, n_resamples=50))
    assert set(effects) == {"a"}
    values = {name: (value.value, value.n_total, value.n_unparsed) for name, value in effects["a"]._asdict().items()}
    assert values == {
        "consistency": (0.25, 4, 1),
        "conflict": (0.75, 4, 1),
        "reversal": (0.5, 4, 1),
        "first_both_times": (0.25, 4, 1),
        "second_both_times": (0.25, 4, 1),
    }
    page = markdown(Page(title="t", sections=(order_section(effects),)))
    assert "| a     | the same verdict in both orders" in page


def test_without_two_orders_there_is_nothing_to_compare() -> None:
    frame = annotation_table([row("1", "a", 1).model_copy(update={"first_shown": 1}), row("2", "h1", 1)], where=())
    assert order_effects(frame, resampling=Resampling(seed=0, n_resamples=5)) == {}
