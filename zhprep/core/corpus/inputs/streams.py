"""Streams of bytes made of other streams: hashed, put together, decompressed, recoded to UTF-8.

``read(size)`` gives exactly ``size`` bytes unless the end comes first. Damage is raised as ``Damaged``
only after everything that could be recovered before it has been given.
"""

from __future__ import annotations

import bz2
import codecs
import lzma
import zlib
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import zstandard

from zhprep.core.errors import DataError
from zhprep.core.temporary import naming

STDIN = "-"
"""What standard input is called."""

CHUNK = 1 << 20
"""Bytes read at a time."""

STEP = 1 << 10
"""Compressed bytes decompressed at a time: it bounds memory when a file expands ten-thousandfold."""

_LONGEST_WINDOW = 1 << 31  # `zstd --long=31`, as large dumps are made
_DECODERS = {
    ".gz": lambda: zlib.decompressobj(31),
    ".bz2": bz2.BZ2Decompressor,
    ".xz": lzma.LZMADecompressor,
    ".zst": lambda: zstandard.ZstdDecompressor(max_window_size=_LONGEST_WINDOW).decompressobj(),
}
COMPRESSIONS = tuple(_DECODERS)
_NO_MEMORY = ("Allocation error", "Error -4 ")
"""How zstd and zlib say, with the types of their errors for damage, that they got no memory."""


class Damaged(DataError):
    """An input that cannot be read to its end."""


class Stream(Protocol):
    """What is read from."""

    def read(self, size: int, /) -> bytes:
        """Return the next ``size`` bytes, fewer only at the end."""


class Hash(Protocol):
    """What a hashlib object does, as far as it is used here."""

    def update(self, data: Any, /) -> None:
        """Add data."""

    def hexdigest(self) -> str:
        """Return the digest of what was added."""


class Noticed:
    """A digest; ``notice`` hears how many bytes are fed to it."""

    def __init__(self, digest: Hash, notice: Callable[[int], None]) -> None:
        self._digest, self._notice = digest, notice

    def update(self, data: Any) -> None:
        """Add data."""
        self._digest.update(data)
        self._notice(len(data))

    def hexdigest(self) -> str:
        """Return the digest of what was added."""
        return self._digest.hexdigest()


class Named:
    """A stream whose errors of reading name ``name``."""

    def __init__(self, stream: Stream, name: str) -> None:
        self._stream, self._name = stream, name

    def read(self, size: int) -> bytes:
        """Return the next ``size`` bytes."""
        with naming(self._name):
            return self._stream.read(size)


class Hashed:
    """A stream whose every byte read is fed to a digest."""

    def __init__(self, stream: Stream, digest: Hash) -> None:
        self._stream = stream
        self._digest = digest

    def read(self, size: int) -> bytes:
        """Return the next ``size`` bytes."""
        data = self._stream.read(size)
        self._digest.update(data)
        return data


class _Pulled:
    """A stream that is made a part at a time and holds what was not asked for yet."""

    def __init__(self) -> None:
        self._parts: deque[bytes] = deque()
        self._at = 0  # what of the first part has been given
        self._held = 0
        self._ended = False
        self._damage: Damaged | None = None

    def read(self, size: int) -> bytes:
        """Return the next ``size`` bytes; raises ``Damaged`` when nothing but damage is left."""
        while self._held < size and not self._ended:
            try:
                part = self._pull()
            except Damaged as error:
                self._damage, part = error, None
            if part is None:
                self._ended = True
            elif part:
                self._parts.append(part)
                self._held += len(part)
        if self._damage is not None and not self._held and size:
            raise self._damage
        return self._give(min(size, self._held))

    def _give(self, size: int) -> bytes:
        given = []
        self._held -= size
        while size > 0:
            part = self._parts[0][self._at : self._at + size]
            given.append(part)
            size -= len(part)
            self._at += len(part)
            if self._at == len(self._parts[0]):
                self._parts.popleft()
                self._at = 0
        return given[0] if len(given) == 1 else b"".join(given)

    def _pull(self) -> bytes | None:
        """Return the next part, which may be empty, or None at the end."""
        raise NotImplementedError


class Prefixed(_Pulled):
    """Bytes that were read already, then the rest of the stream they were read from."""

    def __init__(self, head: bytes, stream: Stream) -> None:
        super().__init__()
        self._parts.append(head)
        self._held = len(head)
        self._stream = stream

    def _pull(self) -> bytes | None:
        return self._stream.read(CHUNK) or None


class Decompressed(_Pulled):
    """What is in a compressed stream of any number of members; zeros after a member are padding."""

    def __init__(self, stream: Stream, compression: str, where: str) -> None:
        super().__init__()
        self._stream = stream
        self._new: Callable[[], Any] = _DECODERS[compression]
        self._where = where
        self._decoder: Any = None
        self._chunk = b""
        self._place = 0

    def _pull(self) -> bytes | None:
        if self._place == len(self._chunk):
            self._chunk, self._place = self._stream.read(CHUNK), 0
        if self._decoder is None:
            return self._begin_member()
        step = self._chunk[self._place : self._place + STEP]
        if not step:
            raise self._damaged("they end early")
        try:
            data: bytes = self._decoder.decompress(step)
        except (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, ValueError) as error:
            if any(sign in str(error) for sign in _NO_MEMORY):
                raise MemoryError(f"{self._where}: {error}") from error
            raise self._damaged(str(error)) from error
        self._place += len(step)
        if self._decoder.eof:
            self._place -= len(self._decoder.unused_data)
            self._decoder = None
        return data

    def _begin_member(self) -> bytes | None:
        while self._place < len(self._chunk) and self._chunk[self._place] == 0:
            self._place += 1
        if self._place < len(self._chunk):
            self._decoder = self._new()
            return b""
        return b"" if self._chunk else None

    def _damaged(self, why: str) -> Damaged:
        return Damaged(
            f"{self._where}: the compressed data are damaged: {why}",
            hint="fetch the file again, or read what can be read with --on-error skip",
        )


class Recoded(_Pulled):
    """A stream in another encoding, as UTF-8.

    What cannot be decoded becomes bytes that are not UTF-8 either, so that whoever checks the lines
    finds the line it is in.
    """

    def __init__(self, stream: Stream, encoding: str) -> None:
        super().__init__()
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("zhprep.undecodable")

    def _pull(self) -> bytes | None:
        chunk = self._stream.read(CHUNK)
        data = self._decoder.decode(chunk, final=not chunk).encode("utf-8", "surrogatepass")
        return data if chunk or data else None


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff", error.end


codecs.register_error("zhprep.undecodable", _mark)
