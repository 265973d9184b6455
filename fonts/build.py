"""Rebuild the typefaces of this folder from the packages that publish them.

    pip install fonttools brotli
    python fonts/build.py                # download, subset, write into fonts/, check fonts.toml
    python fonts/build.py --cache DIR    # keep the downloads, or use those that are there

Goes in: the packages named in fonts.toml (PyPI wheels by pip, a Debian package by apt-get, an npm package
by npm), each checked against its sha256. Comes out: the subsets of each face, in files small enough for any
host of git. Nothing is written if a download is not the one recorded; a subset that differs from its recorded sha256
is reported.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

HERE = Path(__file__).resolve().parent
COMMANDS = {
    "pip": [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", "."],
    "apt": ["apt-get", "download"],
    "npm": ["npm", "pack", "--silent"],
}
NAME_IDS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
RENAMED_IDS = (1, 3, 4, 6, 16, 18)


def main() -> int:
    """Build every face; return 1 if one is not byte for byte the recorded one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, help="folder of the downloads (default: a temporary one)")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write into (default: this one)")
    arguments = parser.parse_args()
    table = tomllib.loads((HERE / "fonts.toml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as temporary:
        cache = arguments.cache or Path(temporary)
        cache.mkdir(parents=True, exist_ok=True)
        arguments.out.mkdir(parents=True, exist_ok=True)
        characters = wanted_characters(download(table["characters"], cache), table["characters"]["member"])
        return max(build(face, cache, arguments.out, characters) for face in table["face"])


def download(source: dict[str, Any], cache: Path) -> Path:
    """Fetch ``source['package']`` into ``cache`` unless it is there; return the file, its sha256 checked."""
    path = cache / source["archive"]
    if not path.exists():
        subprocess.run([*COMMANDS[source["client"]], source["package"]], cwd=cache, check=True)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != source["archive_sha256"]:
        sys.exit(f"{path}: sha256 is {digest}, recorded is {source['archive_sha256']}: not the package of fonts.toml")
    return path


def read_member(archive: Path, member: str) -> bytes:
    """Return the bytes of one file of a wheel, a Debian package or an npm package."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(member)
    if archive.suffix == ".deb":
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["dpkg-deb", "-x", str(archive), folder], check=True)
            return (Path(folder) / member).read_bytes()
    with tarfile.open(archive) as tar:
        file = tar.extractfile(member)
        assert file is not None
        return file.read()


def wanted_characters(archive: Path, member: str) -> set[int]:
    """Return the code points of GB2312 and of the one-character entries of bert-base-chinese."""
    entries = read_member(archive, member).decode("utf-8").splitlines()
    wanted = {ord(entry) for entry in entries if len(entry) == 1}
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                wanted.add(ord(bytes((row, cell)).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    return wanted | set(range(0x20, 0x7F))


def build(face: dict[str, Any], cache: Path, out: Path, characters: set[int]) -> int:
    """Write the files of one face, each without what those before it hold; return 1 if one is not the recorded file.

    The first holds ``characters``, each of ``more`` its ``ranges``.
    """
    archive = download(face, cache)
    source = cache / Path(face["member"]).name
    source.write_bytes(read_member(archive, face["member"]))
    held: set[int] = set()
    different = 0
    for part in ({"ranges": [], **face}, *face.get("more", [])):
        wanted = {code for span in part["ranges"] for code in in_range(span)} if part["ranges"] else characters
        font = TTFont(source, recalcTimestamp=False)
        font.flavor = None
        subsetter = Subsetter(subset_options())
        subsetter.populate(unicodes=wanted - held)
        subsetter.subset(font)
        if "rename" in face:
            rename(font, face["rename"])
        font.save(out / part["file"])
        covered = set(font.getBestCmap())
        held |= covered
        different |= report(face["name"], out / part["file"], len(covered & wanted), part["sha256"])
    return different


def in_range(span: str) -> range:
    """Return the code points of ``4E00-9FFF``."""
    first, last = (int(code, 16) for code in span.split("-"))
    return range(first, last + 1)


def report(name: str, path: Path, n_characters: int, recorded: str) -> int:
    """Say what was written; return 1 if its sha256 is not the recorded one."""
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    print(f"{name}: {path.name} {len(content):,} bytes, {n_characters} characters, sha256 {digest}")
    if digest != recorded:
        print(f"{name}: recorded is sha256 {recorded}", file=sys.stderr)
    return int(digest != recorded)


def subset_options() -> Options:
    """Drop what rendering one character at a time does not need: layout, hinting, vertical metrics."""
    options = Options()
    options.layout_features = []
    options.hinting = False
    options.glyph_names = False
    options.notdef_outline = True
    options.name_IDs = NAME_IDS
    options.name_languages = [0x409]
    options.drop_tables += ["BASE", "GDEF", "GPOS", "GSUB", "VORG", "vhea", "vmtx", "DSIG", "gasp"]
    return options


def rename(font: TTFont, family: str) -> None:
    """Give the subset another family name, as a licence with a reserved font name asks of changed versions."""
    for record in font["name"].names:
        if record.nameID in RENAMED_IDS:
            record.string = f"{family}-Regular" if record.nameID == 6 else family


if __name__ == "__main__":
    sys.exit(main())
