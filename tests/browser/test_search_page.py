"""The search page in headless Chromium, over a server with two models."""

from __future__ import annotations

import html
import json
import re
import subprocess
from pathlib import Path

import pytest
from starlette.responses import Response

from isoglot.serving.app import build_app
from isoglot.serving.guard import _OPEN
from isoglot.serving.keys import read_keys

from ..serving.conftest import HOSTILE, make_service  # noqa: TID252
from ..serving.live import running  # noqa: TID252

pytestmark = pytest.mark.browser
KEY = "a-key-that-nobody-guesses"
PROBE = """
window.failures = [];
addEventListener("error", event => failures.push(event.message ?? event.target.currentSrc), true);
addEventListener("unhandledrejection", event => failures.push(String(event.reason)));
addEventListener("securitypolicyviolation", event => failures.push(event.violatedDirective));
window.alert = () => failures.push("alert");
addEventListener("load", async () => {
  const said = {};
  const all = (name, inside = document) => [...inside.querySelectorAll(name)];
  const seen = (name, inside) => all(name, inside).filter(element => element.checkVisibility());
  const ids = (inside = document) => all(".result", inside).map(item => item.dataset.id);
  const item = id => all(".result").find(each => each.dataset.id === id);
  const until = async holds => {
    for (let tries = 0; tries < 500 && !holds(); tries++) await new Promise(done => setTimeout(done, 20));
    if (!holds()) throw new Error(`never: ${holds} ${$("told").textContent} ${$("wrong").textContent}`);
  };
  const told = () => $("told").textContent, wrong = () => $("wrong").textContent;
  const answered = async act => {
    act();
    await until(() => told() === "Searching…" || wrong());
    await until(() => told() !== "Searching…" && results.ariaBusy !== "true");
  };
  const ask = query => answered(() => { $("query").value = query; form.requestSubmit(); });
  try { await until(() => state.index || !$("unlock").hidden); %s } catch (error) { said.error = String(error); }
  const out = document.createElement("pre");
  out.id = "said";
  out.textContent = JSON.stringify(said);
  document.body.append(out);
});
"""


class Page:
    """A running server, and what scripts find on its page."""

    def __init__(self, address: str, folder: Path, chromium: str) -> None:
        self.address = address
        self.folder = folder
        self.chromium = chromium
        self.script = ""

    def add_to(self, app) -> None:
        """Adds the page with a script of this test before its own."""

        async def page() -> Response:
            text = (await app_page(app)).replace("<script", '<script src="page/probe.js"></script><script', 1)
            return Response(text, media_type="text/html")

        async def probe() -> Response:
            return Response(PROBE.replace("%s", self.script), media_type="text/javascript")

        app.add_api_route("/asked", page, response_model=None, include_in_schema=False)
        app.add_api_route("/page/probe.js", probe, response_model=None, include_in_schema=False)

    def ask(self, script: str, *options: str, path: str = "asked") -> dict[str, object]:
        """What a script finds; it fills the object `said`."""
        self.script = script
        command = [
            self.chromium, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,900",
            f"--user-data-dir={self.folder / 'profile'}", "--virtual-time-budget=60000", *options,
            "--dump-dom", f"{self.address}/{path}",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)
        found = re.search(r'<pre id="said">(.*?)</pre>', done.stdout, re.DOTALL)
        assert found, done.stderr[-2000:] + done.stdout[-500:]
        said: dict[str, object] = json.loads(html.unescape(found[1]))
        assert "error" not in said, said
        return said


async def app_page(app) -> str:
    """The page as the app gives it out."""
    route = next(each for each in app.routes if getattr(each, "path", "") == "/")
    return (await route.endpoint()).body.decode()


def open_page(folder: Path, chromium: str, **how):
    page = Page("", folder, chromium)
    app = build_app(make_service(folder, **how))
    page.add_to(app)
    return page, running(app)


@pytest.fixture(scope="module")
def page(tmp_path_factory, chromium):
    """The page over two models; without limits and keys."""
    page, server = open_page(tmp_path_factory.mktemp("page"), chromium, second=True)
    with server as page.address:
        yield page


