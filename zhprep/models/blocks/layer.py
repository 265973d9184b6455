"""The seams inside a body: what a layer and a stack of layers are."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from torch import Tensor, nn

from zhprep.models.blocks.attention import AttentionContext
from zhprep.models.blocks.attentions import AUTOMATIC
from zhprep.models.blocks.norms import make_norm
from zhprep.models.blocks.part import Batch, Part
from zhprep.models.config import ModelConfig
from zhprep.models.dropout import Dropout


class Layer(Part):
    """One layer, number ``index`` from the bottom."""

    def __init__(self, config: ModelConfig, index: int = 0) -> None:
        super().__init__(config)
        self.index = index

    @property
    def n_left_out(self) -> int:
        """How many of its weights act on places one by one at its end: not on those that nobody reads."""
        return 0

    def forward(self, hidden_states: Tensor, context: AttentionContext) -> Tensor:
        """Return hidden states ``[B, L, D]``."""
        raise NotImplementedError


class LayerStack(Part):
    """Layers one after the other; which of them share weights is for the kinds of stacks to say.

    Where layers normalise before their blocks, a norm at the end is the stack's.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.layers = nn.ModuleList(self.make_layers(config))
        self.final_norm = make_norm(config) if config.norm_position == "pre" else None
        self.final_dropout = Dropout(config.inner_dropout)
        self.attention = AUTOMATIC

    def context_of(self, batch: Batch, *, causal: bool = False) -> AttentionContext:
        """Return what the layers attend to in ``batch``, by the attention that is set (:data:`ATTENTIONS`)."""
        return AttentionContext.of(batch, self.config, causal=causal, way=self.attention, training=self.training)

    def make_layers(self, config: ModelConfig) -> list[Layer]:
        """Return the layers that have weights, from the bottom."""
        raise NotImplementedError

    def sequence(self) -> Sequence[nn.Module]:
        """Return the layers in the order in which states go through them; one may come more than once."""
        return list(self.layers)

    def forward(
        self, hidden_states: Tensor, context: AttentionContext, *, all_layers: bool = False, read: Tensor | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the states after the last layer ``[B, L, D]``, and with ``all_layers`` those given and those after
        every layer (the last one normalised).

        Where only the states at the places ``read`` (int64 ``[W]``, ascending, in the flattened ``B*L``) will be read,
        the last layer may leave others zero.
        """
        states = context.taken(hidden_states)
        seen = [states]
        *lower, last = self.sequence()
        for layer in lower:
            states = layer(states, context)
            if all_layers:
                seen.append(states)
        states = last(states, context.reading_at(read))
        if all_layers:
            seen.append(states)
        if self.final_norm is not None:
            seen[-1] = states = self.final_dropout(self.final_norm(states))
        return context.put_back(states), tuple(map(context.put_back, seen)) if all_layers else ()

    def multiply_adds(self, length: int) -> float:
        """Return the products per token of rows of ``length``: one for each weight on the way, and those of attention.

        A layer of local attention is counted with its window."""
        config, total, weights = self.config, 0.0, self._n_weights
        for index in range(len(self.sequence())):
            local = config.local_attention and index % config.global_attn_every_n_layers
            seen = min(length, config.local_attention) if local else length
            total += weights + 2 * seen * config.num_attention_heads * config.head_width
        return total

    @functools.cached_property
    def n_left_out(self) -> int:
        """The products that the last layer saves for each place that nobody reads."""
        return int(self.sequence()[-1].n_left_out)  # type: ignore[arg-type]

    @functools.cached_property
    def _n_weights(self) -> int:
        """The weights of a layer, counted once: batches have a length for each of their sequences."""
        return sum(weight.numel() for weight in self.layers[0].parameters())  # one of several may be lent some
