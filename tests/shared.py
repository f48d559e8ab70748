"""The folder of recordings and experiments that stands beside a developer's checkout, where there is one."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"


def data(*parts: str) -> Path:
    """A recording in the shared folder; the test that asks for one that is not there is skipped, and says so."""
    path = SHARED.joinpath("data", *parts)
    if not path.exists():
        pytest.skip(f"needs the recording {'/'.join(parts)} in the shared folder beside the checkout")
    return path
