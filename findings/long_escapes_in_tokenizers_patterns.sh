#!/usr/bin/env bash
# tokenizers 0.23.3: a class of Chinese characters in a pattern of Regex or Split, written with the escapes of Python's re.
# Expected: [\u3400-\u4DBF\U00020000-\U000323AF] is the characters of both ranges, or an error where \U is not known.
# Seen: \u is known and \U is not, and no error: the class holds the letters and digits of the escape and, by "0-\U", all from 0 to U.
# So digits and capitals are split off one by one, and the characters beyond U+FFFF are not.
# In zhprep: patterns hold the characters themselves (tests/vocab/test_counting.py).
source "$(dirname "$0")/common.sh"
packages tokenizers==0.23.3
observe <<'PYTHON'
import re

from tokenizers import Regex, pre_tokenizers

ESCAPED = r"[\u3400-\u4DBF\u4E00-\u9FFF\U00020000-\U000323AF]"
WRITTEN = "[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af]"
TEXT = "GPT2024𠀀是ab"


def pieces(pattern):
    return [piece for piece, _ in pre_tokenizers.Split(Regex(pattern), "isolated").pre_tokenize_str(TEXT)]


escaped, written = pieces(ESCAPED), pieces(WRITTEN)
print("Python's re finds:      ", re.findall(ESCAPED, TEXT))
print("pieces, with escapes:   ", escaped)
print("pieces, with characters:", written)
assert re.findall(ESCAPED, TEXT) == ["𠀀", "是"]
assert written == ["GPT2024", "𠀀", "是", "ab"]
assert escaped == ["G", "P", "T", "2", "0", "2", "4", "𠀀", "是", "ab"]
PYTHON
