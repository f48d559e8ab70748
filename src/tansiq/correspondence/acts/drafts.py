"""Keep a letter that is being written, and drop it. Nobody is told, so nothing is logged: nothing has been done yet."""

import os
from datetime import datetime
from uuid import UUID

from django.db import transaction

from tansiq.correspondence import box, models, rules
from tansiq.correspondence.values import Fields
from tansiq.exchange.models.own import own
from tansiq.ground.errors import Missing
from tansiq.ground.verdict import Refused
from tansiq.parties.values import Officer


@transaction.atomic
def keep_draft(*, draft: UUID, kind: str, fields: Fields, by: Officer, now: datetime) -> Refused | None:
    """Keep what was typed so far, in place of what was kept before. Drafts that nobody touches are dropped in time."""
    text = box.write_fields(fields)
    verdict = rules.may_keep_draft(len(text))
    if isinstance(verdict, Refused):
        return verdict
    _check_writer(draft, by)
    sealed = box.close(text, storage=own().storage, draft=draft, person=by.person, nonce=os.urandom(box.NONCE))
    models.Draft.objects.update_or_create(
        id=draft, defaults={"person": by.person, "kind": kind, "at": now, "box": sealed}
    )
    models.Draft.objects.filter(at__lt=now - rules.DRAFT_LIFE).delete()
    return None


@transaction.atomic
def drop_draft(*, draft: UUID, by: Officer, now: datetime) -> None:
    """Forget a draft. One that is not there is forgotten already."""
    _check_writer(draft, by)
    models.Draft.objects.filter(id=draft).delete()


def _check_writer(draft: UUID, by: Officer) -> None:
    row = models.Draft.objects.select_for_update().filter(id=draft).first()
    if row is not None and row.person != by.person:
        raise Missing("There is no such draft.")
