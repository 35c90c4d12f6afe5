import numpy as np

from tests.e2e.test_home import *

SHOTS = "/tmp/w/shots/home"


@pytest.mark.timeout(500)
def test_shots(browser, service):
    place = Place.make(service, database="production")
    for n in ("staging", "experiments", "empty"):
        service.manage("create_database", "--tenant", place.tenant, n)
    with watched(browser, service.url) as page:
        place.sign_in(page)
        page.goto(f"{place.url}/databases")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=f"{SHOTS}/first-light-1280.png", full_page=True)
    key = place.key()
    rng = np.random.default_rng(0)
    client = place.client(key)
    for i, (name, n) in enumerate(
        [
            ("support-tickets", 1500),
            ("product-catalog", 240),
            ("Handbook", 80),
            ("faq", 12),
            ("drafts", 0),
            ("research-papers-2026-with-a-rather-long-name", 600),
        ]
    ):
        c = client.create_collection(name, embedding_function=None)
        for f in range(0, n, 300):
            m = min(300, n - f)
            c.add(ids=[f"r{f + k}" for k in range(m)], embeddings=rng.standard_normal((m, 384)).tolist())
    for width in (1280, 360):
        for theme in ("light", "dark"):
            with watched(browser, service.url, width=width, theme=theme) as page:
                place.sign_in(page)
                for name, path in (
                    ("home", "/databases"),
                    ("database", "/databases/production"),
                    ("empty", "/databases/empty"),
                    ("alerts", "/alerts"),
                    ("sample", "/sample"),
                ):
                    page.goto(place.url + path)
                    page.wait_for_load_state("networkidle")
                    page.screenshot(path=f"{SHOTS}/{name}-{theme}-{width}.png", full_page=True)
                page.goto(place.url + "/databases")
                page.keyboard.press("Control+k")
                page.keyboard.type("p")
                page.wait_for_timeout(800)
                page.screenshot(path=f"{SHOTS}/palette-{theme}-{width}.png")
                page.keyboard.press("Escape")
                page.keyboard.press("?")
                page.wait_for_timeout(200)
                page.screenshot(path=f"{SHOTS}/keys-{theme}-{width}.png")
