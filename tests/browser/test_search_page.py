"""The search page in headless Chromium, over a server with two models."""

from __future__ import annotations

import html
import json
import re
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
from starlette.responses import Response

from isoglot.serving.app import build_app
from isoglot.serving.guard import _OPEN
from isoglot.serving.keys import read_keys

from ..serving.conftest import HOSTILE, fill, make_service  # noqa: TID252
from ..serving.live import running  # noqa: TID252

pytestmark = pytest.mark.browser
HTML = Path(str(files("isoglot.serving"))) / "page" / "search.html"
KEY = "a-key-that-nobody-guesses"
PROBE = """
window.failures = [];
addEventListener("error", event => failures.push(event.message));
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
    const pause = () => new Promise(done => setTimeout(done, 20));
    for (let tries = 0; tries < 500 && !holds(); tries++) await pause();
    if (!holds()) throw new Error(`never: ${holds}; ${told()} ${wrong()}`);
  };
  const told = () => $("told").textContent, wrong = () => $("wrong").textContent;
  const answered = async act => {
    act();
    await until(() => told() === "Searching…" || wrong());
    await until(() => told() !== "Searching…" && results.ariaBusy !== "true");
  };
  const ask = query => answered(() => { $("query").value = query; form.requestSubmit(); });
  try {
    await until(() => state.index || !$("unlock").hidden);
    %s
  } catch (error) {
    said.error = String(error);
  }
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
            before = '<script src="page/probe.js"></script><script'
            text = HTML.read_text("utf-8").replace("<script", before, 1)
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


def open_page(folder: Path, chromium: str, **how):
    page = Page("", folder, chromium)
    for name in ("store", "store2"):
        fill(folder / name, folder / "pictures")
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
        const badges = id => all(".badge:not(:empty)", item(id)).map(each => each.textContent);
        said.badges = Object.fromEntries(ids().map(id => [id, badges(id)]));
        said.languages = Object.fromEntries(ids().map(id => [id, item(id).querySelector(".said").lang]));
        said.pictures = all(".picture img").map(image => [image.naturalWidth, image.alt]);
        said.hostile = item("en/hostile?").querySelector(".said").textContent;
        said.scripts = all(".result script, .result .said img").length;
        said.why = item("en-dog").querySelector(".why").textContent;
        said.told = told(); said.hash = location.hash; said.failures = failures;
        const requests = performance.getEntriesByType("resource").map(entry => new URL(entry.name));
        said.origins = [...new Set(requests.map(url => url.origin === location.origin))];
        """
    )  # fmt: skip
    assert said["failures"] == []
    assert said["origins"] == [True]
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
        const set = (id, value, kind) => {
          $(id).value = value;
          $(id).dispatchEvent(new Event(kind, { bubbles: true }));
        };
        const box = (name, value) => all(`[name=${name}][value="${value}"]`)[0];
        await ask("dog");
        await answered(() => set("dial", 1, "input"));
        said.guessed = told();
        await answered(() => box("my_languages", "ja").click());
        said.first = ids().find(id => item(id).querySelector(".said").lang);
        said.mine = item("ja-dog").classList.contains("is-mine");
        said.why = item("ja-dog").querySelector(".why").textContent;
        said.value = $("dial").getAttribute("aria-valuetext"); said.chosen = $("mine-told").value;
        await answered(() => { box("language", "de").click(); box("language", "fr").click(); });
        said.filtered = ids().sort(); said.filters = $("filters-told").value;
        await answered(() => set("where", "year>=2002", "change"));
        said.where = ids().sort();
        await answered(() => set("where", "yeer=1", "change"));
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
    assert re.search(r"rank \d+ in the other", said["why"])
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
        const own = each => each.ariaLabel || each.labels?.[0]?.textContent || each.textContent;
        const name = each => own(each).trim();
        const reached = each => {
          each.focus();
          return document.activeElement === each && each.tabIndex >= 0;
        };
        said.nameless = controls.filter(each => !name(each)).map(each => each.outerHTML);
        said.unreached = controls.filter(each => !reached(each)).map(name);
        all(".up")[0].focus(); said.outline = getComputedStyle(document.activeElement).outlineStyle;
        const slash = new KeyboardEvent("keydown", { key: "/", bubbles: true, cancelable: true });
        document.activeElement.dispatchEvent(slash);
        said.slash = document.activeElement.id;
        said.live = [$("told").getAttribute("aria-live"), $("wrong").getAttribute("role")];
        said.lists = all("ol").map(list => list.children.length);
        const height = each => each.getBoundingClientRect().height;
        said.small = seen("button, .button, summary").filter(each => height(each) < 24).length;
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
        document.documentElement.style.width = "360px";
        const right = each => each.getBoundingClientRect().right;
        said.wide = seen("body *").filter(each => right(each) > 360).map(each => each.outerHTML);
        """,
        f"--blink-settings=preferredColorScheme={scheme}",
        "--window-size=360,800",
    )
    assert said == {"colour": colour, "wide": []}


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
            const images = () => all(".picture img");
            await until(() => images().length === 2 && images().every(each => each.naturalWidth));
            said.pictures = images().map(image => image.naturalWidth);
            said.blobs = images().every(image => image.src.startsWith("blob:"));
            """.replace("KEY", KEY)
        )  # fmt: skip
    assert said == {"asked": True, "no": "The key is not known here.", "pictures": [480, 480], "blobs": True}
