"""The desk's thread and a liaison post as a person meets them, in Arabic and in English."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.exchange.past_a_desk import SECRET
from tests.web.browser import people
from tests.web.browser.conftest import Node, Visitor
from tests.web.browser.test_browser import violations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SAID = {
    "en": {"asked": "with its sender, who was asked", "again": "has not answered yet", "steered": "with the service",
           "returned": "returned", "offered": "Offered to", "taken": "Post taken over"},
    "ar": {"asked": "لدى المرسل بعد سؤاله", "again": "سبق سؤال المرسل", "steered": "لدى المصلحة",
           "returned": "معادة", "offered": "معروض على", "taken": "تم تسلم المنصب"},
}  # fmt: skip


def visit(chromium: Browser, node: Node, language: str, name: str, width: int = 1440) -> Visitor:
    window = chromium.new_context(viewport={"width": width, "height": 900}, locale=language, reduced_motion="reduce")
    visitor = Visitor(window.new_page(), node)
    visitor.sign_in(name)
    return visitor


def use(page: Page, permission: str) -> None:
    """Press the button of a form."""
    page.locator(f"[id='{permission}'] button.primary, [id='{permission}'] button").first.click()
    page.wait_for_load_state()


@pytest.mark.parametrize("language", SAID)
def test_a_clerk_follows_a_letter_from_the_tray_to_a_service(language: str, chromium: Browser, node: Node) -> None:
    said = SAID[language]
    visitor = visit(chromium, node, language, people.CLERK)
    page = visitor.page
    expect(page).to_have_url(re.compile("/exchange/desk$"))
    assert violations(visitor) == []
    visitor.go("/exchange/desk?which=desk")
    page.locator("#tray tr[data-row] a").first.click()
    page.wait_for_load_state()
    address = page.url
    assert violations(visitor) == []

    use(page, "exchange.desk.take")
    page.locator("details:has([id='exchange.desk.ask']) summary").click()
    page.fill("[id='exchange.desk.ask-words']", "Nador? الناظور")
    use(page, "exchange.desk.ask")
    expect(page.locator(".way [aria-current=step]")).to_contain_text(said["asked"])
    expect(page.locator(".said")).to_contain_text("Nador? الناظور")
    page.locator("[id='exchange.desk.steer'] input[type=checkbox]").first.check()
    use(page, "exchange.desk.steer")
    expect(page.locator(".title .badge").first).to_contain_text(said["steered"])
    expect(page.locator("[id='exchange.desk.ask']")).to_have_count(0)
    assert page.url == address
    assert violations(visitor) == []
    assert SECRET not in page.content()
    assert visitor.trouble == []

    visitor.go("/exchange/desk?which=desk")
    page.locator("#tray tr[data-row] a").last.click()
    page.wait_for_load_state()
    page.locator("details:has([id='exchange.desk.return']) summary").click()
    page.select_option("[id='exchange.desk.return-reason']", "other-channel")
    use(page, "exchange.desk.return")
    expect(page.locator(".title .badge").first).to_contain_text(said["returned"])
    expect(page.locator("form.card")).to_have_count(0)
    page.context.close()


@pytest.mark.parametrize("language", SAID)
def test_a_phone_shows_the_desk_and_a_post_and_scrolls_one_way(language: str, chromium: Browser, node: Node) -> None:
    clerk, chief = (visit(chromium, node, language, name, width=390) for name in (people.CLERK, "chief"))
    for visitor, start, link in ((clerk, "/exchange/desk", "#tray a"), (chief, "/exchange/liaison", "#posts a")):
        visitor.go(start)
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390, start
        visitor.page.locator(link).first.click()
        visitor.page.wait_for_load_state()
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390, visitor.page.url
        assert violations(visitor) == []
        visitor.page.context.close()


def test_a_post_passes_from_one_officer_to_the_next_and_back(chromium: Browser, node: Node) -> None:
    for language, holder, other in (("en", "liaison", "next"), ("ar", "next", "liaison")):
        said = SAID[language]
        first, second = (visit(chromium, node, language, name) for name in (holder, other))
        first.go("/exchange/liaison")
        first.page.locator("#posts a").first.click()
        first.page.select_option("[id='exchange.liaison.hand-over-to']", label=other)
        use(first.page, "exchange.liaison.hand-over")
        expect(first.page.locator(".page > aside")).to_contain_text(said["offered"])
        assert violations(first) == []
        second.page.goto(first.page.url)
        use(second.page, "exchange.liaison.take-over")
        expect(second.page.locator(".events")).to_contain_text(said["taken"])
        expect(second.page.locator("dd strong").first).to_have_text(other)
        assert first.trouble + second.trouble == []
        first.page.context.close()
        second.page.context.close()
