"""Scores of all tokens by a table of vectors, and their loss: most of the work of a small model.

With a vocabulary of 21,128 the scores of one step are 40 MB and more. torch's own way (linear, cross-entropy, and back)
writes six tensors of that size; where there is nothing but float32 on a CPU, the way here writes two.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from zhprep.models.prediction import IGNORED, Prediction


def table_prediction(states: Tensor, table: Tensor, bias: Tensor | None, labels: Tensor | None) -> Prediction:
    """Return the prediction of one token of ``table`` ``[V, E]`` from each of ``states`` ``[N, E]``.

    ``bias`` is ``[V]`` or None, ``labels`` int64 ``[N]`` or None. The logits may have no gradient of their own: what is
    learnt goes through the losses.
    """
    if labels is None or not (torch.is_grad_enabled() and _plain(states)):
        return Prediction.of_classes(F.linear(states, table, bias), labels)
    losses, logits = _TableLoss.apply(states, table, bias, labels)  # type: ignore[no-untyped-call]
    return Prediction(logits, labels, losses)


def _plain(states: Tensor) -> bool:
    """Return whether ``states`` ``[N, E]`` are float32 on a CPU, with no other arithmetic asked for."""
    return (
        states.device.type == "cpu"
        and states.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
    )


class _TableLoss(torch.autograd.Function):
    """Cross-entropy of products with a table.

    The gradient of a loss with regard to the scores is the probabilities, less one at the label. Neither that one nor
    the weights of the losses are written into ``[N, V]``: they are taken off, and multiplied, on the narrow side.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, table: Tensor, bias: Tensor | None, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the losses ``[N]``, 0 where a label is ignored, and the scores ``[N, V]``."""
        scores = states @ table.T
        if bias is not None:
            scores.add_(bias)  # F.linear would write the bias first, to add the product to it
        shares = scores.softmax(-1)
        real = labels != IGNORED
        chosen = labels.where(real, 0)
        losses = _losses(scores, shares, chosen).where(real, 0.0)
        ctx.save_for_backward(states, table, shares, chosen, real)
        ctx.has_bias = bias is not None
        ctx.mark_non_differentiable(scores)
        ctx.set_materialize_grads(False)  # else the scores' gradient, which nobody reads, is written as zeros
        return losses, scores

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_losses: Tensor | None, _: None) -> tuple[Tensor | None, ...]:
        """Return the gradients of states ``[N, E]``, table ``[V, E]`` and bias ``[V]``."""
        if by_losses is None:
            return None, None, None, None
        states, table, shares, chosen, real = ctx.saved_tensors
        weights = by_losses.where(real, 0.0)
        by_states = by_table = by_bias = None
        if ctx.needs_input_grad[0]:
            by_states = (shares @ table).sub_(table[chosen]).mul_(weights[:, None])
        if ctx.needs_input_grad[1]:
            weighted = states * weights[:, None]
            by_table = (shares.T @ weighted).index_add_(0, chosen, weighted, alpha=-1)
        if ctx.has_bias and ctx.needs_input_grad[2]:
            by_bias = (weights @ shares).index_add_(0, chosen, weights, alpha=-1)
        return by_states, by_table, by_bias, None


def _losses(scores: Tensor, shares: Tensor, chosen: Tensor) -> Tensor:
    """Return the losses ``[N]`` of ``chosen`` tokens (int64 ``[N]``), whose ``shares`` ``[N, V]`` are the softmax of
    ``scores``: from the shares, without looking at all scores again, but where one is too small to be exact."""
    place = chosen[:, None]
    share = shares.gather(1, place).squeeze(1)
    losses = -share.log()
    small = share < torch.finfo(share.dtype).tiny
    if small.any():
        losses[small] = scores[small].logsumexp(-1) - scores.gather(1, place).squeeze(1)[small]
    return losses
