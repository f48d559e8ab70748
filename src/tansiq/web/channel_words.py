"""How pages write what a channel says: a rule in its words, the texts it rests on, a desk on the way, hours.

An agreement says its rules in four languages; what every node adds to every agreement has its words in `web.words`.
"""

from datetime import datetime

from babel.units import format_unit
from django import template
from django.utils.translation import get_language

from tansiq.exchange import canon
from tansiq.exchange.choosing import RuleWords
from tansiq.ground import clock
from tansiq.web import filters, words

register = template.Library()


@register.filter
def rule_said(rule: RuleWords) -> str:
    """A rule in the reader's words."""
    if rule.said is not None:
        return rule.said.said((get_language() or "en")[:2])
    return str(words.word(rule.id, "rule"))


@register.filter
def basis_said(rule: RuleWords) -> str:
    """What a rule rests on, as the reader's language cites it."""
    if rule.basis is not None:
        return rule.basis.said((get_language() or "en")[:2])
    return str(words.word(rule.id, "rule-basis"))


@register.filter
def hours(count: int) -> str:
    """So many hours, in days from three days on."""
    size, unit = (count // 24, "day") if count >= 72 and count % 24 == 0 else (count, "hour")
    return format_unit(
        size, f"duration-{unit}", "short" if filters.locale() == "ar_MA" else "long", locale=filters.locale()
    )


@register.filter
def left(due: datetime) -> str:
    """How long until a moment."""
    return filters.span((due - clock.now()).total_seconds())


@register.filter
def millis(at: datetime) -> int:
    """A moment in milliseconds, as an address carries it."""
    return canon.millis(at)