def test_results_of_all_languages_and_media_have_badges_and_nothing_else_is_loaded(page):
    said = page.ask(
        """
        await ask("dog");
        await until(() => all(".picture img").every(image => image.complete));
        said.ids = ids();
        said.badges = Object.fromEntries(ids().map(id => [id, all(".badge:not(:empty)", item(id)).map(each => each.textContent)]));
        said.languages = Object.fromEntries(ids().map(id => [id, item(id).querySelector(".said").lang]));
        said.pictures = all(".picture img").map(image => [image.naturalWidth, image.alt]);
        said.hostile = item("en/hostile?").querySelector(".said").textContent;
        said.scripts = all(".result script, .result .said img").length;
        said.why = item("en-dog").querySelector(".why").textContent;
        said.told = told(); said.hash = location.hash; said.failures = failures;
        said.requests = performance.getEntriesByType("resource").map(entry => new URL(entry.name));
        said.requests = [...new Set(said.requests.map(url => url.origin))].map(origin => origin === location.origin);
        """
    )  # fmt: skip
    assert said["failures"] == []
    assert said["requests"] == [True]
    assert said["badges"]["ja-dog"] == ["日本語", "texts"]
    assert said["badges"]["blue"] == ["picture", "pictures"]
    assert said["languages"]["de-dog"] == "de"
    assert [width for width, _ in said["pictures"]] == [480, 480]  # of the one that is gone there is none
    assert "picture blue one.png" in [alt for _, alt in said["pictures"]]
    assert said["hostile"] == HOSTILE
    assert said["scripts"] == 0
    assert "by meaning" in said["why"]
    assert said["told"].startswith("10 results in")
    assert said["hash"] == "#q=dog"


def test_the_dial_the_languages_and_the_filters(page):
    said = page.ask(
        """
        const box = (name, value) => all(`[name=${name}][value="${value}"]`)[0];
        await ask("dog");
        await answered(() => { $("dial").value = 1; $("dial").dispatchEvent(new Event("input", { bubbles: true })); });
        said.guessed = told();
        await answered(() => box("my_languages", "ja").click());
        said.first = ids()[0]; said.mine = item("ja-dog").classList.contains("is-mine");
        said.why = item("ja-dog").querySelector(".why").textContent;
        said.value = $("dial").getAttribute("aria-valuetext"); said.chosen = $("mine-told").value;
        await answered(() => { box("language", "de").click(); box("language", "fr").click(); });
        said.filtered = ids().sort(); said.filters = $("filters-told").value;
        await answered(() => { $("where").value = "year>=2002"; $("where").dispatchEvent(new Event("change", { bubbles: true })); });
        said.where = ids().sort();
        await answered(() => { $("where").value = "yeer=1"; $("where").dispatchEvent(new Event("change", { bubbles: true })); });
        said.wrong = wrong(); said.failures = failures;
        """
    )  # fmt: skip
    assert "guessed from the query" in said["guessed"]
    assert (said["first"], said["mine"]) == ("ja-dog", True)
    assert "readable for you" in said["why"]
    assert (said["value"], said["chosen"]) == ("my language first", "日本語")
    assert said["filtered"] == ["de-cat", "de-dog", "fr-dog"]
    assert said["filters"] == "Deutsch, français"
    assert said["where"] == ["de-cat", "fr-dog"]
    assert "did you mean 'year'" in said["wrong"]
    assert said["failures"] == []


def test_a_picture_is_dropped_and_taken_away_again(page):
    said = page.ask(
        """
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = 20;
        const pen = canvas.getContext("2d");
        pen.fillStyle = "blue"; pen.fillRect(0, 0, 20, 20);
        const blob = await new Promise(done => canvas.toBlob(done));
        const drop = (content, name, type) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([content], name, { type }));
          dispatchEvent(new DragEvent("drop", { dataTransfer, cancelable: true }));
        };
        await answered(() => drop(blob, "<b>sea.png", "image/png"));
        said.ids = ids().slice(0, 2).sort(); said.name = $("file-name").textContent;
        said.thumbs = all(".thumbs").length; said.disabled = $("query").disabled;
        drop("text", "a.txt", "text/plain"); said.text = wrong();
        $("remove").click();
        said.after = [$("query").disabled, document.activeElement.id, $("chosen").hidden];
        await answered(() => drop("none", "b.png", "image/png")); said.broken = wrong();
        said.failures = failures;
        """
    )  # fmt: skip
    assert said["ids"] == ["blue", "de-cat"]
    assert (said["name"], said["thumbs"], said["disabled"]) == ("<b>sea.png", 0, True)
    assert said["text"] == "a.txt is no picture."
    assert said["after"] == [False, "query", True]
    assert "cannot be read as a picture" in said["broken"]
    assert said["failures"] == []


