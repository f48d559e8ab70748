"""How pages write codes, positions, times, ages and numbers, in the reader's language.

Positions are degrees and decimal minutes, as on a chart (IHO S-4, B-131); times are UTC, with the node's own time
beside; numbers follow the Unicode CLDR, for Arabic that of Morocco (`ar_MA`: 48.963 and 4,12). Whatever reads from the
one side alone (a position, a code, a digest) stands in `<bdi>`, so that Arabic text does not turn it round.
"""

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import InvalidOperation
from enum import Enum
from typing import Any, NamedTuple
from uuid import uuid4
from zoneinfo import ZoneInfo

from allauth.socialaccount.adapter import get_adapter
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit
from django import template
from django.conf import settings
from django.forms import BoundField, CheckboxInput
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tansiq.exchange.agreements.terms import Text
from tansiq.exchange.desks import Stay
from tansiq.exchange.kinds import Kind
from tansiq.exchange.kinds.desks import ReturnReason, Step
from tansiq.exchange.kinds.watch import Because
from tansiq.exchange.measures import is_cut
from tansiq.exchange.values import ChannelHealth, Event
from tansiq.ground import clock
from tansiq.parties.duties import Duty, Permission
from tansiq.parties.values import Officer, node_of
from tansiq.reporting.values import Card, Origin, Record
from tansiq.rescue.classes import object_class
from tansiq.rescue.values import AgeGroup, OutcomeKind, PersonState, Phase, Sex, TaskState
from tansiq.sea.units import KNOT, NAUTICAL_MILE
from tansiq.watch.values import Alert, Situation
from tansiq.web import letters, log, tones, words

register = template.Library()

LOCALES = {"ar": "ar_MA", "fr": "fr", "es": "es", "en": "en_GB"}
LONGEST_TITLE = 72
DIGEST = re.compile(r"[0-9a-f]{64}")
WAITS_LONG = timedelta(minutes=2)
"""How long a parcel may wait before its channel is no longer shown as good."""
SIZES = {"byte": 1, "kilobyte": 10**3, "megabyte": 10**6, "gigabyte": 10**9}
UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def locale() -> str:
    """The CLDR locale of the reader's language."""
    return LOCALES.get((get_language() or "en")[:2], "en_GB")


@register.filter
def word(code: Enum | str, noun: str = "") -> str:
    """The word for a code; for one that came as plain text, `noun` says what it is a code of."""
    return str(words.word(code, noun))


@register.filter
def number(value: float, digits: int = 0) -> str:
    """A number with so many decimals."""
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    try:
        return format_decimal(value, format=pattern, locale=locale())
    except InvalidOperation:  # more digits than a decimal holds: a partner may write any number
        return f"{value:.2e}"


@register.filter
def data_size(size: int) -> str:
    """So many bytes in the largest unit of a thousand: 1.2 MB."""
    unit = next((unit for unit in ("gigabyte", "megabyte", "kilobyte") if size >= SIZES[unit]), "byte")
    size_in = round(size / SIZES[unit], 1) if unit != "byte" else size
    return format_unit(size_in, f"digital-{unit}", "short", locale=locale())


@register.filter
def percent(value: float, digits: int = 0) -> str:
    """A share of one, in percent."""
    pattern = "#,##0" + ("." + "0" * digits if digits else "") + "%"
    return format_percent(value, format=pattern, locale=locale())


@register.filter
def miles(metres: float, digits: int = 1) -> str:
    """A length in nautical miles."""
    if 0 < metres < NAUTICAL_MILE / 10**digits / 2:
        return f"{number(metres)} m"  # "0.00 M" would promise what nothing at sea keeps
    return f"{number(metres / NAUTICAL_MILE, digits)} M"


@register.filter
def knots(speed: float, digits: int = 1) -> str:
    """A speed, given in m/s, in knots."""
    return f"{number(speed / KNOT, digits)} kn"


@register.filter
def bearing(degrees: float) -> str:
    """A direction as three figures."""
    return f"{round(degrees) % 360:03d}°"


def written_position(lat: float, lon: float) -> str:
    """35°42.1′N 004°55.8′W: degrees, minutes to a tenth."""

    def side(value: float, width: int, positive: str, negative: str) -> str:
        tenths = round(abs(value) * 600)
        letter = positive if value >= 0 else negative
        return f"{tenths // 600:0{width}d}°{tenths % 600 / 10:04.1f}′{letter}"

    return f"{side(lat, 2, 'N', 'S')} {side(lon, 3, 'E', 'W')}"


