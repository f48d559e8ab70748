"""Which kinds of letter officers write, each with its form."""

from collections.abc import Mapping

from tansiq.exchange.kinds import Kind
from tansiq.web.forms.compose import LetterForm, WriteInformation, WriteReply, WriteRequest
from tansiq.web.forms.notices import WriteDiffusion, WriteNotice

FORMS: Mapping[Kind, type[LetterForm]] = {
    each.kind: each for each in (WriteInformation, WriteRequest, WriteReply, WriteNotice, WriteDiffusion)
}
"""The kinds of letter that officers write on the page that chooses a channel."""

BEGUN = (Kind.INFORMATION, Kind.REQUEST, Kind.NOTICE, Kind.DIFFUSION)
"""Those of them that begin something; a reply is begun from its request."""
