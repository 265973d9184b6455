#!/usr/bin/env bash
# tokenizers 0.23.3: encode_special_tokens = True, "text is text", with a vocabulary of whole words (WordLevel).
# Expected: [MASK] in a corpus is text like any other, so that its id never comes out; with WordPiece that is so.
# Seen: the switch keeps added tokens from being cut out before the model, but the model then finds the word [MASK], which stands in
# its vocabulary: the special id comes out after all where words are set apart by spaces.
# In zhprep: no text gives the id of a special token, whatever the model: it becomes the unknown token and is counted (tests/vocab).
source "$(dirname "$0")/common.sh"
packages tokenizers==0.23.3
observe <<'PYTHON'
from tokenizers import Tokenizer, models, pre_tokenizers

vocabulary = {"[UNK]": 0, "[MASK]": 1, "今天": 2, "很": 3, "好": 4, "[": 5, "]": 6, "MASK": 7}


def ids(model, splitter):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = splitter
    tokenizer.add_special_tokens(["[UNK]", "[MASK]"])
    tokenizer.encode_special_tokens = True
    return tokenizer.encode("今天 [MASK] 好").ids


words = ids(models.WordLevel(vocabulary, unk_token="[UNK]"), pre_tokenizers.WhitespaceSplit())
pieces = ids(models.WordPiece(vocabulary, unk_token="[UNK]"), pre_tokenizers.BertPreTokenizer())
print("whole words set apart by spaces:", words)
print("pieces after BERT's splitter:   ", pieces)
assert words == [2, 1, 4]
assert pieces == [2, 5, 7, 6, 4]
PYTHON
