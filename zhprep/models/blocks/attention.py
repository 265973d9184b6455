"""Attention (arXiv:1706.03762 §3.2): to a stream itself or to another one, and what it may see.

What may be seen is made once per batch (:class:`AttentionContext`) and read by every layer.
Shapes: B rows, L positions, D hidden size, H heads, d width of a head (D/H unless ``head_size`` says otherwise).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhprep.models.blocks.attentions import AUTOMATIC, attending
from zhprep.models.blocks.attentions.attending import Attending, AttentionCall, Seen, sequence_numbers
from zhprep.models.blocks.attentions.masks import MaskedAttention
from zhprep.models.blocks.grouped_attention import RealTokens, grouped_attention, real_tokens_of
from zhprep.models.blocks.part import Batch, Part
from zhprep.models.config import ModelConfig

Rotation = tuple[Tensor, Tensor]
"""Cosines and sines of the angles of every position, each ``[1 or B, 1, L, d]``."""


@dataclasses.dataclass(frozen=True)
class AttentionContext:
    """What the positions of a batch may attend to, and what computes it.

    ``way`` knows what each may see. ``rotations`` are by their base. ``cross`` is what cross-attention reads,
    ``[B, K, D]``, and ``cross_mask`` ``[B, 1, 1, K]``. ``tokens`` says where the real tokens are, if layers are to be
    computed on these alone: states are then ``[N, D]`` of them, not ``[B, L, D]``. Where ``whole`` is True, a token
    sees its whole sequence and nothing else, with no bias. ``read`` are the only places (int64 ``[W]``, among those
    that are computed on) whose states anybody reads after the layer that is given this.
    """

    way: Attending
    rotations: Mapping[float, Rotation] = dataclasses.field(default_factory=dict)
    cross: Tensor | None = None
    cross_mask: Tensor | None = None
    tokens: RealTokens | None = None
    whole: bool = False
    read: Tensor | None = None

    @classmethod
    def of(
        cls, batch: Batch, config: ModelConfig, *, causal: bool = False, way: str = AUTOMATIC, training: bool = False
    ) -> AttentionContext:
        """Return the context of ``batch``: its padding, the borders of packed sequences and the rotations that the
        layers of ``config`` need; with ``causal`` nothing sees what comes after it. ``way`` names what computes it."""
        seen = Seen.of(batch, causal=causal)
        made = attending(way, seen, config, training=training)
        thetas = {config.rotary_theta, config.local_rotary_theta} - {0.0}
        places = position_ids(batch) if thetas else None
        turns = {theta: rotation(places, config.head_width, theta) for theta in thetas if places is not None}
        tokens = None
        if made.on_real_tokens and seen.device.type == "cpu" and not torch.compiler.is_compiling():
            heads = config.num_attention_heads
            tokens = real_tokens_of(seen.real, batch["input_ids"].shape, seen.borders, heads)
        return cls(made, turns, tokens=tokens, whole=not causal)

    @property
    def causal(self) -> bool:
        """Whether nothing sees what comes after it."""
        return self.way.seen.causal

    def taken(self, states: Tensor) -> Tensor:
        """Return states as a stack computes on them, ``[N, D]`` or the same, from those of the batch, ``[B, L, D]``."""
        return states if self.tokens is None else self.tokens.taken(states)

    def put_back(self, states: Tensor) -> Tensor:
        """Return states of the batch ``[B, L, D]``, from these or from those of its real tokens, ``[N, D]``."""
        return states if self.tokens is None or states.ndim == 3 else self.tokens.put_back(states)

    def reading_at(self, places: Tensor | None) -> AttentionContext:
        """Return this context for a layer whose states are read at ``places`` of the batch alone (int64 ``[W]``,
        ascending, in the flattened ``B*L``), or at all."""
        if places is not None and self.tokens is not None:
            places = self.tokens.numbers(places)
        return self if places is self.read else dataclasses.replace(self, read=places)

    def on_read(self, function: Callable[[Tensor], Tensor], states: Tensor) -> Tensor:
        """Return ``function`` of the states that are read, each by itself; zeros in the places of others."""
        if self.read is None:
            return function(states)
        flat = states if states.ndim == 2 else states.flatten(0, 1)
        made = function(flat.index_select(0, self.read))
        all_places = made.new_zeros(len(flat), made.shape[1]).index_copy(0, self.read, made)
        return all_places.view(*states.shape[:-1], made.shape[1])

    def like(self, states: Tensor, made: Tensor) -> Tensor:
        """Return ``made`` ``[B, L, D]`` of the same places as ``states``: all of them, or real tokens."""
        return made if states.ndim == 3 else self.taken(made)

    def reading(self, states: Tensor, batch: Batch) -> AttentionContext:
        """Return this context with ``states`` ``[B, K, D]`` of ``batch`` to be read by cross-attention."""
        real = batch.get("attention_mask")
        return dataclasses.replace(self, cross=states, cross_mask=None if real is None else real[:, None, None, :])

    def biased(self, bias: Tensor) -> AttentionContext:
        """Return this context with ``bias``, ``[1 or B, H, L, L]``, added to the scores of what may be seen."""
        return dataclasses.replace(self, way=MaskedAttention(self.way.seen, bias), whole=False)


def position_ids(batch: Batch) -> Tensor:
    """Return the position of each token in its sequence: ``[B, L]`` where the batch says or is packed, else ``[L]``."""
    shape = batch["input_ids"].shape
    if "position_ids" in batch:
        return batch["position_ids"]
    place = torch.arange(shape[1], device=batch["input_ids"].device)
    if "cu_seqlens" not in batch:
        return place
    flat = torch.arange(shape.numel(), device=place.device).view(shape)
    begins = F.pad(batch["cu_seqlens"], (1, 0))[sequence_numbers((shape[0], shape[1]), batch["cu_seqlens"])]
    return flat - begins


def rotation(positions: Tensor, width: int, theta: float) -> Rotation:
    """Return cosines and sines for rotary positions (RoFormer, arXiv:2104.09864), in the order of transformers: the
    two halves of a head are rotated against each other."""
    rates = 1.0 / theta ** (torch.arange(0, width, 2, device=positions.device) / width)
    angles = positions[..., None] * rates
    angles = torch.cat([angles, angles], -1).view(-1, 1, positions.shape[-1], width)
    return angles.cos(), angles.sin()


def rotated(states: Tensor, by: Rotation) -> Tensor:
    """Return ``states`` ``[B, H, L, d]`` turned by the angles of their positions."""
    cosines, sines = by
    first, second = states.chunk(2, -1)
    turned: Tensor = states * cosines + torch.cat([-second, first], -1) * sines
    return turned.to(states.dtype)


class Attention(Part):
    """Multi-head attention: what its kinds have in common."""

    output: nn.Linear

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.n_heads = config.num_attention_heads
        self.inner_size = self.n_heads * config.head_width
        self.attention_dropout = config.attention_dropout
        self.scale = config.attention_scale or None

    def initialise(self) -> None:
        """Make fresh queries of unit variance smaller where scores are not (arXiv:1910.10683; Mesh TensorFlow)."""
        if not self.config.initializer_range and self.scale:
            with torch.no_grad():
                self.queries.mul_((self.config.head_width**-0.5) / self.scale)

    @property
    def queries(self) -> Tensor:
        """The weights that make queries, ``[H·d, D]``."""
        raise NotImplementedError

    def heads_of(self, states: Tensor, n_parts: int) -> tuple[Tensor, ...]:
        """Return ``n_parts`` products that lie side by side in ``states`` ``[B, L, n·H·d]``, each ``[B, H, L, d]``."""
        n_rows, length, width = states.shape
        parts = states.view(n_rows, length, n_parts, self.n_heads, width // n_parts // self.n_heads)
        return parts.permute(2, 0, 3, 1, 4).unbind(0)

    @property
    def dropped(self) -> float:
        """The share of the weights of attention that is dropped now."""
        return self.attention_dropout if self.training else 0.0


class SelfAttention(Attention):
    """Attention to the stream itself, with one product for queries, keys and values.

    ``index`` is the number of the layer, which decides whether it sees all or a window.
    """

    def __init__(self, config: ModelConfig, index: int = 0) -> None:
        super().__init__(config)
        self.window = config.local_attention if index % config.global_attn_every_n_layers else 0
        self.theta = (config.local_rotary_theta if self.window else 0.0) or config.rotary_theta
        self.qkv = nn.Linear(config.hidden_size, 3 * self.inner_size, bias=config.bias)
        self.output = nn.Linear(self.inner_size, config.hidden_size, bias=config.bias)

    @property
    def queries(self) -> Tensor:
        """Those of the fused product that come first."""
        return self.qkv.weight[: self.inner_size]

    def forward(self, hidden_states: Tensor, context: AttentionContext) -> Tensor:
        """Return the shape of ``hidden_states``: ``[B, L, D]``, or ``[N, D]`` of real tokens."""
        qkv = self.qkv(hidden_states)
        if context.tokens is not None and self._in_groups(qkv, context):
            seen = grouped_attention(qkv, context.tokens.groups, self.n_heads, scale=self.scale, dropout=self.dropped)
        else:
            seen = context.like(qkv, self._in_rows(context.put_back(qkv), context))
        attended: Tensor = self.output(seen)
        return attended

    def _in_groups(self, qkv: Tensor, context: AttentionContext) -> bool:
        """Return whether ``qkv`` ``[N, 3·H·d]`` are of real tokens, in float32, that see their sequence and no more."""
        plain = qkv.ndim == 2 and qkv.dtype == torch.float32
        return plain and context.whole and not (self.window or self.theta)

    def _in_rows(self, qkv: Tensor, context: AttentionContext) -> Tensor:
        """Return what each position takes, ``[B, L, H·d]``, from ``qkv`` ``[B, L, 3·H·d]``."""
        query, key, value = self.heads_of(qkv, 3)
        if self.theta:
            by = context.rotations[self.theta]
            query, key = rotated(query, by), rotated(key, by)
        seen = context.way.attend(query, key, value, AttentionCall(self.window, self.scale, self.dropped))
        return seen.transpose(1, 2).flatten(2)


class CrossAttention(Attention):
    """Attention to ``context.cross``."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.query = nn.Linear(config.hidden_size, self.inner_size, bias=config.bias)
        self.kv = nn.Linear(config.hidden_size, 2 * self.inner_size, bias=config.bias)
        self.output = nn.Linear(self.inner_size, config.hidden_size, bias=config.bias)

    @property
    def queries(self) -> Tensor:
        """Those of the product of their own."""
        return self.query.weight

    def forward(self, hidden_states: Tensor, context: AttentionContext) -> Tensor:
        """Return the shape of ``hidden_states``: ``[B, L, D]``, or ``[N, D]`` of real tokens."""
        assert context.cross is not None
        queries = self.query(hidden_states)
        (query,) = self.heads_of(context.put_back(queries), 1)
        key, value = self.heads_of(self.kv(context.cross), 2)
        seen = F.scaled_dot_product_attention(
            query, key, value, attn_mask=context.cross_mask, dropout_p=self.dropped, scale=self.scale
        )
        attended: Tensor = self.output(context.like(queries, seen.transpose(1, 2).flatten(2)))
        return attended