@register.simple_tag
def position(lat: float | None, lon: float | None) -> str:
    """A place at sea."""
    if lat is None or lon is None:
        return "–"
    return format_html('<bdi class="num" dir="ltr">{}</bdi>', written_position(lat, lon))


@register.filter
def hour(at: datetime) -> SafeString:
    """The time of day in UTC; the day and the local time are in its title."""
    return _time(at, format_html('<bdi class="num">{}</bdi>', at.strftime("%H:%M")))


@register.filter
def moment(at: datetime) -> SafeString:
    """Day and time in UTC, with the local time beside where it differs."""
    local = _local(at)
    day = format_date(at, "d MMM y", locale=locale())
    text = format_html('{} <bdi class="num">{}Z</bdi>', day, at.strftime("%H:%M"))
    if local.utcoffset() != at.utcoffset():
        text = format_html('{} <small><bdi class="num">({})</bdi></small>', text, local.strftime("%H:%M"))
    return _time(at, text)


@register.filter
def offset(at: datetime) -> int:
    """By how many minutes the node's own time is ahead of UTC."""
    ahead = _local(at).utcoffset()
    return int(ahead.total_seconds() // 60) if ahead else 0


@register.filter
def day(at: datetime) -> str:
    """A day in words."""
    return str(format_date(at, "d MMM y", locale=locale()))


def _local(at: datetime) -> datetime:
    """A moment in the node's own time; in UTC where that lies beyond the calendar, as a partner may write it."""
    try:
        return at.astimezone(ZoneInfo(settings.TANSIQ_TIMEZONE))
    except OverflowError:
        return at.astimezone(UTC)


def _time(at: datetime, text: str) -> SafeString:
    local = _local(at)
    title = format_datetime(local, "EEEE d MMMM y HH:mm z", locale=locale())
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), title, text)


@register.filter
def age(at: datetime) -> SafeString:
    """How long ago; the browser counts it up."""
    return format_html(
        '<time class="age" data-age datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        at.strftime("%Y-%m-%d %H:%M:%SZ"),
        span((clock.now() - at).total_seconds()),
    )


