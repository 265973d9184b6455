"""Pretraining: from instances to a model.

In: a folder of instances, a vocabulary, the ``[model]`` section of a recipe and a ``PretrainConfig``.
Out: a run folder: the model as transformers loads it, the tokenizer, ``log.jsonl``, ``report.json``, checkpoints.

    data (mapped) ─ order (keyed permutation) ─ batches (masks, padding) ─ loop (one step) ─ checkpoints ─ model

The entry is :func:`zhprep.pretrain.run.pretrain`; this package does not import torch until it is called.
"""
