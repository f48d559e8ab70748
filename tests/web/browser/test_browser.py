"""Signing in with a second step, every page in Arabic and English, the keys, the palettes, the stream, the phone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.web.browser import people
from tests.web.browser.conftest import ROOT, Node, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

AXE = ROOT / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def pages(node: Node) -> Iterator[tuple[str, str]]:
    """Who opens which page."""
    coordinator = ("/duty", "/alerts/report", f"/alerts/{node.alert}", "/cases", "/cases/new", f"/cases/{node.case}",
                   "/exchange", "/exchange/new", "/exchange/new?kind=request", "/exchange/requests",
                   "/exchange/agreements", "/exchange/exceptions", "/exchange/partners", "/exchange/channels",
                   "/figures",
                   "/figures/persons-rescued", "/ledger", "/directory", "/account", "/account/password",
                   "/account/passkeys")  # fmt: skip
    yield from (("coordinator", path) for path in coordinator)
    yield from (
        ("administrator", path) for path in ("/people", "/directory", "/directory/ma.marine", "/exchange/partners")
    )
    yield from (("auditor", path) for path in ("/ledger", "/people"))
    yield people.CLERK, "/exchange/desk"
    yield "chief", "/exchange/liaison"
    yield "writer", "/figures"
    yield "watch", "/figures"  # not for this duty


def violations(visitor: Visitor) -> list[str]:
    """What axe-core finds on the page as it stands."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed; run `python -m tools.assets`")
    visitor.page.evaluate(AXE.read_text())
    found = visitor.page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [f"{one['id']}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"]]


@pytest.mark.parametrize(("language", "palette"), [("ar", "night"), ("en", "day"), ("ar", "dusk")])
def test_every_page_is_sound(language: str, palette: str, chromium: Browser, node: Node) -> None:
    signed_in: dict[str, Visitor] = {}
    wrong = {}
    for name, path in pages(node):
        if name not in signed_in:
            window = chromium.new_context(
                viewport={"width": 1440, "height": 900}, locale=language, reduced_motion="reduce"
            )
            window.add_init_script(f"localStorage.setItem('tansiq.palette', '{palette}')")
            signed_in[name] = Visitor(window.new_page(), node)
            signed_in[name].sign_in(name)
        visitor = signed_in[name]
        visitor.go(path)
        direction = visitor.page.evaluate("document.documentElement.dir")
        trouble = [said for said in visitor.trouble if not (path == "/figures" and name == "watch" and "403" in said)]
        found = [
            *trouble,
            *violations(visitor),
            *([] if direction == {"ar": "rtl"}.get(language, "ltr") else ["direction"]),
        ]
        visitor.trouble.clear()
        if found:
            wrong[f"{name} {path}"] = found
    for visitor in signed_in.values():
        visitor.page.context.close()

    assert wrong == {}


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_way_in_is_sound(language: str, chromium: Browser, node: Node) -> None:
    window = chromium.new_context(locale=language)
    visitor = Visitor(window.new_page(), node)
    visitor.sign_in(people.WITH_CODE)
    expect(visitor.page.locator("[name=code]")).to_be_visible()

    found = violations(visitor)
    visitor.go("/sign-in")
    found += violations(visitor)
    window.close()

    assert found + visitor.trouble == []


def test_signing_in_asks_for_the_second_step(visitor: Visitor) -> None:
    visitor.sign_in(people.WITH_CODE)
    page = visitor.page
    page.fill("[name=code]", "000000")
    page.click("form:has([name=code]) button")
    expect(page.locator(".error:visible")).to_contain_text("This code is not right.")
    page.fill("[name=code]", people.code())
    page.click("form:has([name=code]) button")
    page.wait_for_url("**/duty")

    expect(page.locator(".bar")).to_contain_text("duty officer")
    page.click(".bar details.menu:last-of-type summary")
    page.click("text=Sign out")
    page.wait_for_url("**/sign-in")


def test_a_wrong_password_opens_nothing(visitor: Visitor) -> None:
    visitor.sign_in("auditor", "not the password at all")

    expect(visitor.page.locator("[role=alert]:visible")).to_contain_text("do not go together")
    visitor.go("/ledger")
    expect(visitor.page).to_have_url(re.compile(r"/sign-in\?next="))


def test_keys_lead_to_rooms_and_to_the_search(visitor: Visitor) -> None:
    visitor.sign_in("coordinator")
    visitor.go("/cases")
    page = visitor.page
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type("no such case")
    assert page.locator("tr[data-row]:visible").count() == 0
    page.locator("h1").click()
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_url("**/duty")


def test_the_palette_stays_on_the_device(visitor: Visitor) -> None:
    visitor.sign_in("coordinator")
    page = visitor.page
    page.click("[data-palette-menu] summary")
    page.click("[data-palette=night]")
    visitor.go("/cases")

    assert page.evaluate("document.documentElement.dataset.theme") == "night"
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert max(int(part) for part in re.findall(r"\d+", ground)[:3]) < 40, "a night screen has no bright surface"


def test_another_s_report_comes_in_by_itself_and_stays_a_report_once(
    visitor: Visitor, chromium: Browser, node: Node
) -> None:
    visitor.sign_in("coordinator")
    visitor.go("/duty")
    window = chromium.new_context(locale="en-GB")
    other = Visitor(window.new_page(), node)
    other.sign_in("watch")
    other.go("/alerts/report")
    page = other.page
    page.fill("[name=text]", "Red flare seen from the cape")
    page.fill("[name=lat]", "35°50.5′N")
    page.fill("[name=lon]", "5 10.0 W")
    page.click("form[action='/alerts/raise'] button")
    page.wait_for_url(re.compile(r"/alerts/[0-9a-f-]{36}$"))
    window.close()

    expect(visitor.page.locator("#alerts")).to_contain_text("Red flare seen from the cape", timeout=10_000)
    expect(visitor.page.locator(".strip")).to_contain_text("Red flare", timeout=10_000)
    assert visitor.page.locator("#alerts [data-row]", has_text="Red flare").count() == 1
    assert visitor.trouble == []


