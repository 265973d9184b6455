"""A plain ChineseBERT, from the paper and the names of its authors' code: what ours is compared with.

It has every weight that ``GlyceBertForMaskedLM`` of ShannonAI/ChineseBert has, under its name, and takes 8 letters a
token. The layers of BERT are those of transformers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Letters(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(32, 128)
        self.conv = nn.Conv1d(128, width, 2)

    def forward(self, letters: Tensor) -> Tensor:
        rows, length, _ = letters.shape
        heard = self.conv(self.embedding(letters.flatten(0, 1)).permute(0, 2, 1))
        return nn.functional.max_pool1d(heard, heard.shape[-1]).view(rows, length, -1)


class Pictures(nn.Module):
    def __init__(self, n_tokens: int, n_values: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_tokens, n_values)


class Fusion(nn.Module):
    def __init__(self, config, n_values: int) -> None:
        super().__init__()
        width = config.hidden_size
        self.word_embeddings = nn.Embedding(config.vocab_size, width, padding_idx=0)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, width)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, width)
        self.pinyin_embeddings = Letters(width)
        self.glyph_embeddings = Pictures(config.vocab_size, n_values)
        self.glyph_map = nn.Linear(n_values, width)
        self.map_fc = nn.Linear(3 * width, width)
        self.LayerNorm = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.register_buffer("position_ids", torch.arange(config.max_position_embeddings)[None])

    def forward(self, ids: Tensor, letters: Tensor, segments: Tensor) -> Tensor:
        pictures = self.glyph_map(self.glyph_embeddings.embedding(ids))
        fused = self.map_fc(torch.cat([self.word_embeddings(ids), self.pinyin_embeddings(letters), pictures], 2))
        places = self.position_embeddings(self.position_ids[:, : ids.shape[1]])
        return self.LayerNorm(fused + places + self.token_type_embeddings(segments))


class PlainChineseBert(nn.Module):
    """Logits of every token: ``[B, L, V]``."""

    def __init__(self, config, n_values: int) -> None:
        super().__init__()
        from transformers.models.bert import modeling_bert as bert

        config._attn_implementation = "eager"
        self.bert = nn.Module()
        self.bert.embeddings = Fusion(config, n_values)
        self.bert.encoder = bert.BertEncoder(config)
        self.bert.pooler = bert.BertPooler(config)
        self.cls = bert.BertOnlyMLMHead(config)
        self.cls.predictions.decoder.weight = self.bert.embeddings.word_embeddings.weight
        self.cls.predictions.decoder.bias = self.cls.predictions.bias

    def forward(self, ids: Tensor, letters: Tensor, segments: Tensor, real: Tensor) -> Tensor:
        hidden = self.bert.embeddings(ids, letters, segments)
        seen = torch.where(real[:, None, None, :], 0.0, torch.finfo(torch.float32).min)
        return self.cls(self.bert.encoder(hidden, attention_mask=seen).last_hidden_state)
