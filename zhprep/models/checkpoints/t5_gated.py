"""T5 1.1 as transformers has it: feed-forward blocks are gated, which gives their weights other names."""

from __future__ import annotations

from zhprep.models.checkpoints import t5

FORMAT = t5.make_format(gated=True)
