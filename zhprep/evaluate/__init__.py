"""How good a model is: on text it was not trained on, and fine-tuned on tasks.

In: a run folder (or any BERT of transformers), the instances it was trained on, task folders with ``train.jsonl`` and
``dev.jsonl``. Out: figures, also in the run's ``scores.json``. The entry is :func:`zhprep.evaluate.run.evaluate`; this
package does not import torch until it is called.
"""

from __future__ import annotations

import zhprep.engine  # noqa: F401  (before torch is loaded: it says how threads wait)
