"""What stands for a row of a stream: one state, or all of its real tokens' states as one ``[B, D]``.

``mean`` and ``max`` are those of Sentence-BERT (arXiv:1908.10084 §3): the special tokens of the row are among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from zhprep.models.stream import HiddenStream


def row_states(stream: HiddenStream) -> Tensor:
    """Return the state that the body was trained to let stand for a row: of ``[CLS]``, or of the last token."""
    return stream.row_states


def mean_states(stream: HiddenStream) -> Tensor:
    """Return the mean of the states of real tokens."""
    states, real = stream.hidden_states, stream.batch.get("attention_mask")
    if real is None:
        return states.mean(1)
    weights = real.to(states.dtype)[..., None]
    return (states * weights).sum(1) / weights.sum(1)


def max_states(stream: HiddenStream) -> Tensor:
    """Return the highest of each number over the states of real tokens."""
    states, real = stream.hidden_states, stream.batch.get("attention_mask")
    if real is not None:
        states = states.masked_fill(~real[..., None], -torch.inf)
    return states.amax(1)


POOLINGS: Mapping[str, Callable[[HiddenStream], Tensor]] = {"cls": row_states, "mean": mean_states, "max": max_states}
"""By the names that sentence-transformers has for them."""
