"""The rows of AlpacaFarm's and AlpacaEval's files, and the records they stand for."""

from typing import Annotated

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field

from farm.data.files.rows import FileRow
from farm.data.preference_scale import on_scale, preference_number
from farm.records import Annotation, Comparison, Demonstration, Instruction, Output, Preference, content_key

Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
"""Text that may be missing."""


class InstructionRow(FileRow):
    """What is asked."""

    instruction: str = Field(min_length=1)
    input: Text = ""
    dataset: Text = ""

    @property
    def text_key(self) -> str:
        """The same for an instruction with its input merged into it, as AlpacaEval's files have it."""
        return content_key(" ".join(f"{self.instruction}\n\n{self.input}".casefold().split()))

    @property
    def row_key(self) -> str:
        """Identifies the row by its contents, for draws."""
        return content_key(*(str(value) for value in self.model_dump().values()))

    def as_instruction(self) -> Instruction:
        return Instruction(instruction=self.instruction, input=self.input, dataset=self.dataset)


class DemonstrationRow(InstructionRow):
    """A row to imitate."""

    output: str
    source: Text = ""
    history: Text = ""
    """Earlier turns of a conversation; such rows make no sense alone."""

    def demonstration(self) -> Demonstration:
        return Demonstration(
            instruction=self.instruction,
            input=self.input,
            output=self.output,
            source=self.source,
            dataset=self.dataset,
        )


class EvaluationRow(InstructionRow):
    """A held-out instruction with the reference's output."""

    output: str
    generator: str = Field(min_length=1)

    def reference(self) -> Output:
        return Output(
            instruction=self.instruction,
            input=self.input,
            output=self.output,
            generator=self.generator,
            dataset=self.dataset,
        )


def _given(value: float | None) -> float | None:
    on_scale(value)
    return value


class PairRow(InstructionRow):
    """Two outputs and a recorded preference."""

    output_1: str
    output_2: str
    preference: Annotated[float | None, BeforeValidator(preference_number), AfterValidator(_given)]
    raw_preference: float | None = Field(default=None, ge=1, le=4)
    """The crowd workers' four classes: 1 and 2 for output_1, 3 and 4 for output_2, the middle ones "slightly"."""
    annotator: Text = ""
    generator_1: Text = Field(default="", validation_alias=AliasChoices("generator_1", "model_1"))
    generator_2: Text = Field(default="", validation_alias=AliasChoices("generator_2", "model_2"))

    def comparison(self) -> Comparison:
        return Comparison(
            instruction=self.instruction,
            input=self.input,
            output_1=self.output_1,
            output_2=self.output_2,
            generator_1=self.generator_1,
            generator_2=self.generator_2,
            dataset=self.dataset,
        )

    def annotation(self, annotator: str) -> Annotation:
        """The recorded verdict. The files do not say which output was shown first, nor the verdict before any noise.

        Args:
            annotator: who labelled, where the row does not say.
        """
        value = on_scale(self.preference)
        is_soft = value is not None and value not in (1, 1.5, 2)
        hard = None if value is None else Preference.of_number(value)
        raw = self.preference if self.raw_preference is None else self.raw_preference
        return Annotation(
            comparison_key=self.comparison().key,
            annotator=annotator,
            judge=self.annotator or annotator,
            first_shown=1,
            clean_preference=hard,
            preference=hard,
            is_noised=False,
            p_first=2 - value if is_soft and value is not None else None,
            raw_reply="" if raw is None else f"{raw:g}",
            unparsed_reason="" if hard else "no verdict in the file",
        )
