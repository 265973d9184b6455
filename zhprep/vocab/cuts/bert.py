"""Cuts by BERT's rules: spaces, Chinese characters and punctuation stand apart whatever is beside them.

The rules look at one character at a time, so the library is asked once about each: a character X
stands apart if ``aXa`` gives three words.
"""

from __future__ import annotations

from tokenizers import Tokenizer

from zhprep.vocab import codepoints
from zhprep.vocab.cuts.cut import Cut, Marks


class Bert:
    """Gives runs of letters, digits and odd characters to the library, and ids of the rest from a table."""

    def __init__(self, tokenizer: Tokenizer, marks: Marks) -> None:
        self.marks = marks
        self._tokenizer = tokenizer
        self._table = codepoints.Table(self._ask, marks.dtype, marks.unseen)

    def cut(self, chunk: codepoints.Chunk, whole: codepoints.Flags | None) -> Cut:
        """Return the codes and runs of ``chunk``; the code points flagged in ``whole`` go to runs."""
        codes = self._table.look_up(chunk.points)
        if whole is not None:
            codes[whole] = self.marks.run
        return Cut(codes, *codepoints.run_bounds(codes == self.marks.run, chunk.offsets))

    def _ask(self, characters: list[str]) -> list[int]:
        """Return for each character its id if it stands apart as one token, else what it is: space or run."""
        questions = [f"a{character}a" for character in characters]
        codes = []
        for answer in self._tokenizer.encode_batch(questions, add_special_tokens=False):
            code = self.marks.run
            if answer.word_ids == [0, 1, 2] and answer.offsets == [(0, 1), (1, 2), (2, 3)]:
                code = answer.ids[1]
            elif answer.word_ids == [0, 1] and answer.offsets == [(0, 1), (2, 3)]:
                code = self.marks.space
            codes.append(code)
        return codes
