"""Small annotation tables for tests of the judge report."""

from farm.labels.annotation_row import AnnotationRow


def row(
    item: str,
    annotator: str,
    preference: float | None,
    *,
    dataset: str = "",
    outputs: tuple[str, str] = ("long one", "x"),
) -> AnnotationRow:
    """A verdict; annotators whose name begins with h are humans."""
    return AnnotationRow(
        item_id=item,
        dataset=dataset,
        instruction=f"Do {item}.",
        output_1=f"{outputs[0]} {item}",
        output_2=f"{outputs[1]} {item}",
        annotator=annotator,
        annotator_kind="human" if annotator.startswith("h") else "llm",
        preference=preference,
    )
