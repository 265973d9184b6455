#!/usr/bin/env bash
# g2pM 0.1.2.5 (neural readings of polyphones) on the same sentences in Simplified and in Traditional characters.
# Expected: the same readings, since only the script differs.
# Seen: polyphones whose Traditional form is another character are handed back as they are, or read without their context.
# In zhprep: every engine reads Traditional text through its Simplified form, character by character (tests/pinyin).
source "$(dirname "$0")/common.sh"
packages g2pM==0.1.2.5 numpy==2.4.6 "setuptools<81"
observe <<'PYTHON'
from g2pM import G2pM

pairs = [("他们重复了长城的历史", "他們重複了長城的歷史"), ("银行行长还没有还钱", "銀行行長還沒有還錢"),
         ("头发长得很长", "頭髮長得很長"), ("这里发生了什么", "這裡發生了什麼")]
read = G2pM()
same = total = unread = 0
for simplified, traditional in pairs:
    one, two = (read(text, tone=True, char_split=True) for text in (simplified, traditional))
    unread += sum(not syllable.isascii() for syllable in two)
    same += sum(a == b for a, b in zip(one, two))
    total += len(one)
    print(simplified, one)
    print(traditional, two)
print(f"{same} of {total} readings are the same, {unread} characters of the Traditional text have none")
assert same < total and unread > 0
PYTHON
