"""Take what reads Traditional characters as Simplified ones out of OpenCC's dictionaries (Apache-2.0).

    pip download --no-deps --no-binary :all: opencc==1.4.2
    python -m zhprep.core.simplified.build opencc-1.4.2.tar.gz

In: OpenCC's source, checked against its sha256. Out: ``opencc.tsv``, a character or phrase and its Simplified form a
line, of the same length and all in the Basic Multilingual Plane. Characters that stay themselves are left out.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tarfile
from pathlib import Path

SOURCE = "opencc-1.4.2"
SOURCE_SHA256 = "47977905f131d7d9cfcec29fba5d841154907e1da73103105a4a68744e0f4f1a"
OUTPUT = Path(__file__).with_name("opencc.tsv")

HEAD = f"""\
# Characters and phrases of {SOURCE} (TSCharacters.txt, TSPhrases.txt): https://github.com/BYVoid/OpenCC, Apache-2.0.
# Changed: see build.py, which wrote this.
"""

AMBIGUOUS = "坏"
"""Traditional for 坯 and Simplified for 壞: phrases with it would read 打坏 as 打坯 in all Simplified text."""


def main() -> int:
    """Write ``opencc.tsv``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--out", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    digest = hashlib.sha256(arguments.source.read_bytes()).hexdigest()
    if digest != SOURCE_SHA256:
        sys.exit(f"{arguments.source}: sha256 is {digest}, not that of {SOURCE} ({SOURCE_SHA256})")
    characters = _read(arguments.source, "TSCharacters")
    phrases = _read(arguments.source, "TSPhrases")
    kept = {old: new for old, new in characters.items() if old != new and _is_of_one_plane(old + new)}
    kept |= {old: new for old, new in phrases.items() if AMBIGUOUS not in old and _is_of_one_plane(old + new)}
    longer = [old for old, new in kept.items() if len(old) != len(new)]
    if longer:
        sys.exit(f"these change their length: {' '.join(longer)}")
    lines = [f"{old}\t{new}\n" for old, new in kept.items()]
    arguments.out.write_text(HEAD + "".join(lines), encoding="utf-8")
    return 0


def _read(source: Path, name: str) -> dict[str, str]:
    """Return a dictionary of OpenCC's: of several forms the first, which is what OpenCC takes."""
    with tarfile.open(source) as archive:
        file = archive.extractfile(f"{SOURCE}/data/dictionary/{name}.txt")
        assert file is not None
        lines = file.read().decode("utf-8").splitlines()
    pairs = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return {old: forms.split(" ")[0] for old, forms in pairs}


def _is_of_one_plane(text: str) -> bool:
    """Return whether every character takes three bytes of UTF-8."""
    return all(0x800 <= ord(character) <= 0xFFFF for character in text)


if __name__ == "__main__":
    sys.exit(main())
