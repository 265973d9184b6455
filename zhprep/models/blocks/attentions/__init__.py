"""How the attention of a batch to itself is computed: the same numbers, within rounding, for less work or memory."""

from __future__ import annotations

import torch

from zhprep.core.errors import UsageError
from zhprep.core.registry import lookup
from zhprep.models.blocks.attentions.attending import Attending, Seen, Setting
from zhprep.models.blocks.attentions.flex import BlockAttention
from zhprep.models.blocks.attentions.masks import MaskedAttention
from zhprep.models.blocks.attentions.varlen import VariableLengthAttention
from zhprep.models.config import ModelConfig

ATTENTIONS: dict[str, type[Attending]] = {
    "masks": MaskedAttention,
    "varlen": VariableLengthAttention,
    "flex": BlockAttention,
}

AUTOMATIC = "auto"
_ON_GPU = ("varlen", "flex")


def attending(name: str, seen: Seen, config: ModelConfig, *, training: bool) -> Attending:
    """Return what computes attention to what is ``seen`` in the layers of a model of ``config``.

    ``name`` is a part or ``auto``: masks on a CPU, where it is computed in groups of about one length, and on a GPU the
    first that has what is asked. Where a mask is no larger than the batch, it is what is quickest.
    """
    if not seen.is_square(config.local_attention):
        return MaskedAttention(seen)
    if name == AUTOMATIC:
        setting = Setting(seen.device, training, torch.compiler.is_compiling())
        ways = _ON_GPU if seen.device.type == "cuda" else ()
        name = next((way for way in ways if not ATTENTIONS[way].lacks(config, setting)), "masks")
    return lookup(ATTENTIONS, name, "attention")(seen)


def check_attention(name: str, config: ModelConfig, setting: Setting) -> None:
    """Raise ``UsageError`` when a model of ``config`` cannot be trained in ``setting`` with this attention."""
    if name == AUTOMATIC:
        return
    if lack := lookup(ATTENTIONS, name, "attention").lacks(config, setting):
        raise UsageError(f"--attention {name} has no {lack}", hint="leave it to auto, or take masks, which has all")
