#!/usr/bin/env bash
# transformers 5.23.0: DataCollatorForLanguageModeling(whole_word_mask=True) takes contiguous offsets for one word.
# Expected: Chinese words, or at least characters, are chosen one by one, about 15 % of them.
# Seen: a line without spaces is one word, so nearly every row has no mask at all or only masks.
# In zhprep: zhprep.collate.MaskingCollator masks by word_ids (tests/reference/test_whole_words.py).
source "$(dirname "$0")/common.sh"
packages torch==2.13.0 transformers==5.23.0 tokenizers==0.23.3
observe <<'PYTHON'
import torch
from tokenizers import BertWordPieceTokenizer
from transformers import DataCollatorForLanguageModeling, PreTrainedTokenizerFast

line = "研究人员在公开的语料上训练中文语言模型并且比较不同的掩码方法"
tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(set(line))]
words = BertWordPieceTokenizer({token: number for number, token in enumerate(tokens)})
special = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
tokenizer = PreTrainedTokenizerFast(tokenizer_object=words._tokenizer, **special)
collate = DataCollatorForLanguageModeling(tokenizer, whole_word_mask=True, seed=0)
rows = [tokenizer(line, return_offsets_mapping=True, return_special_tokens_mask=True) for _ in range(400)]
masked = (collate(rows)["labels"] >= 0).sum(1)
none, every = int((masked == 0).sum()), int((masked == len(line)).sum())
print(f"of 400 rows of {len(line)} characters {none} have no mask, {every} have nothing else, {400 - none - every} some")
assert none + every == 400 and none > 300
PYTHON
