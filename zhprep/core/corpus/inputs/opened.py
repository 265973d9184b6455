"""The stream read last, kept open.

A compressed file cannot be entered in its middle, and the piece that a process reads next most often
lies a little further on in the same file.
"""

from __future__ import annotations

import atexit
import contextlib
import os
from collections.abc import Iterator
from typing import IO, cast

from zhprep.core.corpus.inputs import streams
from zhprep.core.corpus.inputs.find import Input, open_text
from zhprep.core.corpus.inputs.remote import state_of
from zhprep.core.corpus.inputs.streams import Stream


class _Opened:
    """A line format standing open at ``position``."""

    def __init__(self, source: Input) -> None:
        self.source = source
        self.state = state_of(source.path)
        self.position = 0
        self._stack = contextlib.ExitStack()
        self._stream = self._stack.enter_context(open_text(source))

    def read(self, size: int) -> bytes:
        """Return the next ``size`` bytes."""
        data = self._stream.read(size)
        self.position += len(data)
        return data

    def is_of(self, source: Input) -> bool:
        """Whether this is ``source``, as it is now."""
        return self.source == source and self.state == state_of(source.path)

    def can_reach(self, offset: int) -> bool:
        """Whether it need not be opened anew to stand at ``offset``."""
        return self._seekable() or self.position <= offset

    def go_to(self, offset: int) -> None:
        """Stand at ``offset``; where it cannot be sought, what lies before it is read."""
        if self._seekable():
            cast(IO[bytes], self._stream).seek(offset)
            self.position = offset
        while self.position < offset and self.read(min(streams.CHUNK, offset - self.position)):
            pass

    def close(self) -> None:
        """Close the file."""
        self._stack.close()

    def _seekable(self) -> bool:
        return not self.source.compression and self.source.encoding == "utf-8"


_KEPT: list[_Opened] = []


@atexit.register
def _close_kept() -> None:
    while _KEPT:
        _KEPT.pop().close()


if hasattr(os, "register_at_fork"):  # a copy of this process would share its place in the file
    os.register_at_fork(before=_close_kept)


@contextlib.contextmanager
def borrowed(source: Input, offset: int) -> Iterator[Stream]:
    """Give the stream of ``source``, standing at ``offset``; it is nobody else's until it is given back."""
    opened = _KEPT.pop() if _KEPT else None
    if (
        opened is None
        or opened.source != source
        or opened.state != state_of(source.path)
        or not opened.can_reach(offset)
    ):
        if opened is not None:
            opened.close()
        opened = _Opened(source)
    try:
        opened.go_to(offset)
        yield opened
    except BaseException:
        opened.close()
        raise
    _close_kept()
    _KEPT.append(opened)
