#!/usr/bin/env bash
# seqeval 1.2.2: tags B I O S (single entities marked S, ends not marked) scored in mode "strict", scheme IOBES.
# Expected: an entity B I I counts as one, or an error says that the tags are not IOBES.
# Seen: every entity of two and more tokens is dropped from gold and guess alike, without a word; what is left scores 1.0.
# CLUENER's and many Chinese corpora's conversions have such tags. zhprep reads entities by span and names the scheme.
source "$(dirname "$0")/common.sh"
packages seqeval==1.2.2 numpy==2.4.6 scikit-learn==1.7.2
observe <<'PYTHON'
from seqeval.metrics import f1_score
from seqeval.scheme import IOBES

gold = [["B-ORG", "I-ORG", "I-ORG", "O", "S-LOC", "O", "B-PER", "I-PER"]]
guess = [["O", "O", "O", "O", "S-LOC", "O", "O", "O"]]
strict = f1_score(gold, guess, mode="strict", scheme=IOBES)
by_hand = 2 * 1 / (3 + 1)
print(f"three entities, one found: strict IOBES F1 {strict:.2f}, counted by hand {by_hand:.2f}")
assert strict == 1.0
PYTHON
