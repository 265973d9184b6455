"""What a model is trained on: the loss is the weighted sum over the recipe's objectives; the loop knows none.

An objective says which columns it needs, reads one stream of the body with a head of its own, and returns what it
predicts; how many things these are it can say from the batch beforehand.
"""

from __future__ import annotations

from zhprep.models.objectives.contrast import Contrast
from zhprep.models.objectives.dep_tags import DependencyTags
from zhprep.models.objectives.lm import NextTokens
from zhprep.models.objectives.mlm import MaskedTokens
from zhprep.models.objectives.ner_tags import EntityTags
from zhprep.models.objectives.next_sentence import NextSentence
from zhprep.models.objectives.objective import Objective
from zhprep.models.objectives.original_place import OriginalPlace
from zhprep.models.objectives.pos_tags import SpeechTags
from zhprep.models.objectives.rtd import ReplacedTokens
from zhprep.models.objectives.sentence_order import SentenceOrder
from zhprep.models.objectives.seq2seq import TargetTokens
from zhprep.models.objectives.span_boundary import SpanBoundary

OBJECTIVES: dict[str, type[Objective]] = {
    "mlm": MaskedTokens,
    "lm": NextTokens,
    "rtd": ReplacedTokens,
    "original_place": OriginalPlace,
    "span_boundary": SpanBoundary,
    "pos_tags": SpeechTags,
    "ner_tags": EntityTags,
    "dep_tags": DependencyTags,
    "seq2seq": TargetTokens,
    "contrast": Contrast,
    "next_sentence": NextSentence,
    "sentence_order": SentenceOrder,
}
