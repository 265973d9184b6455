"""How the tokens of a vocabulary are scored; what is said of large vocabularies is in the parts."""

from __future__ import annotations

from zhprep.core.registry import lookup
from zhprep.models.blocks.output import TokenOutput
from zhprep.models.blocks.outputs.adaptive import AdaptiveOutput
from zhprep.models.blocks.outputs.table import TableOutput
from zhprep.models.config import ModelConfig

OUTPUTS: dict[str, type[TokenOutput]] = {
    "table": TableOutput,
    "adaptive": AdaptiveOutput,
}


def make_output(config: ModelConfig) -> TokenOutput:
    """Return the output that ``config`` names."""
    return lookup(OUTPUTS, config.output, "output")(config)
