"""The pocket world as a dataset: splits disjoint by text, demonstrations by two writers, an expert as the reference."""

import random
from dataclasses import dataclass
from typing import ClassVar

from farm.config.checks import check_fields
from farm.data.dataset import Splits
from farm.pocket.language.drafts import draw_evaluation_request, draw_training_request
from farm.pocket.language.tasks import Request
from farm.pocket.language.writers import EXPERT, SLOPPY, write
from farm.records import Demonstration, Instruction, Output
from farm.seeds import derive_seed

MAX_INSTRUCTIONS = 50_000
"""In one split: so many for evaluation take 40 s to draw, for the grammar repeats itself ever more."""
_COUNTS = ("n_demonstrations", "n_preference", "n_unlabeled", "n_evaluation", "n_validation")
_Text = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class PocketDataset:
    """Draws its splits from the world's grammar (`farm.data.dataset.Dataset`)."""

    key_name: ClassVar[str] = "PocketDataset"

    name: str
    """Name of the dataset."""
    n_demonstrations: int
    """Demonstrations for supervised fine-tuning."""
    n_preference: int
    """Instructions on which answers are compared."""
    n_unlabeled: int
    """Instructions for methods that draw their own answers."""
    n_evaluation: int
    """Evaluation instructions, half of them held-out combinations of topic and constraint."""
    n_validation: int
    """Instructions on which checkpoints are chosen; of the kind that training has, and not in training."""
    expert_share: float
    """Share of the demonstrations that the expert writes; the sloppy writer writes the others."""
    seed: int
    """Every draw is keyed by it."""

    def __post_init__(self) -> None:
        check_fields(
            self,
            at_least={**dict.fromkeys(_COUNTS, 0), "n_demonstrations": 1, "n_evaluation": 1, "expert_share": 0},
            at_most={**dict.fromkeys(_COUNTS, MAX_INSTRUCTIONS), "expert_share": 1},
        )

    def lacking(self) -> dict[str, str]:
        """Nothing: it is drawn."""
        return {}

    def load(self) -> Splits:
        """Draw the splits. No text is in two of them, and training never sees a held-out combination."""
        used: set[_Text] = set()
        evaluation = self._evaluation_requests(used)
        demonstrations = self._training_requests("demonstrations", self.n_demonstrations, used)
        preference = self._training_requests("preference", self.n_preference, used)
        unlabeled = self._training_requests("unlabeled", self.n_unlabeled, used)
        # Last, so that its size moves no other split.
        validation = self._training_requests("validation", self.n_validation, used)
        return Splits(
            demonstrations=[self._demonstration(request) for request in demonstrations],
            preference=[self._instruction(request) for request in preference],
            unlabeled=[self._instruction(request) for request in unlabeled],
            evaluation=[self._reference(request) for request in evaluation],
            validation=[self._instruction(request) for request in validation],
        )

    def _training_requests(self, split: str, n_requests: int, used: set[_Text]) -> list[Request]:
        rng = self._rng(split)
        requests: list[Request] = []
        while len(requests) < n_requests:
            _add_unused(draw_training_request(rng), requests, used)
        return requests

    def _evaluation_requests(self, used: set[_Text]) -> list[Request]:
        rng = self._rng("evaluation")
        requests: list[Request] = []
        while len(requests) < self.n_evaluation:
            _add_unused(draw_evaluation_request(rng, is_held_out=len(requests) % 2 == 0), requests, used)
        return requests

    def _demonstration(self, request: Request) -> Demonstration:
        rng = self._rng("demonstration", request)
        source, habits = ("expert", EXPERT) if rng.random() < self.expert_share else ("sloppy", SLOPPY)
        return Demonstration(
            instruction=request.instruction,
            input=request.input,
            output=write(request.task, habits, rng),
            source=source,
            dataset=self.name,
        )

    def _instruction(self, request: Request) -> Instruction:
        return Instruction(instruction=request.instruction, input=request.input, dataset=self.name)

    def _reference(self, request: Request) -> Output:
        return Output(
            instruction=request.instruction,
            input=request.input,
            output=write(request.task, EXPERT, self._rng("reference", request)),
            generator="expert",
            dataset=f"{self.name} {'held-out combinations' if request.task.is_held_out else 'unseen texts'}",
        )

    def _rng(self, purpose: str, request: Request | None = None) -> random.Random:
        key = f"{request.instruction}\x1f{request.input}" if request else ""
        return random.Random(derive_seed(self.seed, f"pocket {purpose}", key))


def _add_unused(request: Request, requests: list[Request], used: set[_Text]) -> None:
    text = (request.instruction, request.input)
    if text not in used:
        used.add(text)
        requests.append(request)
