"""Who may look at the console, and what a browser may do there."""

import pytest

from tests.emulator.console.conftest import BASE, Browser, Site, words

NAVIGATION = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


def test_a_link_works_once_and_its_cookie_is_closed_to_scripts_and_other_sites(site: Site) -> None:
    path = site.made("/_emulator/console")["path"]
    first = site.send("GET", path)
    assert first.status_code == 200
    parts = first.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/_emulator/console"} <= set(parts)
    again = site.send("GET", path)
    assert again.status_code == 403
    assert "set-cookie" not in again.headers


def test_a_browser_that_looks_ahead_does_not_use_the_link_up(site: Site) -> None:
    path = site.made("/_emulator/console")["path"]
    assert "set-cookie" not in site.send("GET", path, headers={"sec-purpose": "prefetch"}).headers
    assert "set-cookie" in site.send("GET", path).headers


def test_who_has_no_session_is_told_how_to_come_in(site: Site) -> None:
    answer = site.send("GET", BASE, headers={"sec-fetch-site": "none"})
    assert answer.status_code == 401
    assert "python -m emulator console" in words(answer.text)


def test_a_link_is_for_callers_with_a_token(site: Site) -> None:
    assert site.send("POST", "/_emulator/console", json={}).status_code == 401
    assert site.api("POST", "/_emulator/console", {"other": 1}).status_code == 400


def test_a_link_in_the_name_of_an_account_is_for_those_who_may_make_its_keys(site: Site) -> None:
    """Who may make keys or tokens of an account may act as it anyway."""
    email = site.account("looked-at")
    other = site.emulator.authenticator.issue(site.account("somebody"))
    refused = site.api("POST", "/_emulator/console", {"serviceAccount": email}, token=other)
    assert refused.status_code == 403
    assert "getAccessToken" in refused.json()["error"]["message"]
    assert email in site.enter(email).read("")


@pytest.mark.parametrize("fetched_from", ["cross-site", "same-site"])
def test_pages_of_other_origins_may_lead_here_but_neither_fetch_nor_send(owner: Browser, fetched_from: str) -> None:
    """All ports of localhost are one site, so that SameSite alone does not keep their pages out."""
    cookie = {"cookie": owner.headers["cookie"], "sec-fetch-site": fetched_from}
    assert owner.site.send("GET", BASE, headers=cookie).status_code == 401
    assert owner.site.send("GET", BASE, headers={**cookie, **NAVIGATION}).status_code == 200
    assert owner.site.send("POST", f"{BASE}leave", headers={**cookie, **NAVIGATION}).status_code == 403


def test_a_session_holds_only_under_the_name_of_this_machine(owner: Browser) -> None:
    assert owner.site.send("GET", BASE, headers={**owner.headers, "host": "rebound.example:9470"}).status_code == 401


def test_pages_load_and_send_nothing_beyond_their_own_address(owner: Browser) -> None:
    headers = owner.get("").headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src", "form-action")} == {"'self'"}
    assert policy["frame-ancestors"] == "'none'"
    assert headers["cache-control"] == "no-store"


def test_a_page_that_there_is_none_of_says_so(owner: Browser) -> None:
    answer = owner.get("nothing")
    assert answer.status_code == 404
    assert "no such page" in words(answer.text)


def test_leaving_ends_the_session(site: Site) -> None:
    browser = site.enter(site.account("leaving"))
    assert browser.post("leave").status_code == 200
    assert browser.get("").status_code == 401


def test_a_disabled_account_sees_nothing_more(site: Site) -> None:
    email = site.account("disabled")
    browser = site.enter(email)
    assert browser.get("").status_code == 200
    site.made(f"/v1/projects/-/serviceAccounts/{email}:disable")
    assert browser.get("").status_code == 401
