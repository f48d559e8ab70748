"""What reporting allows. Pure."""

from datetime import datetime, timedelta

from tansiq.exchange.kinds.reporting import ClaimLetter
from tansiq.ground.verdict import Allowed, Refused, Step, Verdict
from tansiq.parties.duties import Permission
from tansiq.reporting.cards import cards
from tansiq.reporting.values import Basis, Qualifier, Reason

LONGEST = timedelta(days=366 * 5)


def may_count(start: datetime, end: datetime) -> Verdict:
    """A period begins before it ends, and is no longer than five years."""
    if not timedelta(0) < end - start <= LONGEST:
        return Refused(Reason.BAD_PERIOD, Basis.PERIOD)
    return Allowed()


def may_claim(start: datetime, end: datetime, to: tuple[str, ...], now: datetime) -> Verdict:
    """Figures are claimed for a period that is over, towards someone."""
    if isinstance(verdict := may_count(start, end), Refused):
        return verdict
    if end > now:
        return Refused(Reason.BAD_PERIOD, Basis.PERIOD, Step(Permission.CLAIM_SEND))
    if not to:
        return Refused(Reason.NOBODY, Basis.STATISTICS)
    return Allowed()


def may_receive(letter: ClaimLetter, sender: str) -> Verdict:
    """A party claims for itself, under a card that is known here, and in that card's unit."""
    if letter.body != sender:
        return Refused(Reason.NOT_YOURS, Basis.STATISTICS)
    known = {each.indicator.value: each for each in cards() if each.claimable}
    if letter.indicator not in known:
        return Refused(Reason.UNKNOWN_INDICATOR, Basis.CARD)
    if letter.unit != known[letter.indicator].unit.value or letter.qualifier not in set(Qualifier):
        return Refused(Reason.OTHER_UNIT, Basis.CARD)
    parts = sum(letter.breakdown.values())
    if letter.value < 0 or any(part < 0 for part in letter.breakdown.values()) or (parts and parts != letter.value):
        return Refused(Reason.BAD_NUMBER, Basis.CARD)
    return may_count(letter.start, letter.end)
