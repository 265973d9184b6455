"""What a model is trained on: the loss is the weighted sum over the recipe's objectives; the loop knows none.

An objective is a frozen spec: the columns it needs, the head it puts on the states, its loss.
"""

from __future__ import annotations

from zhprep.models.objective import Objective
from zhprep.models.objectives.mlm import MLM
from zhprep.models.objectives.next_sentence import NEXT_SENTENCE
from zhprep.models.objectives.sentence_order import SENTENCE_ORDER

OBJECTIVES: dict[str, Objective] = {
    "mlm": MLM,
    "next_sentence": NEXT_SENTENCE,
    "sentence_order": SENTENCE_ORDER,
}
