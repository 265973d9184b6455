"""Replacements: what goes in the chosen places.

In: the chosen tokens of a batch. Out: their new ids and a code per token that says what was done.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from zhprep.instances.config import InstancesConfig
from zhprep.instances.drawing import Chosen, TokenFacts
from zhprep.instances.ragged import Array
from zhprep.instances.replacements.bert import bert

Replacement = Callable[[Chosen, InstancesConfig, TokenFacts], tuple[Array, npt.NDArray[np.uint8]]]

REPLACEMENTS: dict[str, Replacement] = {
    "bert": bert,
}