@register.filter
def span(seconds: float) -> str:
    """A length of time in its largest unit: 42 min."""
    seconds = max(0, round(seconds))
    size, unit = next((one for one in UNITS if seconds >= 2 * one[0] or one[0] == 1), UNITS[-1])
    return format_unit(seconds // size, f"duration-{unit}", "short", locale=locale())


@register.filter
def lasted(stay: Stay) -> str:
    """How long somebody held a letter that others hold now."""
    return span((stay.until - stay.since).total_seconds()) if stay.until else ""


@register.filter
def time_to(until: datetime, now: datetime) -> str:
    """How long it is until then."""
    return _("in %(time)s") % {"time": span((until - now).total_seconds())}


@register.simple_tag(takes_context=True)
def agency(context: template.Context, code: str) -> str:
    """An agency by its name in the reader's language, with its code in the title."""
    known = context["agency_names"].get(code)
    name = known.name(get_language() or "en") if known else code if "." in code else code.upper()
    return format_html('<bdi title="{}">{}</bdi>', code, name)


@register.filter
def state(code: str) -> str:
    """The node that speaks for an agency, in capitals: MA."""
    return node_of(code).upper()


@register.filter
def digest(text: str) -> SafeString:
    """The beginning of a digest; the whole is in its title."""
    return format_html('<bdi dir="ltr"><code class="digest" title="{}">{}…</code></bdi>', text, text[:10])


@register.filter
def tick_box(field: BoundField) -> bool:
    """Whether a field is drawn with its label after it."""
    return isinstance(field.field.widget, CheckboxInput)


@register.filter
def at(table: Any, key: Any) -> Any:
    """What a mapping holds under a key, or nothing."""
    return table.get(key) if table else None


@register.simple_tag
def listed(items: Iterable[Any]) -> SafeString:
    """Things side by side, each set apart from the direction of the text."""
    return format_html_join(" ", "<bdi>{}</bdi>", ((item,) for item in items))


@register.filter
def as_json(value: Any) -> str:
    """Data for a script, to stand in an attribute: pages carry no script of their own."""
    return json.dumps(value)


class Provider(NamedTuple):
    """An OpenID Connect provider on the sign-in page."""

    name: str
    url: str


@register.simple_tag(takes_context=True)
def identity_providers(context: template.Context) -> list[Provider]:
    """The providers that this node's settings name."""
    request = context["request"]
    found = get_adapter().list_providers(request)
    return [Provider(one.app.name, one.get_login_url(request, process="login")) for one in found]


@register.simple_tag
def new_token() -> str:
    """The token of one more form: what is sent with it is done once."""
    return str(uuid4())


@register.filter
def holds(officer: Officer | None, permission: str) -> bool:
    """Whether the reader's duty carries a permission."""
    return officer is not None and officer.holds(Permission(permission))


@register.filter
def because(reason: Because) -> str:
    """Why an alert was raised, with the numbers that it rests on."""
    text = str(words.word(reason.code))
    try:
        return text % reason.values
    except (KeyError, ValueError, TypeError):
        return text  # a partner's reason may lack a number that ours has


@register.simple_tag(takes_context=True)
def signer(context: template.Context, signature: str) -> str:
    """Who did something, from `agency/duty/person`: the agency and the duty; the person is in the title."""
    code, _, rest = signature.partition("/")
    duty, _, person = rest.partition("/")
    named = str(words.word(Duty(duty))) if duty in set(Duty) else str(words.word(duty, "sender"))
    known = str(words.word(code, "sender")) if code in words.CODES["sender"] else agency(context, code)
    return format_html('<span title="{}">{}{}</span>', person or signature, known, f" · {named}" if named else "")


PLACES = {
    "watch.alert": "alert",
    "rescue.case": "case",
    "exchange.envelope": "envelope",
    "exchange.letter": "envelope",
    "exchange.steering": "envelope",
    "exchange.desk": "passing",
    "exchange.liaison": "liaison_post",
    "exchange.mandate": "liaison_post",
    "correspondence.request": "request",
}
"""The pages of the things that events are about."""


@register.filter
def place_of(event: Event) -> str:
    """The page of what an event is about, or of the case that it belongs to."""
    route = PLACES.get(event.name.rpartition(".")[0])
    if route and event.thing.int:
        return reverse(route, args=[event.thing])
    case = event.detail.get("case")
    return reverse("case", args=[case]) if case else ""


@register.filter
def by_machine(event: Event) -> bool:
    """Whether a node did it by itself: what a person does is signed with agency, duty and name."""
    return event.name in log.MECHANICAL and "/" not in event.by


@register.filter
def runs(events: Iterable[Event]) -> list[tuple[Event, ...]]:
    """The lines of a log, where what nodes do by themselves many times over is one line."""
    return log.runs(events)


@register.filter
def letter_field(key: str) -> SafeString:
    """What a field of an opened letter is called."""
    return format_html("<bdi>{}</bdi>", comma().join(letters.field(key)))


@register.filter
def letter_value(told: object, key: str) -> SafeString:
    """What stands in a field of an opened letter; a sign stays before its number."""
    return format_html('<bdi dir="{}">{}</bdi>', "auto" if isinstance(told, str) else "ltr", letters.value(told, key))


@register.simple_tag
def details(event: Event) -> str:
    """What an event says beside its name, as far as there are words for it."""
    said = [tell(event.detail[key]) for key, tell in DETAILS.items() if key in event.detail]
    return format_html_join("", " · {}", ((text,) for text in said if text))


DETAILS: dict[str, Callable[[Any], str]] = {
    "situation": lambda code: str(words.word(Situation(code))) if code in set(Situation) else str(code),
    "kind": lambda code: str(words.word(Kind(code))) if code in set(Kind) else str(code),
    "phase": lambda code: str(words.word(Phase(code))) if code in set(Phase) else str(code),
    "answer": lambda code: str(words.word(TaskState(code))) if code in set(TaskState) else str(code),
    "outcome": lambda code: str(words.word(OutcomeKind(code))) if code in set(OutcomeKind) else str(code),
    "unit": lambda name: format_html("<bdi>{}</bdi>", name),
    "to": lambda codes: format_html("<bdi>→ {}</bdi>", codes),
    "step": lambda code: str(words.word(Step(code))) if code in set(Step) else str(code),
    "returned": lambda code: str(words.word(ReturnReason(code))) if code in set(ReturnReason) else str(code),
    "officer": lambda name: format_html("<bdi>{}</bdi>", name),
    "hours": lambda hours: format_unit(hours, "duration-hour", "short", locale=locale()),
    "pos": lambda share: format_html("<bdi>POS {}</bdi>", percent(share)),
    "serial": lambda serial: format_html("<bdi>SITREP {}</bdi>", serial),
    "tracks": lambda count: number(count),
    "rule": lambda rule: format_html("<code>{}</code>", rule),
    "reason": lambda code: str(words.word(code)),
    "refused": lambda code: format_html("<b>{}</b>: {}", _("Refused"), words.word(code)),
}
"""How each detail is told; what is not here is not shown."""


@register.filter
def tone(state: Enum) -> str:
    """The colour family that a state is shown in; none for what asks for nothing."""
    return tones.TONES.get((type(state), str(state)), "")


@register.filter
def object_name(kind: int) -> str:
    """A leeway class in the reader's language."""
    names = object_class(kind).names
    return names.get((get_language() or "en")[:2]) or names["en"]


@register.filter
def persons_words(key: str) -> str:
    """Whom a count is of: "alive.female.minor" in words."""
    state, sex, group = key.split(".")
    return comma().join((word(PersonState(state)), word(Sex(sex)), word(AgeGroup(group))))


def comma() -> str:
    """What stands between the parts of a phrase: Arabic has its own comma."""
    return "، " if get_language() == "ar" else ", "


@register.filter
def said(text: Text | dict[str, str]) -> str:
    """A text that stands in four languages, in the reader's."""
    language = (get_language() or "en")[:2]
    if isinstance(text, Text):
        return text.said(language)
    return text.get(language) or text.get("en", "")


@register.filter
def named(card: Card) -> str:
    """An indicator's name."""
    return card.name((get_language() or "en")[:2])


@register.filter
def defined(card: Card) -> str:
    """An indicator's definition."""
    return card.definition((get_language() or "en")[:2])


@register.simple_tag(takes_context=True)
def part_words(context: template.Context, part: str) -> str:
    """A part of a figure: an agency, an agreement by its digest, or codes joined by dots."""
    if part in context["agency_names"]:
        return agency(context, part)
    if DIGEST.fullmatch(part):
        return digest(part)
    return comma().join(str(words.word(code, "part")) for code in part.split(".")) if part else "–"


RECORD_PAGES = {Origin.CASE: "case", Origin.ALERT: "alert", Origin.ENVELOPE: "envelope"}


@register.filter
def record_place(record: Record) -> str:
    """Where a record opens."""
    return reverse(RECORD_PAGES[record.origin], args=[record.id])


@register.filter
def kind_word(kind: str) -> str:
    """A kind of letter that an agreement names."""
    return word(Kind(kind)) if kind in set(Kind) else kind


@register.filter
def duty_word(duty: str) -> str:
    """A duty that an agreement names."""
    return word(Duty(duty)) if duty in set(Duty) else str(words.word(duty, "sender"))


@register.filter
def words_apart(text: str) -> list[str]:
    """The words of a card, one by one."""
    return text.replace("-", " ").split()


@register.filter
def codes(text: str) -> list[str]:
    """The agencies that a SITREP names with commas between."""
    return [code.strip() for code in text.split(",") if code.strip()]


@register.filter
def is_list(value: Any) -> bool:
    """Whether a part of a letter is a list."""
    return isinstance(value, list | tuple)


@register.filter
def channel_state(channel: ChannelHealth) -> str:
    """How a channel fares: `good`, `fair` (something waits, or nothing was heard yet), `poor` (trouble, or silence)."""
    if channel.trouble or (channel.seen_at is not None and is_cut(channel.seen_at, clock.now())):
        return "poor"
    waits = channel.oldest is not None and clock.now() - channel.oldest > WAITS_LONG
    return "fair" if waits or channel.seen_at is None else "good"


@register.filter
def alert_title(alert: Alert) -> str:
    """What an alert is called: what a person reported in its own words, or the situation and the vessel."""
    if alert.situation == Situation.REPORTED and alert.text:
        return alert.text if len(alert.text) <= LONGEST_TITLE else alert.text[:LONGEST_TITLE].rpartition(" ")[0] + "…"
    return f"{word(alert.situation)} {alert.name or alert.mmsi or ''}".strip()
