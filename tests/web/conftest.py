"""The pages' tests: jobs run where they are started. Sign-in attempts stand in the database, and end with the test."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from tansiq.web import jobs


class AtOnce:
    """Does a piece of work before it returns: a test's transaction is not seen by other threads."""

    def submit(self, _done: Callable[..., Any], work: Callable[[], Any]) -> "Future[Any]":
        """Do it now."""
        future: Future[Any] = Future()
        try:
            future.set_result(work())
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_workers", AtOnce())
    monkeypatch.setattr(jobs, "_running", {})
