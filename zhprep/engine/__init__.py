"""The engine: how weights are changed, whatever the model and the data.

In: a model, batches as a pure function of the step, an :class:`OptimisationConfig`. Out: the trained model,
checkpoints, a log. Pretraining and fine-tuning both stand on it.

    feed (phases, order, prefetch) ─ loop (one step: forward, backward, clip, optimiser, schedule) ─ checkpoint, log
                                       ├─ distribution: who this process is among several
                                       └─ parallel: how the weights lie over them, each the same (DDP) or shards (FSDP2)

Parts by name: :data:`zhprep.engine.optimisers.OPTIMISERS`, :data:`zhprep.engine.schedules.SCHEDULES`,
:data:`zhprep.engine.parallel.PARALLELS`. This package does not import torch until one of its modules is.
"""

from __future__ import annotations

import os

# Read when torch is first loaded. Threads that spin while they wait for one another stand still together where cores
# are shared: 2,500 tokens per second of processor time instead of 12,000 (tiny, two threads, two cores, load 7).
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# Read at oneDNN's first kernel. Of what it computes for torch on a CPU it keeps a kernel for each of the last 1,024
# shapes; rows without padding have another number of tokens in each step, so none is of use after its step, and they
# lie between what is freed and break it up: 200 steps at tiny held 1,137 MB, and more with each step, for 640. Layers
# are alike: so many are what one of them needs, forwards and backwards (bf16: a dozen). To make one takes 0.2 ms.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16")
