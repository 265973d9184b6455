"""``single``: one sentence makes one instance."""

from __future__ import annotations

import numpy as np

from zhprep.instances.layout.sequences import pieces_of
from zhprep.instances.layout.window import Pieces, Plan, Window


def single(window: Window, plan: Plan) -> Pieces:  # noqa: ARG001
    """Return every sentence by itself."""
    return pieces_of(window, np.arange(window.first, window.n_sentences), window.n_sentences)
