"""The embedding of the characters that a token is written with (arXiv:1905.05526 §3.1: hybrid models of words and
characters): a convolution over them, the largest value of each channel.

How a token is written follows from the vocabulary, so that data need no column for it; a special token, the unknown one
too, has no characters. The paper does not say how wide its convolution is: sizes here are ours.
"""

from __future__ import annotations

import dataclasses

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhprep.core.config import setting
from zhprep.models.assets import Assets
from zhprep.models.blocks.part import Batch, EmbeddingInput, TableRows
from zhprep.models.config import ModelConfig
from zhprep.vocab import Vocabulary
from zhprep.vocab.matching import spelling_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class CharacterSettings:
    """How characters are read."""

    character_size: int = setting(64, "width of the vector of a character", minimum=1)
    kernel: int = setting(3, "characters that a channel sees at once", minimum=1)
    longest: int = setting(8, "characters of a token that are read, from its beginning", minimum=1)
    n_characters: int = setting(0, "distinct characters; those of the vocabulary if 0", minimum=0)


class CharactersInput(EmbeddingInput):
    """One vector per token from its characters. A batch of more tokens than there are entries reads each entry once."""

    needs = ("input_ids",)
    Settings = CharacterSettings
    spelt: Tensor

    @classmethod
    def fitted(cls, config: ModelConfig, assets: Assets) -> ModelConfig:
        """Return ``config`` with the number of characters that the vocabulary is written with."""
        given = config.settings_of("characters", CharacterSettings)
        n_characters = len(alphabet_of(assets.tokens))
        return config.with_settings("characters", dataclasses.replace(given, n_characters=n_characters))

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        own = config.settings_of("characters", CharacterSettings)
        self.table = nn.Embedding(own.n_characters + 1, own.character_size)
        self.convolution = nn.Conv1d(own.character_size, config.table_size, own.kernel, padding=own.kernel // 2)
        self.register_buffer("spelt", torch.zeros(config.vocab_size, own.longest, dtype=torch.int64))
        self.rows = {"spelt": TableRows("vocabulary"), "table.weight": TableRows("vocabulary")}

    def fill(self, assets: Assets) -> None:
        """Put in how each entry is written: numbers from 1 of its characters, then 0."""
        vocabulary = assets.tokens
        numbers = {character: number for number, character in enumerate(alphabet_of(vocabulary), 1)}
        for id_, text in enumerate(texts_of(vocabulary)):
            written = [numbers[character] for character in text[: self.spelt.shape[1]]]
            self.spelt[id_, : len(written)] = torch.tensor(written, dtype=torch.int64)

    def forward(self, batch: Batch) -> Tensor:
        """Return ``[B, L, E]``."""
        ids = batch["input_ids"]
        if ids.numel() > len(self.spelt):
            return F.embedding(ids, self.read(self.spelt))
        return self.read(self.spelt[ids.flatten()]).view(*ids.shape, -1)

    def read(self, spelt: Tensor) -> Tensor:
        """Return the vectors ``[N, E]`` of tokens that are written as ``spelt`` ``[N, longest]``; zeros where there are
        no characters."""
        heard = self.convolution(self.table(spelt).transpose(1, 2))[..., : spelt.shape[1]]
        none = (spelt == 0)[:, None]
        largest: Tensor = heard.masked_fill(none, -torch.inf).amax(-1)
        return largest.masked_fill(none.all(-1), 0.0)


def texts_of(vocabulary: Vocabulary) -> list[str]:
    """Return what each entry is written with; nothing for special tokens and free slots."""
    spelt = [spelling_of(token, vocabulary.kind) for token in vocabulary.tokens]
    special = vocabulary.is_special.tolist()
    return ["" if one is None or none else one[0] for one, none in zip(spelt, special, strict=True)]


def alphabet_of(vocabulary: Vocabulary) -> list[str]:
    """Return the distinct characters of the entries, sorted."""
    return sorted({character for text in texts_of(vocabulary) for character in text})