def test_a_case_shows_what_another_does_in_it(visitor: Visitor, chromium: Browser, node: Node) -> None:
    visitor.sign_in("coordinator")
    visitor.go(f"/cases/{node.case}")
    window = chromium.new_context(locale="en-GB")
    other = Visitor(window.new_page(), node)
    other.sign_in("coordinator")
    other.go(f"/cases/{node.case}")
    other.page.click("#new-sitrep summary")
    other.page.fill("[id='rescue.sitrep.send-situation']", "Lifeboat is on scene")
    other.page.click("#new-sitrep button")
    other.page.wait_for_load_state()
    window.close()

    expect(visitor.page.locator("#case-records")).to_contain_text("Lifeboat is on scene", timeout=10_000)
    expect(visitor.page.locator("#case-log")).to_contain_text("SITREP sent", timeout=10_000)
    assert visitor.page.locator("#case-records").count() == 1
    assert visitor.trouble == []


def test_a_form_keeps_what_was_typed_through_an_error_and_an_expired_session(visitor: Visitor) -> None:
    visitor.sign_in("watch")
    visitor.go("/alerts/report")
    page = visitor.page
    page.fill("[name=text]", "A boat without lights")
    page.fill("[name=lat]", "somewhere")
    page.fill("[name=lon]", "-5.1")
    page.click("form[action='/alerts/raise'] button")
    expect(page.locator(".error")).to_contain_text("Write it like")
    expect(page.locator("[name=text]")).to_have_value("A boat without lights")

    page.fill("[name=lat]", "35.9")
    page.context.clear_cookies()
    page.click("form[action='/alerts/raise'] button")
    page.wait_for_load_state()
    visitor.sign_in("watch")
    visitor.go("/alerts/report")
    expect(page.locator("[name=text]")).to_have_value("A boat without lights")
    expect(page.locator("[name=lat]")).to_have_value("35.9")


def test_without_webgl_the_table_is_the_chart(chromium: Browser, node: Node) -> None:
    window = chromium.new_context(locale="en-GB")
    window.add_init_script("HTMLCanvasElement.prototype.getContext = () => null; window.OffscreenCanvas = undefined;")
    visitor = Visitor(window.new_page(), node)
    visitor.sign_in("coordinator")
    visitor.go("/duty")

    expect(visitor.page.locator("[data-chart-table]")).to_be_visible()
    expect(visitor.page.locator("[data-chart-table]")).to_contain_text("MMSI")
    window.close()


def test_the_drift_is_walked_through_by_the_keyboard(visitor: Visitor, node: Node) -> None:
    visitor.sign_in("coordinator")
    visitor.go(f"/cases/{node.case}")
    slider = visitor.page.locator("[data-hours]")
    expect(slider).to_be_enabled()
    slider.focus()
    visitor.page.keyboard.press("ArrowRight")
    visitor.page.keyboard.press("ArrowRight")

    expect(visitor.page.locator("[data-hour-after]")).to_have_text(re.compile(r"^\+2 h"))
    assert visitor.trouble == []


@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_phone_shows_strip_list_then_chart_and_scrolls_one_way(language: str, chromium: Browser, node: Node) -> None:
    window = chromium.new_context(viewport={"width": 390, "height": 844}, locale=language)
    visitor = Visitor(window.new_page(), node)
    visitor.sign_in("coordinator")
    for _, path in (one for one in pages(node) if one[0] == "coordinator"):
        visitor.go(path)
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390, path
    visitor.go("/duty")
    tops = [visitor.page.locator(part).bounding_box()["y"] for part in (".strip", "#alerts", ".chart")]  # type: ignore[index]  # shown
    window.close()

    assert tops == sorted(tops)


def test_there_is_a_picture_of_the_duty_room_for_the_readme() -> None:
    picture = Path(ROOT / "docs/duty-room.png")

    assert picture.stat().st_size < 300_000


def test_a_request_is_written_its_channel_shown_while_typing_and_sent(visitor: Visitor) -> None:
    visitor.sign_in("coordinator")
    visitor.go("/duty")
    page = visitor.page
    page.click("text=Write a letter")
    page.wait_for_load_state()
    page.click(".tabs >> text=Request")
    page.wait_for_load_state()
    page.check("[name=to][value='es.salvamento']")
    page.fill("[name=subject]", "A grey boat")
    page.fill("[name=question]", "Who registered it?")
    page.select_option("[name=topic]", "political")
    page.select_option("[name=purpose]", "investigation")
    expect(page.locator("#choices")).to_contain_text("The topic is barred by the agreement.", timeout=10_000)
    page.select_option("[name=topic]", "drugs")
    expect(page.locator("#choices .fits")).to_have_count(1, timeout=10_000)
    expect(page.locator("#choices .fits input")).to_be_checked()
    visitor.go(page.url.removeprefix(visitor.node.url))
    expect(page.locator("[name=question]")).to_have_value("Who registered it?")
    page.click("#choices button.primary")
    page.wait_for_url(re.compile(r"/exchange/requests/[0-9a-f-]{36}$"))

    expect(page.locator("h1")).to_have_text("Request for information")
    expect(page.locator(".steps")).to_contain_text("asked")
    visitor.go("/exchange/requests")
    assert page.locator("tr[data-row]").count() >= 1
    assert violations(visitor) == []
    assert visitor.trouble == []
