"""What every part of a model is: a module that says which columns it reads and which settings are its own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, NamedTuple

from torch import Tensor, nn

from zhprep.models.assets import Assets
from zhprep.models.config import ModelConfig

Batch = Mapping[str, Tensor]
"""Tensors by name. ``B`` rows, padded to ``L``; ``M`` masked tokens in all.

==================  ==========  =====================================================================
input_ids           int64 [B,L]  tokens, masks applied, padded
attention_mask      bool [B,L]   True on real tokens; absent when nothing is padded
token_type_ids      int64 [B,L]  segments, where the data has them
masked_positions    int64 [M]    where tokens are to be predicted, as indices into the flattened ``B*L``
masked_labels       int64 [M]    the original tokens there
next_sentence_label int64 [B]    and other labels of rows, as the objectives need them
position_ids        int64 [B,L]  positions, where they are not 0, 1, 2, … in every row
cu_seqlens          int64 [S+1]  where the sequences of packed rows begin and end, in the flattened ``B*L``;
                                 padding is a sequence of its own
keys                int64 [B]    what addresses a row's random draws in the model (:mod:`zhprep.models.draws`)
progress            float32 []   the share of the run that is done
==================  ==========  =====================================================================
"""

FED = ("keys", "progress")
"""Columns that are not of the data: the feed makes them for the models that need them."""


class TableRows(NamedTuple):
    """What the rows of a weight stand for, along its ``axis``: each a ``token`` or a ``position``, or what they are for
    one ``vocabulary`` only.

    A model that goes on from another takes them one by one (:mod:`zhprep.pretrain.initial`). Where it has
    more than the other, those that are ``made`` follow from the other's; else they stay as they are.
    """

    of: str
    axis: int = 0
    made: bool = True


class Part(nn.Module):
    """A module made from a model's config.

    ``needs`` are the columns that must be in the data, ``takes`` those that are read if they are there. ``Settings`` is
    a frozen dataclass of settings of this part alone: a recipe gives them in ``[model.NAME]``, and the part reads them
    with ``config.settings_of(NAME, Settings)``. ``rows`` has, by name, those weights that are tables of tokens or of
    positions.
    """

    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    Settings: ClassVar[type | None] = None
    rows: Mapping[str, TableRows] = MappingProxyType({})

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config

    @classmethod
    def fitted(cls, config: ModelConfig, assets: Assets) -> ModelConfig:  # noqa: ARG003
        """Return ``config`` with the sizes that this part takes from ``assets``: called once, before a run begins.

        Raises ``UsageError`` with the command to run when one is missing.
        """
        return config

    def initialise(self) -> None:
        """Draw fresh weights where they are not those of every linear layer and table; called after these are drawn."""

    def fill(self, assets: Assets) -> None:
        """Put what is known beforehand (images, spellings) into the fresh weights; called after :meth:`initialise`."""


class EmbeddingInput(Part):
    """Turns columns of a batch into a summand of the embeddings."""

    def forward(self, batch: Batch) -> Tensor:
        """Return a tensor that broadcasts to ``[B, L, E]``."""
        raise NotImplementedError
