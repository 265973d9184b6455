"""What a model is made of and how large it is: one frozen record, from a recipe's ``[model]`` section and a size."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from zhprep.core import config as settings
from zhprep.core.config import setting
from zhprep.core.errors import UsageError

Settings = TypeVar("Settings")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The parts of a model by name, and its sizes, in the terms of transformers. The defaults are BERT-base
    (arXiv:1810.04805).

    What only one part knows is not here but in ``parts``: a table of settings for each part that has any, checked
    against the part's own ``Settings`` (:mod:`zhprep.models.recipe`).
    """

    inputs: tuple[str, ...] = setting(("token", "position", "segment"), "what the embeddings are made of")
    embeddings: str = setting("sum", "how the inputs become embeddings")
    body: str = setting("single", "which streams of hidden states there are, and what gives them")
    stack: str = setting("separate", "which layers have weights of their own")
    layer: str = setting("transformer", "what a layer is")
    objectives: tuple[str, ...] = setting(
        ("mlm", "next_sentence"), "what the model is trained on; OBJECTIVE:STREAM for another stream than its own"
    )
    objective_weights: tuple[float, ...] = setting((), "weight of each objective in the loss; 1 each if empty")
    objective_rise: tuple[float, ...] = setting(
        (), "steps, or a share of all if below 1, in which each objective's weight rises from nothing; 0 has it at once"
    )
    vocab_size: int = setting(21128, "number of token ids", minimum=1)
    num_hidden_layers: int = setting(12, "number of layers", minimum=1)
    hidden_size: int = setting(768, "width of the hidden states", minimum=1)
    embedding_size: int = setting(0, "width of the embeddings; 0 is that of the hidden states", minimum=0)
    num_attention_heads: int = setting(12, "number of attention heads", minimum=1)
    head_size: int = setting(0, "width of an attention head; 0 is hidden_size shared by the heads", minimum=0)
    intermediate_size: int = setting(3072, "width inside the feed-forward block", minimum=1)
    max_position_embeddings: int = setting(512, "longest sequence", minimum=1)
    type_vocab_size: int = setting(2, "number of segment types", minimum=1)
    hidden_dropout: float = setting(0.1, "dropout after embeddings and blocks", minimum=0, maximum=1)
    attention_dropout: float = setting(0.1, "dropout on attention weights", minimum=0, maximum=1)
    inner_dropout: float = setting(
        0.0, "dropout inside feed-forward blocks and after a norm at the end", minimum=0, maximum=1
    )
    norm: str = setting("layer", "what normalises the hidden states")
    norm_position: str = setting(
        "post", "after the residual, or before each block and at the end", choices=("post", "pre")
    )
    embedding_norm: bool = setting(True, "normalise the embeddings")
    layer_norm_eps: float = setting(1e-12, "epsilon of the norms", minimum=0)
    activation: str = setting("gelu", "what is between the products of a feed-forward block; …glu are gated")
    bias: bool = setting(True, "linear layers and norms have biases")
    rotary_theta: float = setting(0.0, "base of rotary positions in attention; 0 has none", minimum=0)
    local_rotary_theta: float = setting(0.0, "base in layers of local attention; 0 is rotary_theta", minimum=0)
    local_attention: int = setting(0, "width of the window of local attention; 0 has none", minimum=0)
    global_attn_every_n_layers: int = setting(1, "with local attention: every so many layers see all", minimum=1)
    attention_scale: float = setting(0.0, "factor on attention scores; 0 is 1/sqrt(width of a head)", minimum=0)
    cross_attention: bool = setting(False, "layers also attend to another stream (set by the body)")
    vocabulary: str = setting("", "folder beside the main vocabulary that has the tokens of a stream (set by the body)")
    output: str = setting("table", "how tokens are scored: by the token table, or in classes of rarer ones (adaptive)")
    sampled_tokens: int = setting(
        0, "with output table: tokens drawn beside the right one, for the loss in training; 0 scores all", minimum=0
    )
    initializer_range: float = setting(
        0.02,
        "standard deviation of fresh weights; 0 is that of unit variance: 1 in tables, else by what goes in",
        minimum=0,
    )
    format: str = setting("", "format that the model is saved in; by its parts if empty")
    parts: dict[str, Any] = dataclasses.field(
        default_factory=dict, metadata={"help": "settings of single parts: a table [model.PART] for each"}
    )

    def __post_init__(self) -> None:
        if not self.head_size and self.hidden_size % self.num_attention_heads:
            raise UsageError(
                f"hidden_size {self.hidden_size} cannot be shared by {self.num_attention_heads} heads",
                hint="make it a multiple",
            )
        for name in ("objective_weights", "objective_rise"):
            given = getattr(self, name)
            if given and len(given) != len(self.objectives):
                raise UsageError(
                    f"{len(given)} {name} for {len(self.objectives)} objectives",
                    hint="give one per objective, in the same order, or none",
                )

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each named objective in the total loss."""
        return dict(zip(self.objectives, self.objective_weights or [1.0] * len(self.objectives), strict=True))

    @property
    def rise(self) -> dict[str, float]:
        """The steps, or below 1 the share of all, in which the weight of each named objective rises."""
        return dict(zip(self.objectives, self.objective_rise or [0.0] * len(self.objectives), strict=True))

    @property
    def table_size(self) -> int:
        """The width of the token table."""
        return self.embedding_size or self.hidden_size

    @property
    def head_width(self) -> int:
        """The width of an attention head."""
        return self.head_size or self.hidden_size // self.num_attention_heads

    def settings_of(self, part: str, kind: type[Settings]) -> Settings:
        """Return the settings of ``part``, those of ``[model.PART]`` over the defaults of ``kind``.

        Raises ``UsageError`` for one that ``kind`` does not have.
        """
        return settings.build(kind, self.parts.get(part, {}), where=f"[model.{part}]")

    def with_settings(self, part: str, values: Any) -> ModelConfig:
        """Return this config with the dataclass ``values`` as the settings of ``part``."""
        return dataclasses.replace(self, parts={**self.parts, part: settings.as_dict(values)})


def _size(num_hidden_layers: int, hidden_size: int) -> dict[str, int]:
    return {
        "num_hidden_layers": num_hidden_layers, "hidden_size": hidden_size,
        "num_attention_heads": hidden_size // 64, "intermediate_size": 4 * hidden_size,
    }  # fmt: skip


SIZES: dict[str, dict[str, Any]] = {
    "tiny": _size(2, 128),
    "mini": _size(4, 256),
    "small": _size(4, 512),
    "base": _size(12, 768),
    "large": _size(24, 1024),
}
"""Layers and widths of Google's BERT miniatures (arXiv:1908.08962), base and large; heads are 64 wide."""
