"""The settings of the model that an objective needs beside it; the others are at home in any."""

from __future__ import annotations

HOME: dict[str, dict[str, object]] = {
    "rtd": {
        "body": "generator-discriminator", "objectives": ("mlm", "rtd"),
        "parts": {"generator-discriminator": {"generator_size": 0.5}},
    },
}  # fmt: skip
