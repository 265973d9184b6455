"""GPT-2's map between bytes and visible characters: 188 bytes stand for themselves, 68 for U+0100 and on."""

from __future__ import annotations

VISIBLE = (*range(33, 127), *range(161, 173), *range(174, 256))
HIDDEN = tuple(byte for byte in range(256) if byte not in VISIBLE)

CHARACTER_OF = {**{byte: chr(byte) for byte in VISIBLE}, **{byte: chr(256 + n) for n, byte in enumerate(HIDDEN)}}
BYTE_OF = {character: byte for byte, character in CHARACTER_OF.items()}

_NO_BYTE = 0xFFFF
_TO_LATIN = {
    **dict.fromkeys(HIDDEN, _NO_BYTE),  # these stand for no byte: U+0100 and on do in their stead
    **{ord(character): byte for character, byte in BYTE_OF.items()},
}


def token_of(raw: bytes) -> str:
    """Return the token that stands for bytes."""
    return "".join(CHARACTER_OF[byte] for byte in raw)


def token_bytes(token: str) -> bytes | None:
    """Return the bytes of a token, or None if it is no byte-level token (a special one)."""
    try:
        return token.translate(_TO_LATIN).encode("latin-1")
    except UnicodeEncodeError:
        return None


def text_of(token: str) -> str | None:
    """Return the text of a token, or None where its bytes are not whole characters."""
    raw = token_bytes(token)
    try:
        return None if raw is None else raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
