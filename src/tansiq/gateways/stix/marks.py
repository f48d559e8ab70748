"""How handling travels: Tansiq's handling codes beside the Traffic Light Protocol 2.0, as STIX marking definitions.

TLP 2.0 (FIRST, August 2022) goes by the extension that OASIS published for STIX 2.1; its five definitions have fixed
ids. What comes under an agreement may not be passed on without its originator's signed consent, so nothing leaves
below TLP:AMBER+STRICT (one's own organisation); H2 and H3 leave as TLP:RED. The exact code goes beside it.
"""

from typing import Any
from uuid import UUID, uuid5

from tansiq.exchange.label import Handling

SPACE = UUID("6f0f6d0a-1d5b-4c39-9a43-4f6b1d9d2c71")
"""The name space of every id that is made here (RFC 9562, version 5)."""

TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
TLP_DATE = "2022-10-01T00:00:00.000Z"
TLP = {
    "clear": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "amber+strict": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "red": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}

TLP_1 = {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": "clear",
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": "green",
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": "amber",
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": "red",
}
"""The definitions of TLP 1 that STIX 2.1 itself fixes (section 7.2.1.4); its amber is read as AMBER."""

OUT = {Handling.H0: "amber+strict", Handling.H1: "amber+strict", Handling.H2: "red", Handling.H3: "red"}

IN = {
    "clear": Handling.H0,
    "green": Handling.H0,
    "amber": Handling.H2,
    "amber+strict": Handling.H2,
    "red": Handling.H3,
}

SAID = {
    Handling.H0: "H0: no restriction on use",
    Handling.H1: "H1: not as evidence without the originator's permission",
    Handling.H2: "H2: only with the originator's permission",
    Handling.H3: "H3: another restriction, written in the letter",
}
"""What the codes mean, in the language of the format."""

DATE = "2025-01-01T00:00:00.000Z"
"""When the definitions made here were made: they do not change."""


def name(kind: str, what: str) -> str:
    """The id of an object made here: the same at every node."""
    return f"{kind}--{uuid5(SPACE, what)}"


CODES = {code: name("marking-definition", f"handling/{code}") for code in Handling}
"""The definition of each handling code."""


def marks(handling: Handling) -> list[str]:
    """The marking definitions of a letter."""
    return [TLP[OUT[handling]], CODES[handling]]


def definitions(maker: str) -> list[dict[str, Any]]:
    """Every marking definition that letters may refer to."""
    tlp = [
        {
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": TLP[level],
            "created": TLP_DATE,
            "name": f"TLP:{level.upper()}",
            "extensions": {TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": level}},
        }
        for level in sorted(set(OUT.values()))
    ]
    codes = [
        {
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": CODES[code],
            "created_by_ref": maker,
            "created": DATE,
            "name": f"Handling {code}",
            "definition_type": "statement",
            "definition": {"statement": SAID[code]},
        }
        for code in Handling
    ]
    return tlp + codes


def handling_of(refs: list[str]) -> tuple[Handling, tuple[str, ...]]:
    """The strictest handling that these markings ask for, and the markings that are not known here.

    A marking that is not known may ask for anything, so it counts as H3.
    """
    known = {ref: code for code, ref in CODES.items()}
    known |= {ref: IN[level] for level, ref in TLP.items()} | {ref: IN[level] for ref, level in TLP_1.items()}
    strange = tuple(ref for ref in refs if ref not in known)
    found = [known[ref] for ref in refs if ref in known] + [Handling.H3] * bool(strange)
    return max(found, default=Handling.H0), strange
