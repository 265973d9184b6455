"""Pretraining: what is trained on what, from instances to a model.

In: a folder of instances, a vocabulary, the ``[model]`` section of a recipe and a ``PretrainConfig``.
Out: a run folder: the model as transformers loads it, the tokenizer, ``log.jsonl``, ``report.json``, checkpoints.

    data (mapped) ─ split (held out or not) ─ job (model, feed, plan) ─ run (the engine's loop) ─ folder

The entry is :func:`zhprep.pretrain.run.pretrain`; this package does not import torch until it is called.
"""

from __future__ import annotations

import zhprep.engine  # noqa: F401  (before torch is loaded: it says how threads wait)
