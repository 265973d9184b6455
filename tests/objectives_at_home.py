"""The settings of the model that an objective needs beside it; the others are at home in any."""

from __future__ import annotations

HOME: dict[str, dict[str, object]] = {
    "rtd": {
        "body": "generator-discriminator", "objectives": ("mlm", "rtd"),
        "parts": {"generator-discriminator": {"generator_size": 0.5}},
    },
    "lm": {"body": "causal", "objectives": ("lm",)},
    "seq2seq": {
        "body": "encoder-decoder", "objectives": ("seq2seq",), "inputs": ("token", "position"), "layer_norm_eps": 1e-5,
        "parts": {"encoder-decoder": {"decoder_start_token_id": 3}, "position": {"offset": 2}},
    },
    "contrast": {"body": "compared", "objectives": ("contrast",), "inputs": ("token", "position")},
    **{
        name: {"objectives": ("mlm", name), "parts": {name: {"n_tags": 4}}} for name in ("pos_tags", "ner_tags", "dep_tags")
    },
}  # fmt: skip
