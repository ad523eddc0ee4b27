"""What TRL's trainers without a reference model (ORPO, CPO) have in common: rows of whole sequences.

TRL prepends a beginning token there and merges tokens across the end of the prompt; its tokenisation is left out, so
that all methods see the same ids.
"""

from collections.abc import Sequence

from farm.methods.examples import EncodedExample, EncodedPair


def sequence_rows(pairs: Sequence[EncodedPair]) -> list[dict[str, object]]:
    """TRL's columns: ids, mask and labels of both sequences, loss on the completions only."""
    return [
        {
            # TRL looks for texts first; these are never read.
            "prompt": "",
            "chosen": "",
            "rejected": "",
            "prompt_input_ids": pair.prompt_ids,
            "prompt_attention_mask": [1] * len(pair.prompt_ids),
            **_side("chosen", EncodedExample(pair.prompt_ids, pair.chosen_ids)),
            **_side("rejected", EncodedExample(pair.prompt_ids, pair.rejected_ids)),
        }
        for pair in pairs
    ]


def _side(name: str, sequence: EncodedExample) -> dict[str, object]:
    whole = sequence.for_trainer()
    return {
        f"{name}_input_ids": whole.input_ids,
        f"{name}_attention_mask": [1] * sequence.length,
        f"{name}_labels": whole.labels,
    }
