"""A checkpoint does not choose code from the hub."""

from pathlib import Path

import pytest

from farm.models.checkpoint_files.builtin_code import BUILT_IN, check_builtin_code
from farm.models.checkpoint_files.errors import CheckpointError

FILE = Path("config.json")


@pytest.mark.parametrize(
    "settings",
    [
        {"_attn_implementation": "evil/kernel"},
        {"attn_implementation": "evil/kernel@main:forward"},
        {"_attn_implementation_internal": "paged|evil/kernel"},
        {"attn_implementation": {"text_config": "evil/kernel"}},
        {"attn_implementation": ["evil/kernel"]},
        {"attn_implementation": 5},
        {"attn_implementation": "flash_attention_2"},
        {"text_config": {"_attn_implementation": "evil/kernel"}},
        {"parts": [{"experts_implementation": "evil/kernel"}]},
        {"use_kernels": True},
        {"text_config": {"kernel_config": {"RMSNorm": "evil/kernel:RMSNorm"}}},
    ],
)
def test_code_from_elsewhere_is_refused_by_name(settings: dict[str, object]) -> None:
    with pytest.raises(CheckpointError, match=r"^config.json: `[a-z_]+` .*this is refused"):
        check_builtin_code(FILE, settings)


def test_what_transformers_has_built_in_passes() -> None:
    for name in (None, *BUILT_IN):
        check_builtin_code(FILE, {"_attn_implementation": name, "text_config": {"attn_implementation": {"": name}}})
    check_builtin_code(FILE, {"use_kernels": False, "kernel_config": None, "conv_kernel": 4, "kernel_size": 3})
