"""The page in several tabs of a browser: how many streams it opens, and that votes get through."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from harness.processes.ports import free_port
from harness.processes.waiting import wait_until
from harness.servers.traefik_server import TraefikServer
from harness.system.stack import Stack
from svc_results.testing.page_actions import album_row, cast, fresh_page, get_url, vote

pytest_plugins = ["svc_results.testing.page_fixtures"]

TABS: Final = 7  # one more than a browser's connections to a host over HTTP/1.1


class TlsEntry(TraefikServer):
    """The entry with TLS, and so with HTTP/2; Traefik generates the certificate."""

    def _static_config(self) -> dict[str, Any]:
        config: dict[str, Any] = super()._static_config()
        config["entryPoints"]["web"]["http"] = {"tls": {}}
        return config


def watchers(stack: Stack) -> float:
    text = get_url(f"{stack.services['svc_results'].url}/metrics").text
    [line] = re.findall(r"^svc_results_watchers (\S+)$", text, re.MULTILINE)
    return float(line)


@contextmanager
def seven_tabs(browser: Browser, url: str, setup: str = "", **options: Any) -> Iterator[list[Page]]:
    """Open the page in seven tabs of one browser and wait until all are live."""
    with fresh_page(browser, url, setup, **options) as first:
        tabs = [first, *(first.context.new_page() for _ in range(TABS - 1))]
        for tab in tabs[1:]:
            tab.goto(url)
        for tab in tabs:
            expect(tab.locator("#status")).to_have_text("Live")
        yield tabs


def test_seven_tabs_share_one_stream_stay_live_and_can_vote(
    browser: Browser, url: str, stack: Stack
) -> None:
    with seven_tabs(browser, url) as tabs:
        assert watchers(stack) == 1
        vote(tabs[-1], "Seven Tabs")
        expect(tabs[-1].locator("#outcome")).to_contain_text("Your vote is in")
        for tab in tabs:
            expect(album_row(tab, "Seven Tabs").locator(".votes")).to_have_text("1")
        tabs[0].close()
        tabs[1].close()
        cast(url, "Seven Tabs, five left", 50)
        for tab in tabs[2:]:
            expect(album_row(tab, "Seven Tabs, five left").locator(".votes")).to_have_text("1")
    wait_until(lambda: watchers(stack) == 0, "nobody watches")


def test_over_http2_seven_streams_leave_room_for_a_vote(
    browser: Browser, url: str, stack: Stack, tmp_path: Path
) -> None:
    """Browsers without shared workers need this for several windows."""
    routes = {"grpc": "svc_grpc_client", "http": "svc_http_route", "results": "svc_results"}
    backends = {backend: stack.services[name].url for backend, name in routes.items()}
    with TlsEntry(free_port(), free_port(), tmp_path, backends) as entry:
        address = f"https://{entry.address}/"
        setup = "delete window.SharedWorker;"
        with seven_tabs(browser, address, setup, ignore_https_errors=True) as tabs:
            assert watchers(stack) == TABS
            protocol = "performance.getEntriesByType('navigation')[0].nextHopProtocol"
            assert tabs[0].evaluate(protocol) == "h2"
            vote(tabs[-1], "Seven Streams")
            expect(tabs[-1].locator("#outcome")).to_contain_text("Your vote is in")
            for tab in tabs:
                expect(album_row(tab, "Seven Streams").locator(".votes")).to_have_text("1")


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "own"])
def test_a_hidden_page_has_no_stream(
    browser: Browser, url: str, stack: Stack, shared: bool
) -> None:
    setup = "" if shared else "delete window.SharedWorker;"
    show = """state => {
      Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    wait_until(lambda: watchers(stack) == 0, "nobody else watches")
    with fresh_page(browser, url, setup) as page:
        expect(page.locator("#status")).to_have_text("Live")
        page.evaluate(show, "hidden")
        wait_until(lambda: watchers(stack) == 0, "the stream is closed")
        page.evaluate(show, "visible")
        expect(page.locator("#status")).to_have_text("Live")
        assert watchers(stack) == 1


def test_a_page_whose_shared_worker_does_not_start_has_a_stream_of_its_own(
    browser: Browser, url: str
) -> None:
    setup = """window.SharedWorker = class extends EventTarget {
      port = { addEventListener() {}, start() {}, postMessage() {}, close() {} };
    };"""
    with fresh_page(browser, url, setup) as page:
        expect(page.locator("#status")).to_have_text("Live")
