"""Writes the JSON Schemas of all that goes over the wire into docs/protocol/schemas, from the structs that define it.

    python -m tools.schemas           write them, and drop those whose struct is gone
    python -m tools.schemas --check   list what is out of date; exit status 1 when anything is

JSON Schema 2020-12, as msgspec makes it.
"""

import sys
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from typing import Any

import msgspec

from tansiq.exchange.kinds import SCHEMAS

FOLDER = Path(__file__).parents[1] / "docs/protocol/schemas"

DOCUMENTS = {
    "route": ("label", "Route"),
    "label": ("label", "Label"),
    "receipt": ("receipts", "Receipt"),
    "receipt-root": ("receipts", "ReceiptRoot"),
    "hold": ("receipts", "Hold"),
    "head": ("receipts", "SignedHead"),
    "cosignature": ("receipts", "Cosignature"),
    "card": ("cards", "PartnerCard"),
    "agreement": ("agreements.terms", "Agreement"),
    "agreement-signature": ("agreements.standing", "PartySignature"),
    "agreement-statement": ("agreements.standing", "Statement"),
    "ledger-entry": ("ledger", "Entry"),
    "answer": ("transport", "Answer"),
    "head-answer": ("transport", "HeadAnswer"),
    "catch-up": ("transport", "CatchUp"),
    "officer-card": ("officers", "OfficerCard"),
    "recovery": ("recovery", "Recovery"),
    "words": ("transport", "Words"),
    "consent": ("onward", "Consent"),
    "recall": ("recalls", "Recall"),
    "correction": ("corrections", "Correction"),
    "statement": ("recalls", "HolderStatement"),
    "proof": ("proof", "InclusionProof"),
    "proof-file": ("evidence", "Evidence"),
}
"""What is no letter: the file's name -> the module of the exchange and its struct."""


def schemas() -> dict[str, str]:
    """Every schema by the name of its file."""
    structs = {f"letter-{kind}": letter for kind, letter in SCHEMAS.items()}
    for name, (module, struct) in DOCUMENTS.items():
        structs[name] = getattr(import_module(f"tansiq.exchange.{module}"), struct)
    return {f"{name}.json": _write(struct) for name, struct in sorted(structs.items())}


def _write(struct: type[msgspec.Struct]) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **_tidy(msgspec.json.schema(struct))}
    return msgspec.json.format(msgspec.json.encode(schema, order="sorted"), indent=2).decode() + "\n"


def _tidy(part: Any) -> Any:
    """The same schema, its descriptions without the indents of our docstrings."""
    if isinstance(part, dict):
        return {
            key: cleandoc(value) if key == "description" and isinstance(value, str) else _tidy(value)
            for key, value in part.items()
        }
    if isinstance(part, list):
        return [_tidy(each) for each in part]
    return part


def stale() -> list[str]:
    """The files that are missing, differ from their struct, or have none any more."""
    wanted = schemas()
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def main(arguments: list[str]) -> int:
    """Write or check."""
    if arguments == ["--check"]:
        names = stale()
        for name in names:
            print(f"docs/protocol/schemas/{name} is out of date: run python -m tools.schemas", file=sys.stderr)
        return 1 if names else 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = schemas()
    for path in FOLDER.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
