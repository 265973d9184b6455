"""Pretraining: from instances to a model.

In: a folder of instances, a vocabulary, the ``[model]`` section of a recipe and a ``PretrainConfig``.
Out: a run folder: the model as transformers loads it, the tokenizer, ``log.jsonl``, ``report.json``, checkpoints.

    data (mapped) ─ order (keyed permutation) ─ batches (masks, padding) ─ loop (one step) ─ checkpoints ─ model

The entry is :func:`zhprep.pretrain.run.pretrain`; this package does not import torch until it is called.
"""

from __future__ import annotations

import os

# Read when torch is first loaded. Threads that spin while they wait for one another stand still together where cores
# are shared: 2,500 tokens per second of processor time instead of 12,000 (tiny, two threads, two cores, load 7).
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