def test_two_models_stand_side_by_side_and_thumbs_are_kept(page):
    said = page.ask(
        """
        await ask("dog");
        await answered(() => $("compare").click());
        said.heads = seen(".column h2").map(head => head.textContent);
        said.columns = all(".column").map(column => ids(column).length);
        said.tops = all(".column").map(column => column.getBoundingClientRect().top);
        said.why = item("en-dog").querySelector(".why").textContent;
        const both = all('.result[data-id="en-dog"]').map(each => each.querySelector(".up"));
        both[0].click();
        await until(() => told() === "Good result: kept.");
        said.pressed = both.map(button => button.ariaPressed);
        all(".result[data-id='de-dog'] .down")[0].click();
        await until(() => told() === "Bad result: kept.");
        said.failures = failures;
        """
    )  # fmt: skip
    assert said["heads"] == ["store", "store2"]
    assert said["columns"] == [10, 10]
    assert said["tops"][0] == said["tops"][1]
    assert re.search(r"rank \d+ there", said["why"])
    assert said["pressed"] == ["true", "true"]
    assert said["failures"] == []
    lines = (page.folder / "feedback" / "qrels.tsv").read_text("utf-8").split("\n")
    assert [line.split("\t")[1:] for line in lines[1:-1]] == [["en-dog", "1"], ["de-dog", "0"]]
    assert "\tdog\n" in (page.folder / "feedback" / "queries.tsv").read_text("utf-8")


def test_keyboard_and_screen_reader(page):
    said = page.ask(
        """
        await ask("dog");
        all("details").forEach(found => { found.open = true; });
        const controls = seen("input, button, summary, a");
        const name = each => each.ariaLabel || each.getAttribute("aria-label") || each.labels?.[0]?.textContent.trim() || each.textContent.trim();
        said.nameless = controls.filter(each => !name(each)).map(each => each.outerHTML);
        said.unreached = controls.filter(each => { each.focus(); return document.activeElement !== each || each.tabIndex < 0; }).map(each => each.outerHTML);
        all(".up")[0].focus(); said.outline = getComputedStyle(document.activeElement).outlineStyle;
        document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "/", bubbles: true, cancelable: true }));
        said.slash = document.activeElement.id;
        said.live = [$("told").getAttribute("aria-live"), $("wrong").getAttribute("role")];
        said.lists = all("ol").map(list => list.children.length);
        said.small = seen("button, .button, summary").filter(each => each.getBoundingClientRect().height < 24).length;
        const arabic = item("ar-tree").querySelector(".said");
        said.direction = [getComputedStyle(arabic).direction, getComputedStyle(arabic).textAlign];
        $("query").value = "شجرة"; said.query = $("query").matches(":dir(rtl)");
        """
    )  # fmt: skip
    assert said["nameless"] == []
    assert said["unreached"] == []
    assert (said["outline"], said["slash"]) == ("solid", "query")
    assert said["live"] == ["polite", "alert"]
    assert said["lists"] == [10]
    assert said["small"] == 0
    assert said["direction"] == ["rtl", "start"]
    assert said["query"] is True


@pytest.mark.parametrize(("scheme", "colour"), [(1, "rgb(255, 255, 255)"), (0, "rgb(15, 19, 24)")])
def test_dark_and_light_follow_the_system_and_a_phone_has_room(page, scheme, colour):
    said = page.ask(
        """
        said.colour = getComputedStyle(document.body).backgroundColor;
        await ask("dog");
        await answered(() => $("compare").click());
        all("details").forEach(found => { found.open = true; });
        said.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
        """,
        f"--blink-settings=preferredColorScheme={scheme}",
        "--window-size=360,800",
    )
    assert said == {"colour": colour, "wide": 0}


def test_a_key_is_asked_for_and_used_for_pictures_too(tmp_path, chromium, monkeypatch):
    (tmp_path / "keys").write_text(KEY, "utf-8")
    monkeypatch.setattr("isoglot.serving.guard._OPEN", frozenset({*_OPEN, "/asked", "/page/probe.js"}))
    page, server = open_page(tmp_path, chromium, keys=read_keys(tmp_path / "keys"))
    with server as page.address:
        said = page.ask(
            """
            said.asked = document.activeElement.id === "key";
            const use = key => { $("key").value = key; $("unlock").requestSubmit(); };
            use("wrong"); await until(() => wrong()); said.no = wrong();
            use("KEY"); await until(() => state.index);
            await ask("dog");
            await until(() => all(".picture img").length === 2 && all(".picture img").every(each => each.naturalWidth));
            said.pictures = all(".picture img").map(image => image.naturalWidth);
            said.blobs = all(".picture img").every(image => image.src.startsWith("blob:"));
            """.replace("KEY", KEY)
        )  # fmt: skip
    assert said == {"asked": True, "no": "The key is not known here.", "pictures": [480, 480], "blobs": True}
