"""By what instructions of different files are the same: their texts, with the input where it stands by itself."""

from farm.records import content_key


def merged_key(instruction: str, input: str) -> str:
    """The same for an instruction with its input merged into it (AlpacaEval's files), and for other blanks."""
    return content_key(" ".join(f"{instruction}\n\n{input}".split()))
