"""The pages' tests: sign-in attempts of one test are no attempts of another, and jobs run where they are started."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from django.core.cache import cache

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
def _quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    cache.clear()
    monkeypatch.setattr(jobs, "_workers", AtOnce())
    monkeypatch.setattr(jobs, "_running", {})
    yield
    cache.clear()
