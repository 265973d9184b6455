"""``bert``: 80 % the mask token, 10 % a random token, 10 % unchanged (arXiv 1810.04805 §3.1)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zhprep.instances.config import InstancesConfig
from zhprep.instances.drawing import Chosen, TokenFacts, draw_kinds, put
from zhprep.instances.ragged import Array

SHARES = (0.8, 0.1, 0.1)


def bert(chosen: Chosen, config: InstancesConfig, facts: TokenFacts) -> tuple[Array, npt.NDArray[np.uint8]]:
    """Return the new ids of the chosen tokens and what was done to each."""
    kinds = draw_kinds(chosen, config.ratios or SHARES, config.per)
    return put(chosen, kinds, facts), kinds
