"""The rows of AlpacaFarm's and AlpacaEval's files, and the records they stand for."""

from typing import Annotated

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, model_validator

from farm.conversation import messages_as_text
from farm.data.files.rows import DataError, Row
from farm.data.layouts.asked import AskedRow
from farm.data.layouts.outputs import row_with_output
from farm.data.layouts.pairs import ChosenPair
from farm.data.layouts.unpaired import LABEL_COLUMNS, IsDesirable
from farm.data.preference_scale import on_scale, preference_number
from farm.records import (
    Annotation,
    Comparison,
    Demonstration,
    Instruction,
    LabelledOutput,
    Output,
    Preference,
    content_key,
)

Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
"""Text that may be missing."""


class InstructionRow(AskedRow):
    """What is asked."""

    instruction: str = Field(min_length=1)
    input: Text = ""
    dataset: Text = ""

    @property
    def row_key(self) -> str:
        """Identifies the row by its contents, for draws."""
        return content_key(*self._cells(), *([messages_as_text(self.history)] if self.history else []))

    def _cells(self) -> list[str]:
        return [str(value) for value in self.model_dump(exclude={"history"}).values()]

    def as_instruction(self) -> Instruction:
        return Instruction(instruction=self.instruction, input=self.input, dataset=self.dataset, history=self.history)


class _AnsweredRow(InstructionRow):
    """With an answer, in any layout of farm/data/layouts/outputs.py."""

    output: str

    @model_validator(mode="before")
    @classmethod
    def _with_output(cls, row: Row) -> Row:
        return row_with_output(row)


class DemonstrationRow(_AnsweredRow):
    """A row to imitate."""

    source: Text = ""

    @property
    def row_key(self) -> str:
        """Draws of demonstrations have always counted the history, also where there is none."""
        return content_key(*self._cells(), messages_as_text(self.history))

    def demonstration(self) -> Demonstration:
        return Demonstration(
            instruction=self.instruction,
            input=self.input,
            output=self.output,
            source=self.source,
            dataset=self.dataset,
            history=self.history,
        )


class EvaluationRow(_AnsweredRow):
    """A held-out instruction with the reference's output."""

    generator: str = Field(min_length=1)

    def reference(self) -> Output:
        return Output(
            instruction=self.instruction,
            input=self.input,
            output=self.output,
            generator=self.generator,
            dataset=self.dataset,
            history=self.history,
        )


class UnpairedRow(_AnsweredRow):
    """An output with a label of its own."""

    label: IsDesirable = Field(validation_alias=AliasChoices(*LABEL_COLUMNS))

    def labelled_output(self) -> LabelledOutput:
        return LabelledOutput(
            instruction=self.instruction,
            input=self.input,
            output=self.output,
            is_desirable=self.label,
            dataset=self.dataset,
            history=self.history,
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
            history=self.history,
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


def pair_row(pair: ChosenPair, where: str) -> PairRow:
    """A chosen and a rejected answer as a recorded pair.

    Raises:
        DataError: an answer of several turns, which is no text to train on, or a prompt that ends with a tool's reply.
    """
    first, second, chosen = pair.sides
    if first.turns or second.turns:
        raise DataError(f"{where}: expected answers of one message to train on, got one of several turns")
    if not pair.asked.instruction.strip():
        raise DataError(f"{where}: expected a prompt that ends with the user's message, and that is not empty")
    return PairRow.model_construct(  # what is read is not taken apart once more
        instruction=pair.asked.instruction,
        input=pair.asked.input,
        history=pair.asked.history,
        output_1=first.text,
        output_2=second.text,
        preference=1.5 if pair.is_tie else float(chosen),
        generator_1=first.model,
        generator_2=second.model,
    )
