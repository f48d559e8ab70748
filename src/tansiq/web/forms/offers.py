"""The forms of what programs offered: two buttons."""

from tansiq.correspondence import acts
from tansiq.parties.duties import Permission
from tansiq.web.access import ActForm


class TakeOffer(ActForm):
    """Take an offer up as drafts of one's own: a button alone."""

    act = staticmethod(acts.take_offer)
    permission = Permission.OFFER_TAKE


class DiscardOffer(ActForm):
    """Make no letter of an offer: a button alone."""

    act = staticmethod(acts.discard_offer)
    permission = Permission.OFFER_DISCARD
