"""The embedding of how a token sounds: its letters and tone under a convolution (ChineseBERT, arXiv:2106.16038 §3.2).

The data say which syllable a token is (``pinyin_ids``); how it is spelt is known from the inventory of syllables.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from zhprep.models.blocks.part import Batch, EmbeddingInput
from zhprep.models.config import ModelConfig
from zhprep.pinyin.syllables import LETTERS, spellings

LETTER_SIZE = 128
"""Width of a letter's vector (``pinyin_embedding.py``)."""


class PinyinInput(EmbeddingInput):
    """One vector per syllable: 8 letters, a convolution over two at a time, the largest value of each channel.

    What has no syllable (special tokens, words, what is masked) is spelt with 8 paddings, whose vector is learned.
    """

    needs = ("pinyin_ids",)
    spellings: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.letters = nn.Embedding(len(LETTERS), LETTER_SIZE)
        self.convolution = nn.Conv1d(LETTER_SIZE, config.table_size, kernel_size=2)
        table = torch.from_numpy(spellings().astype(np.int64))
        self.register_buffer("spellings", table, persistent=False)

    def forward(self, batch: Batch) -> Tensor:
        """Return ``[B, L, E]``. A batch of more tokens than there are syllables reads each syllable once."""
        syllables: Tensor = batch["pinyin_ids"]
        if syllables.numel() > len(self.spellings):
            return nn.functional.embedding(syllables, self.read(self.spellings))
        return self.read(self.spellings[syllables.flatten()]).view(*syllables.shape, -1)

    def read(self, spelt: Tensor) -> Tensor:
        """Return the vectors ``[N, E]`` of syllables that are ``spelt`` ``[N, 8]``."""
        heard: Tensor = self.convolution(self.letters(spelt).transpose(1, 2))
        return heard.amax(-1)
