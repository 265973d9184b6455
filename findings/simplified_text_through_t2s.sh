#!/usr/bin/env bash
# OpenCC 1.4.2, configuration t2s (Traditional to Simplified), on text that is Simplified already, as mixed corpora hold it.
# Expected: Simplified text stays as it is, so that a corpus may be sent through t2s without asking what each line is.
# Seen: 打坏 (to break, everyday Simplified) becomes 打坯: the phrase table takes 坏 for the old character of 坯, which is its
# Traditional reading, and does so for the one phrase only: 弄坏, 砸坏 and 坏 alone stay.
# In zhprep: the table made of OpenCC's leaves out phrases with 坏 (zhprep/core/simplified/build.py; tests/core/test_simplified.py).
source "$(dirname "$0")/common.sh"
packages OpenCC==1.4.2
observe <<'PYTHON'
import opencc

convert = opencc.OpenCC("t2s").convert
changed = {text: convert(text) for text in ("他把杯子打坏了。", "他把杯子弄坏了。", "他把杯子砸坏了。", "这台电脑坏了。")}
for before, after in changed.items():
    print(before, after, "" if before == after else "<- changed")
assert [before for before, after in changed.items() if before != after] == ["他把杯子打坏了。"]
assert changed["他把杯子打坏了。"] == "他把杯子打坯了。"
PYTHON
