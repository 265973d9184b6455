#!/usr/bin/env bash
# pypinyin 0.55.0: tones of 一 and 不 in the phrase table, style TONE3.
# Expected: one convention, citation tones (yi1, bu4) or spoken ones (yi2 ge4, yi2 yang4, bu2 shi4).
# Seen: both: 一个, 不是 and 一定 are spoken, 一样 (yi1 yang4) is a citation tone. A model sees one character under two rules.
# In zhprep: citation tones everywhere by default, spoken ones everywhere with --sandhi (tests/pinyin).
source "$(dirname "$0")/common.sh"
packages pypinyin==0.55.0
observe <<'PYTHON'
from pypinyin import Style, lazy_pinyin

found = {word: " ".join(lazy_pinyin(word, style=Style.TONE3)) for word in ("一个", "不是", "一样", "一定")}
print(found)
spoken = [word for word, read in found.items() if read.startswith(("yi2", "bu2"))]
citation = [word for word, read in found.items() if read.startswith(("yi1", "bu4"))]
assert "一个" in spoken and "不是" in spoken and citation, (spoken, citation)
PYTHON
