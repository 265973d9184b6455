"""An output folder: its plan, its shards, a receipt for each, and at the end the manifest.

plan.json            written first: inputs, blocks, config, version; another plan is refused
data-00000-of-00042.arrow
.receipts/00000.json what is done is what has a receipt of this plan: its seal, rows, bytes, sha256, account
.working/00000.json  how far a worker is with a block that is under way
.made/00000.json     when a block was made, for whoever waits for the others
.failed/00000.json   the error that a block ended with
.quarantine/00000.json  the document that kills whatever works on it
state.json  dataset_info.json     make the folder a Hugging Face dataset
manifest.json        written last: a folder without one is unfinished
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zhprep.core import schema
from zhprep.core.corpus.inputs import MANIFEST, PLAN, SHARD, file_sha256
from zhprep.core.errors import DataError, UsageError
from zhprep.core.report import ACCOUNT, Account
from zhprep.core.seal import SEAL, read_sealed, sealed
from zhprep.core.shape import SHA256
from zhprep.core.shards.claim import TRIES, Claim
from zhprep.core.shards.commit import write_json
from zhprep.core.shards.manifest import facts_of_files, write_manifest
from zhprep.core.shards.same import check_same
from zhprep.core.temporary import PREFIX, remove_leftovers

STATE, INFO = "state.json", "dataset_info.json"
RECEIPTS = ".receipts"
WORKING, MADE, FAILED, QUARANTINE = ".working", ".made", ".failed", ".quarantine"

_RECEIPT = {"plan?": str, "rows": int, "bytes": int, "sha256": SHA256, "account": ACCOUNT}
_PLAN = {
    "table": str, "zhprep": str, "config": dict, "facts": dict, "dependencies": {"*": str},
    "corpus": {"inputs": [{"damaged": str}], "blocks": list},
}  # fmt: skip
"""The shapes of a receipt and of the plan of a folder of shards."""

_BEGIN = "begin the folder again with --overwrite"
_AGAIN = "run the command that made the folder again: it makes such a shard again"

_HF_STATE: dict[str, Any] = {
    "_format_columns": None,
    "_format_kwargs": {},
    "_format_type": None,
    "_output_all_columns": False,
    "_split": "train",
}


@dataclass(frozen=True)
class Folder:
    """The output folder at ``path`` of a plan with ``n_blocks`` blocks; ``plan`` is the seal of that.

    Another process may begin the folder again at any time, from a machine whose locks nobody here sees. So a receipt
    names its plan, and one of another plan is none.
    """

    path: Path
    n_blocks: int
    plan: str = ""

    def shard(self, block: int) -> Path:
        """Return where the shard of ``block`` lies."""
        return self.path / f"data-{block:05d}-of-{self.n_blocks:05d}.arrow"

    def receipt(self, block: int) -> Path:
        """Return where the receipt of ``block`` lies."""
        return self.path / RECEIPTS / f"{block:05d}.json"

    def place(self, block: int) -> Path:
        """Return where whoever works on ``block`` notes how far it is."""
        return self.path / WORKING / f"{block:05d}.json"

    def made(self, block: int) -> Path:
        """Return where it is noted when ``block`` was made."""
        return self.path / MADE / f"{block:05d}.json"

    def failed(self, block: int) -> Path:
        """Return where it is noted with which error ``block`` ended."""
        return self.path / FAILED / f"{block:05d}.json"

    def quarantine(self, block: int) -> Path:
        """Return where it is noted which document of ``block`` kills its workers."""
        return self.path / QUARANTINE / f"{block:05d}.json"

    def prepare(self, plan: dict[str, Any], claim: Claim, *, overwrite: bool) -> tuple[Folder, bool]:
        """Make the folder ready for ``plan``: new, continued, or with ``overwrite`` begun again.

        ``claim`` is that of this process on it. Returns the folder with its plan, and whether that was put there by
        this call. Raises ``UsageError`` when something else is there; then nothing has been touched.
        """
        for _ in range(TRIES):
            with contextlib.suppress(FileNotFoundError):  # another machine took the plan away since it was seen
                return self._prepare(plan, claim, overwrite=overwrite)
        raise claim.removed()

    def _prepare(self, plan: dict[str, Any], claim: Claim, *, overwrite: bool) -> tuple[Folder, bool]:
        there = self.path / PLAN
        if overwrite:
            self._begin_again(plan, claim)
        foreign = [entry for entry in self.path.iterdir() if not entry.name.startswith((PREFIX, "."))]
        if foreign and not there.exists():  # looked for last: the plan is there before anything else
            raise UsageError(f"{self.path}: is not empty and was not made by zhprep", hint="name another folder")
        begun = overwrite or not there.exists()
        if not there.exists():
            with contextlib.suppress(UsageError):  # another process was first, perhaps with another plan
                write_json(there, sealed(plan))
        claim.hold(there)
        found = read_sealed(there, _PLAN, hint=_BEGIN)
        check_same(found, json.loads(json.dumps(plan)), self.path)
        (self.path / RECEIPTS).mkdir(exist_ok=True)
        remove_leftovers(self.path)
        remove_leftovers(self.path / RECEIPTS)
        return replace(self, plan=found.get(SEAL, "")), begun

    def _begin_again(self, plan: dict[str, Any], claim: Claim) -> None:
        """Remove what is there and write ``plan``, unless another process is at work."""
        if (self.path / PLAN).exists():
            claim.hold(self.path / PLAN)
        claim.keep_others_out()
        self._clear()
        write_json(self.path / PLAN, sealed(plan), replace=True)
        claim.share()

    def pending(self, *, index: int = 0, of: int = 1, trust: bool = True) -> list[int]:
        """Return the blocks that are not done, of those whose number is ``index`` modulo ``of``."""
        return [block for block in range(index, self.n_blocks, of) if not self.is_done(block, trust=trust)]

    def is_done(self, block: int, *, trust: bool = True) -> bool:
        """Whether there is a receipt of this plan and the shard that it is for, of the size that it says.

        Without ``trust`` the bytes are read and held to the sha256 of the receipt.
        """
        receipt = self._receipt(block)
        return receipt is not None and self._is_for(receipt, block, trust)

    def forget(self, block: int, *, trust: bool = True) -> None:
        """Remove a receipt that is not for the shard that lies there, and that shard.

        Where there is no receipt nothing is removed: it may come from another process at any moment, with its shard.
        Raises ``UsageError`` when the receipt is of the plan with which another process has begun the folder again.
        """
        receipt = self._receipt(block)
        if receipt is not None and not self._is_for(receipt, block, trust):
            self.check_plan()
            self.receipt(block).unlink(missing_ok=True)
            self.shard(block).unlink(missing_ok=True)

    def _receipt(self, block: int) -> dict[str, Any] | None:
        """Return a receipt, one that cannot be read as ``{}``, or None where there is none."""
        try:
            return read_sealed(self.receipt(block), _RECEIPT, required=True)
        except FileNotFoundError:
            return None
        except DataError:  # torn or edited: the shard is made again
            return {}

    def check_plan(self) -> None:
        """Raise ``UsageError`` when the plan that lies there is another by now, or gone."""
        there = self.path / PLAN
        if not there.exists() or read_sealed(there, _PLAN, hint=_BEGIN).get(SEAL, "") != self.plan:
            raise UsageError(
                f"{self.path}: was begun again by another process with other settings, or removed",
                hint="name another folder; what the other one makes there is left as it is",
            )

    def _is_of(self, receipt: dict[str, Any]) -> bool:
        return bool(receipt.get("plan", self.plan) == self.plan)  # an older zhprep did not say it

    def _is_for(self, receipt: dict[str, Any], block: int, trust: bool) -> bool:
        shard = self.shard(block)
        if not self._is_of(receipt) or not shard.exists() or shard.stat().st_size != receipt.get("bytes"):
            return False
        return trust or file_sha256(shard) == receipt.get("sha256")

    def receipts(self) -> list[dict[str, Any]]:
        """Return every receipt, in the order of the blocks.

        Raises ``DataError`` for one that cannot be read, or is of another plan.
        """
        return [self._read_receipt(block) for block in range(self.n_blocks)]

    def _read_receipt(self, block: int) -> dict[str, Any]:
        receipt = read_sealed(self.receipt(block), _RECEIPT, required=True)
        if not self._is_of(receipt):
            raise DataError(f"{self.receipt(block)}: is of another plan than the folder's", hint=_AGAIN)
        return receipt

    def account(self, block: int) -> Account:
        """Return the account of a finished block."""
        return Account.from_dict(self._read_receipt(block)["account"])

    def finish(
        self, table: str, plan: dict[str, Any], facts: dict[str, Any], beside: Iterable[str] = ()
    ) -> dict[str, Any]:
        """Write the manifest and what makes the folder a Hugging Face dataset; return the manifest.

        ``beside`` are the files beside the shards, by their paths in the folder.
        """
        manifest = self.manifest(table, plan, facts)
        for name in (WORKING, MADE, FAILED):
            shutil.rmtree(self.path / name, ignore_errors=True)
        sha = manifest["content_sha256"]
        files = [{"filename": shard["name"]} for shard in manifest["shards"]]
        write_json(self.path / STATE, {**_HF_STATE, "_data_files": files, "_fingerprint": sha[:16]}, replace=True)
        write_json(self.path / INFO, {}, replace=True)
        promised = facts_of_files(self.path, (STATE, INFO, *beside))
        return write_manifest(self.path, {**manifest, "files": promised})

    def manifest(self, table: str, plan: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
        """Return what plan and receipts give the manifest: a function of the work, not of who did it, where or when."""
        receipts = self.receipts()
        account = Account.total(Account.from_dict(receipt["account"]) for receipt in receipts)
        account.drop("inputs.damaged", sum(bool(source["damaged"]) for source in plan["corpus"]["inputs"]))
        return {
            "table": table,
            "version": schema.VERSION,
            "zhprep": plan["zhprep"],
            "dependencies": plan["dependencies"],
            "config": plan["config"],
            "input_sha256": _json_sha256(plan["corpus"]),
            **({"origin": plan["origin"]} if "origin" in plan else {}),  # an older zhprep did not say it
            **facts,
            "shards": [
                {"name": self.shard(block).name, **{fact: receipt[fact] for fact in ("rows", "bytes", "sha256")}}
                for block, receipt in enumerate(receipts)
            ],
            "account": account.as_dict(),
            "content_sha256": content_sha256(receipt["sha256"] for receipt in receipts),
        }

    def abandon(self, claim: Claim) -> None:
        """Take away the plan when nothing came of it (an error before the first shard) and nobody else is at work."""
        if not any((self.path / RECEIPTS).glob("*.json")) and claim.is_alone():
            self._clear()
            (self.path / PLAN).unlink(missing_ok=True)

    def _clear(self) -> None:
        """Remove what zhprep wrote here, by name, and nothing else; the plan stays, to say whose folder this is.

        Receipts go before shards, so that whoever is killed in between leaves nothing that passes for done.
        """
        if not (self.path / PLAN).exists():
            if self.path.exists() and any(not entry.name.startswith((PREFIX, ".")) for entry in self.path.iterdir()):
                raise UsageError(
                    f"{self.path}: was not made by zhprep; it is left as it is", hint="name another folder"
                )
            return
        for name in (MANIFEST, STATE, INFO):
            (self.path / name).unlink(missing_ok=True)
        for name in (RECEIPTS, WORKING, MADE, FAILED, QUARANTINE):
            shutil.rmtree(self.path / name, ignore_errors=True)
        for file in self.path.iterdir():
            if SHARD.fullmatch(file.name):
                file.unlink()


def open_folder(path: Path) -> tuple[Folder, dict[str, Any]]:
    """Return the folder at ``path`` and its plan; raises ``DataError`` when there is no plan."""
    file = path / PLAN
    if not file.exists():
        raise DataError(f"{path}: has no plan.json: it was not made by zhprep", hint="name a folder that -o named")
    plan = read_sealed(file, _PLAN, hint=_BEGIN)
    return Folder(path, len(plan["corpus"]["blocks"]), plan.get(SEAL, "")), plan


def content_sha256(shards: Iterable[str]) -> str:
    """Return the sha256 over the shards' own sha256 digests, in order."""
    total = hashlib.sha256()
    for digest in shards:
        total.update(bytes.fromhex(digest))
    return total.hexdigest()


def _json_sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
