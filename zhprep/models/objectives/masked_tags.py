"""Tags of masked words (LERT, arXiv:2211.05344): what a tagger said of a word, told from what is around it.

As in ``run_pretraining.py`` of ymcui/LERT a linear layer stands on the state that the masked token is told from, after
the transform of its head, and tags are predicted where tokens are: in masked places alone. What has no tag is passed
over. How many tags there are is said by ``tags.json``, which ``make-instances`` puts beside the data.
"""

from __future__ import annotations

import dataclasses
import json
from typing import ClassVar

from torch import Tensor, nn

from zhprep.core.config import setting
from zhprep.core.errors import DataError, UsageError
from zhprep.models.assets import Assets
from zhprep.models.blocks.part import Batch
from zhprep.models.config import ModelConfig
from zhprep.models.objectives.objective import Objective, masked_places
from zhprep.models.prediction import IGNORED, Prediction
from zhprep.models.stream import HiddenStream

MADE_BY = "zhprep make-instances … --tags FILE"


@dataclasses.dataclass(frozen=True, kw_only=True)
class TagSettings:
    """How many tags there are."""

    n_tags: int = setting(0, "tags of the kind; those of the data if 0", minimum=0)


class MaskedTags(Objective):
    """The tag of every masked position that has one, by a column of tags (0: none) that is the only one of ``needs``.

    No input of a model reads such a column: what is to be predicted is nowhere in what it sees.
    """

    labels = ("masked_labels",)
    behind = "mlm"
    kind: ClassVar[str]
    Settings = TagSettings

    @classmethod
    def fitted(cls, config: ModelConfig, assets: Assets) -> ModelConfig:
        """Return ``config`` with the number of tags that the data have.

        Raises ``UsageError`` for data without tags, ``DataError`` for data without those of this kind.
        """
        sets = json.loads(assets.path("tags.json", made_by=MADE_BY).read_bytes())["tags"]
        if cls.kind not in sets:
            raise DataError(f"tags.json has no tags of the kind {cls.kind!r}", hint=f"it has {', '.join(sets)}")
        return config.with_settings(cls.needs[0], TagSettings(n_tags=len(sets[cls.kind])))

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.output = nn.Linear(config.table_size, config.settings_of(self.needs[0], TagSettings).n_tags)

    def count(self, batch: Batch) -> int:
        """Return the number of masked tokens that have a tag."""
        return int((self._labels(batch) != IGNORED).sum())

    def reads_at(self, batch: Batch, rows: Tensor) -> Tensor:  # noqa: ARG002
        """Return those of masked tokens."""
        return masked_places(batch)

    def forward(self, stream: HiddenStream) -> Prediction:
        """Return logits ``[M, n_tags]`` of the masked tokens.

        Raises ``UsageError`` when no masked tokens were predicted in the stream before.
        """
        if "masked_states" not in stream.found:
            raise UsageError(f"{self.needs[0]} stands on the states of mlm", hint="let both read the same stream")
        asked = "masked_labels" not in stream.batch or self.needs[0] not in stream.batch
        return Prediction.of_classes(
            self.output(stream.found["masked_states"]), None if asked else self._labels(stream.batch)
        )

    def _labels(self, batch: Batch) -> Tensor:
        """Return the tags of the masked places from 0, int64 ``[M]``."""
        tags = batch[self.needs[0]].flatten()[batch["masked_positions"]]
        return (tags - 1).masked_fill((tags == 0) | (batch["masked_labels"] == IGNORED), IGNORED)

    def multiply_adds(self, masked_share: float) -> float:
        """Return those of the output, for the masked share of the tokens only."""
        return masked_share * self.output.weight.numel()
