"""What TRL's trainers without a reference model (ORPO, CPO) have in common: rows of whole sequences.

TRL prepends a beginning token there and merges tokens across the end of the prompt; its tokenisation is left out, so
that all methods see the same ids.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from transformers import Trainer, TrainingArguments

from farm.methods.examples import EncodedExample, EncodedPair, encode_pairs
from farm.methods.method import TrainingInputs
from farm.methods.trl.training import (
    TrainingJob,
    dataset_of,
    in_training_order,
    load_policy_to_train,
    run_trainer,
    save_trained,
    training_arguments,
)
from farm.models.checkpoint import load_tokenizer


def train_on_sequences(
    job: TrainingJob,
    inputs: TrainingInputs,
    *,
    config: Callable[..., TrainingArguments],
    trainer: Callable[..., Trainer],
    **own: object,
) -> Path:
    """Train the SFT policy on the pairs; returns the new checkpoint, the job's output folder.

    Args:
        job: how.
        inputs: the SFT policy and the pairs.
        config: TRL's configuration class.
        trainer: TRL's trainer without its tokenisation.
        own: what only this configuration has, under TRL's names.
    """
    assert inputs.sft is not None
    tokenizer = load_tokenizer(inputs.sft.checkpoint)
    pairs = in_training_order(encode_pairs(inputs.model, tokenizer, inputs.pairs), job)
    longest = max(pair.length for pair in pairs)
    policy = load_policy_to_train(inputs.sft.checkpoint, job)
    running = trainer(
        model=policy,
        args=training_arguments(config, job, len(pairs), max_length=longest, **own),
        train_dataset=dataset_of(sequence_rows(pairs)),
        processing_class=tokenizer,
    )
    run_trainer(running, job)
    return save_trained(policy, tokenizer, job)


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
