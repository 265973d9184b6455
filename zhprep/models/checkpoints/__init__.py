"""Model folders as Hugging Face keeps them, ``config.json`` and ``model.safetensors``: one format a family.

A model is saved in the first format that matches its parts, the last of which is our own, or in the one that the recipe
names (``format`` in ``[model]``); what is no class of transformers is never saved under the name of one. A folder is
read in the format that its ``model_type`` and its weights say.
"""

from __future__ import annotations

from zhprep.core.errors import UsageError
from zhprep.core.registry import lookup
from zhprep.models.checkpoints import (
    albert,
    bart,
    bert,
    chinesebert,
    electra,
    electra_pair,
    modernbert,
    roberta,
    t5,
    t5_gated,
    zhprep,
)
from zhprep.models.checkpoints.format import Format
from zhprep.models.config import ModelConfig

FORMATS: dict[str, Format] = {
    "chinesebert": chinesebert.FORMAT,
    "bert": bert.FORMAT,
    "roberta": roberta.FORMAT,
    "albert": albert.FORMAT,
    "modernbert": modernbert.FORMAT,
    "electra-pair": electra_pair.FORMAT,
    "electra": electra.FORMAT,
    "bart": bart.FORMAT,
    "t5": t5.FORMAT,
    "t5-gated": t5_gated.FORMAT,
    "zhprep": zhprep.FORMAT,
}


def format_of(config: ModelConfig) -> Format:
    """Return the format that a model of ``config`` is saved in.

    Raises ``UsageError`` when the one that the config names is not for a model of these parts.
    """
    if not config.format:
        return next(form for form in FORMATS.values() if form.matches(config) and not form.by_name)
    form = lookup(FORMATS, config.format, "model format")
    if not form.matches(config):
        raise UsageError(
            f"a model of these parts cannot be saved as {config.format!r}",
            hint="leave format out of [model]: then it is saved in the first format that has all its parts",
        )
    return form
