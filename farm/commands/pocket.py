"""`farm pocket build`: pretrain the pocket world's base model again."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from farm.config.compose import compose_one
from farm.config.conf_dirs import CONF_DIR
from farm.config.objects import build
from farm.plain_text import say
from farm.pocket.pretrained.build import BuildSettings
from farm.pocket.pretrained.build import build as pretrain


@dataclass(frozen=True, kw_only=True)
class BuildCommand:
    """conf/pocket_build.yaml"""

    output: Path
    """Folder of the checkpoint; renewed as training goes on."""
    scratch: Path
    """What a killed build resumes from."""
    is_compiled: bool
    """Compile the model first, which needs a C++ compiler; changes the speed only."""
    settings: BuildSettings
    """What determines the base."""


def build_base(arguments: Sequence[str]) -> int:
    """Pretrain and write the base; returns the exit code."""
    command = compose_one("pocket_build", arguments, lambda config: build(BuildCommand, config))
    logging.getLogger("farm.pocket").setLevel(logging.INFO)
    pretrain(
        command.settings,
        command.output,
        prompt_dir=CONF_DIR / "prompt" / "pocket",
        scratch_dir=command.scratch,
        is_compiled=command.is_compiled,
    )
    say(f"the base is in {command.output}; use it with model.checkpoint={command.output}")
    return 0
