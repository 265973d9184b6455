"""An output folder: its plan, its shards, a receipt for each, and at the end the manifest.

    plan.json            written first: inputs, blocks, config, version; another plan is refused
    data-00000-of-00042.arrow
    .receipts/00000.json what is done is what has a receipt: rows, bytes, sha256, account
    state.json  dataset_info.json     make the folder a Hugging Face dataset
    manifest.json        written last: a folder without one is unfinished
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zhprep.core import schema
from zhprep.core.errors import DataError, UsageError
from zhprep.core.report import Account
from zhprep.core.shards.commit import PREFIX, remove_leftovers, write_json

DEPENDENCIES = ("numpy", "pyarrow", "tokenizers", "jieba", "rjieba", "pypinyin", "pillow")
_HF_STATE = {
    "_format_columns": None, "_format_kwargs": {}, "_format_type": None, "_output_all_columns": False, "_split": "train",
}  # fmt: skip


@dataclass(frozen=True)
class Folder:
    """The output folder at ``path`` of a plan with ``n_blocks`` blocks."""

    path: Path
    n_blocks: int

    def shard(self, block: int) -> Path:
        """Return where the shard of ``block`` lies."""
        return self.path / f"data-{block:05d}-of-{self.n_blocks:05d}.arrow"

    def receipt(self, block: int) -> Path:
        """Return where the receipt of ``block`` lies."""
        return self.path / ".receipts" / f"{block:05d}.json"

    def prepare(self, plan: dict[str, Any], *, overwrite: bool) -> None:
        """Make the folder ready for ``plan``: new, continued, or with ``overwrite`` begun again.

        Raises ``UsageError`` when something else is there.
        """
        if overwrite:
            self._clear()
        self.path.mkdir(parents=True, exist_ok=True)
        there = self.path / "plan.json"
        if there.exists():
            _check_same(json.loads(there.read_text()), plan, self.path)
        elif any(not entry.name.startswith((PREFIX, ".")) for entry in self.path.iterdir()):
            raise UsageError(f"{self.path}: is not empty and was not made by zhprep", hint="name another folder")
        (self.path / ".receipts").mkdir(exist_ok=True)
        remove_leftovers(self.path)
        remove_leftovers(self.path / ".receipts")
        write_json(there, plan)

    def pending(self, *, index: int = 0, of: int = 1) -> list[int]:
        """Return the blocks that have no receipt, of those whose number is ``index`` modulo ``of``."""
        return [block for block in range(index, self.n_blocks, of) if not self.receipt(block).exists()]

    def receipts(self) -> list[dict[str, Any]]:
        """Return every receipt, in the order of the blocks."""
        return [json.loads(self.receipt(block).read_text()) for block in range(self.n_blocks)]

    def account(self, block: int) -> Account:
        """Return the account of a finished block."""
        return Account.from_dict(json.loads(self.receipt(block).read_text())["account"])

    def finish(self, table: str, plan: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
        """Write the manifest and what makes the folder a Hugging Face dataset; return the manifest."""
        receipts = self.receipts()
        sha = content_sha256(receipt["sha256"] for receipt in receipts)
        names = [self.shard(block).name for block in range(self.n_blocks)]
        manifest = {
            "table": table,
            "version": schema.VERSION,
            "zhprep": plan["zhprep"],
            "dependencies": dependency_versions(),
            "config": plan["config"],
            "input_sha256": _json_sha256(plan["corpus"]),
            **facts,
            "shards": [{"name": n, **{k: r[k] for k in ("rows", "bytes", "sha256")}} for n, r in zip(names, receipts, strict=True)],
            "account": Account.total(Account.from_dict(receipt["account"]) for receipt in receipts).as_dict(),
            "content_sha256": sha,
        }
        state = {**_HF_STATE, "_data_files": [{"filename": name} for name in names], "_fingerprint": sha[:16]}
        write_json(self.path / "state.json", state, replace=True)
        write_json(self.path / "dataset_info.json", {}, replace=True)
        write_json(self.path / "manifest.json", manifest, replace=True)
        return manifest

    def abandon(self) -> None:
        """Take the folder away again when nothing came of it (an error before the first shard)."""
        if self.path.exists() and not any((self.path / ".receipts").glob("*.json")):
            self._clear()

    def _clear(self) -> None:
        """Remove what zhprep wrote here, by name, and nothing else."""
        if not (self.path / "plan.json").exists():
            if self.path.exists() and any(self.path.iterdir()):
                raise UsageError(f"{self.path}: was not made by zhprep; it is left as it is", hint="name another folder")
            return
        for name in ("manifest.json", "state.json", "dataset_info.json"):
            (self.path / name).unlink(missing_ok=True)
        for shard in self.path.glob("data-?????-of-?????.arrow"):
            shard.unlink()
        shutil.rmtree(self.path / ".receipts", ignore_errors=True)
        (self.path / "plan.json").unlink()
        if not any(self.path.iterdir()):
            self.path.rmdir()


def open_folder(path: Path) -> tuple[Folder, dict[str, Any]]:
    """Return the folder at ``path`` and its plan; raises ``DataError`` when there is no plan."""
    file = path / "plan.json"
    if not file.exists():
        raise DataError(f"{path}: has no plan.json: it was not made by zhprep", hint="name a folder that -o named")
    plan: dict[str, Any] = json.loads(file.read_text())
    return Folder(path, len(plan["corpus"]["blocks"])), plan


def content_sha256(shards: Iterable[str]) -> str:
    """Return the sha256 over the shards' own sha256 digests, in order."""
    total = hashlib.sha256()
    for digest in shards:
        total.update(bytes.fromhex(digest))
    return total.hexdigest()


def dependency_versions() -> dict[str, str]:
    """Return the versions of the installed packages that can change what is written."""
    versions = {}
    for name in DEPENDENCIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def load_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest of a finished folder; raises ``DataError`` when there is none."""
    if not (path / "manifest.json").exists():
        what = "is unfinished" if (path / "plan.json").exists() else "was not made by zhprep (no manifest.json)"
        raise DataError(f"{path}: {what}", hint="run the command that makes it again, it goes on where it stopped")
    manifest: dict[str, Any] = json.loads((path / "manifest.json").read_text())
    return manifest


def _check_same(there: dict[str, Any], plan: dict[str, Any], path: Path) -> None:
    for part, what in (
        ("zhprep", "another version of zhprep"),
        ("config", "another config"),
        ("facts", "another segmenter or vocabulary"),
        ("corpus", "another input"),
    ):
        if there.get(part) != plan[part]:
            raise UsageError(
                f"{path}: was made with {what}{_difference(there.get(part), plan[part])}",
                hint="name another folder, or begin it again with --overwrite",
            )


def _difference(there: Any, wanted: Any) -> str:
    """Return, for flat settings, the first that differs."""
    if not (isinstance(there, dict) and isinstance(wanted, dict)):
        return f" ({there}, now {wanted})"
    for name in sorted(there.keys() | wanted.keys()):
        if there.get(name) != wanted.get(name):
            before, now = there.get(name), wanted.get(name)
            if isinstance(before, dict) and isinstance(now, dict):
                return _difference(before, now)
            return f" ({name}: {before}, now {now})" if len(f"{before}{now}") < 120 else f" ({name} differs)"
    return ""


def _json_sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
