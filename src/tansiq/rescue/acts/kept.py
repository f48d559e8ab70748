"""Fetch rows for an act: locked, and only those its caller may see."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction

from tansiq.ground.errors import Missing
from tansiq.parties.values import Officer, node_of
from tansiq.rescue import models

P = ParamSpec("P")
R = TypeVar("R")


def computes_first(act: Callable[P, R]) -> Callable[P, R]:
    """Mark an act that computes for seconds between short transactions of its own.

    It raises RuntimeError when its caller holds a transaction open, which would keep everyone else waiting.
    """

    @wraps(act)
    def outside(*arguments: P.args, **keywords: P.kwargs) -> R:
        with transaction.atomic(durable=True):
            pass
        return act(*arguments, **keywords)

    return outside


def case_of(case: UUID, by: Officer) -> models.Case:
    """The case, locked until the act ends. Raises Missing where its caller's agency takes no part."""
    try:
        seen = models.Case.objects.seen_by(by.party).values("id")
        return models.Case.objects.whole().select_for_update(of=("self",)).get(id=case, id__in=seen)
    except models.Case.DoesNotExist as error:
        raise Missing(models.missing_case(case)) from error


def known_case(case: UUID) -> models.Case | None:
    """The case that a letter speaks of, locked; none when it is not known here."""
    return models.Case.objects.whole().select_for_update(of=("self",)).filter(id=case).first()


def exercise() -> str:
    """The exercise that this node plays, or nothing."""
    return str(getattr(settings, "TANSIQ_EXERCISE", ""))


def own_agencies(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Those agencies that this node speaks for; its own main one where none is named."""
    node = str(settings.TANSIQ_NODE)
    own = tuple(code for code in codes if node_of(code) == node)
    return own or (str(settings.TANSIQ_AGENCY),)
