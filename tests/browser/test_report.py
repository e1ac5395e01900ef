"""The report in headless Chromium: its script runs, tables sort, it fits a phone, and nothing is loaded."""

from __future__ import annotations

import html
import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from isoglot.evaluation.comparing import compare
from isoglot.evaluation.evaluator import evaluate
from isoglot.evaluation.results import join_results
from isoglot.report.html import render_html
from isoglot.retrieval.encode import Embeddings

pytestmark = pytest.mark.browser
PROBE = """
<script>
addEventListener("load", async () => {
  const said = {};
  try { %s } catch (error) { said.error = String(error); }
  const out = document.createElement("pre");
  out.id = "said";
  out.textContent = JSON.stringify(said);
  document.body.append(out);
});
</script>
"""
WATCH = """
<script>
window.failures = [];
addEventListener("error", event => failures.push(event.message));
document.addEventListener("securitypolicyviolation", event => failures.push(event.violatedDirective));
</script>
"""


@pytest.fixture(scope="module")
def page(toy_corpus) -> str:
    """The report on two real evaluations of the toy corpus, by vectors of two qualities."""
    both = (_vectors(toy_corpus, "close", 0.8), _vectors(toy_corpus, "far", 2.0))
    results = join_results(evaluate(vectors, toy_corpus, split="dev") for vectors in both)
    return render_html(compare(results, "far", num_rounds=200, num_resamples=200))


def _vectors(corpus, name: str, noise: float) -> Embeddings:
    """Vectors that have their group's meaning, and noise."""
    rng = np.random.default_rng(1)
    queries = corpus.queries["group_id"].to_pylist()
    documents = corpus.documents["group_id"].to_pylist()
    meaning = {group: rng.normal(size=16) for group in dict.fromkeys([*queries, *documents])}
    of_queries, of_documents = (
        np.array([meaning[group] + noise * rng.normal(size=16) for group in side], np.float32)
        for side in (queries, documents)
    )
    ids = corpus.queries["query_id"].to_pylist(), corpus.documents["doc_id"].to_pylist()
    return Embeddings(ids[0], of_queries, ids[1], of_documents, name=name)


def ask(chromium: str, page: str, folder: Path, script: str, *options: str) -> dict[str, object]:
    """What a script finds on the page; it fills the object `said`."""
    file = folder / "page.html"
    file.write_text(
        page.replace("<head>", f"<head>{WATCH}", 1).replace("</body>", f"{PROBE % script}</body>"), "utf-8"
    )
    command = [
        chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}",
        "--window-size=1200,900", "--virtual-time-budget=4000", *options, "--dump-dom", file.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r'<pre id="said">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    said = json.loads(html.unescape(found[1]))
    assert "error" not in said, said
    return said


def test_no_error_and_no_request(chromium, page, tmp_path):
    said = ask(
        chromium, page, tmp_path,
        """
        said.failures = failures;
        said.requests = performance.getEntriesByType("resource").map(entry => entry.name);
        """,
    )  # fmt: skip
    assert said == {"failures": [], "requests": []}


def test_a_click_on_a_heading_sorts_the_table_and_says_how(chromium, page, tmp_path):
    said = ask(
        chromium, page, tmp_path,
        """
        const table = [...document.querySelectorAll("table.data")].find(t => t.tBodies[0].rows.length > 4);
        const heads = [...table.querySelectorAll("th")];
        const text = cell => cell.dataset.value ?? cell.textContent;
        const read = i => [...table.tBodies[0].rows].map(row => text(row.cells[i]));
        const number = heads.findIndex(head => !head.classList.contains("words"));
        const click = i => { heads[i].firstElementChild.click(); return [heads[i].ariaSort, read(i)]; };
        said.down = click(number); said.up = click(number);
        said.words = click(0); said.again = click(0);
        said.marked = heads.filter(head => head.hasAttribute("aria-sort")).length;
        """,
    )  # fmt: skip
    order, values = said["down"]
    numbers = [float(value) for value in values if value not in ("", "–")]
    assert order == "descending"
    assert numbers == sorted(numbers, reverse=True)
    order, values = said["up"]
    assert order == "ascending"
    assert [float(v) for v in values if v not in ("", "–")] == sorted(numbers)
    assert said["words"][0] == "ascending"
    assert said["words"][1] == sorted(said["words"][1])
    assert said["again"][0] == "descending"
    assert said["again"][1] == sorted(said["words"][1], reverse=True)
    assert said["marked"] == 1


def test_a_heading_can_be_reached_and_pressed_by_keyboard(chromium, page, tmp_path):
    said = ask(
        chromium, page, tmp_path,
        """
        const button = document.querySelector("table.data th:not(.words) button");
        button.focus();
        said.focused = document.activeElement === button;
        said.index = button.tabIndex;
        """,
    )  # fmt: skip
    assert said["focused"] is True
    assert said["index"] == 0


@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_is_wider_than_the_screen(chromium, page, tmp_path, width):
    style = f"width:{width}px;height:800px;border:0"
    frame = f'<iframe style="{style}" srcdoc="{html.escape(page)}"></iframe>'
    holder = f"<!doctype html><html><head></head><body>{frame}</body></html>"
    said = ask(
        chromium, holder, tmp_path,
        """
        const inner = document.querySelector("iframe").contentDocument;
        inner.querySelectorAll("details").forEach(found => { found.open = true; });
        said.inner = inner.documentElement.clientWidth;
        said.wide = inner.documentElement.scrollWidth;
        said.tables = inner.querySelectorAll("table").length;
        """,
    )  # fmt: skip
    assert said["inner"] == pytest.approx(width, abs=20)
    assert said["wide"] <= said["inner"]
    assert said["tables"] > 8


def test_a_cell_of_a_heat_map_tells_its_languages_and_interval(chromium, page, tmp_path):
    said = ask(
        chromium, page, tmp_path,
        """
        const figure = document.querySelector(".maps figure");
        figure.querySelector("td.own").click();
        said.reading = figure.querySelector(".reading").textContent;
        """,
    )  # fmt: skip
    number = r"[+-]?\d\.\d{3}"
    told = rf"German → German: {number} \({number} to {number}\), better"
    assert re.fullmatch(told, said["reading"])


def test_a_long_text_opens(chromium, page, tmp_path):
    words = "مرحبا بالعالم " * 200
    long = f'<details class="clamp"><summary><span class="said" dir="auto">{words}</span></summary></details>'
    said = ask(
        chromium, page.replace("</main>", f"{long}</main>"), tmp_path,
        """
        const found = document.querySelector("main > details.clamp"), text = found.querySelector(".said");
        said.direction = getComputedStyle(text).direction;
        said.closed = text.clientHeight; said.whole = text.scrollHeight;
        found.querySelector("summary").click();
        said.open = text.clientHeight;
        """,
    )  # fmt: skip
    assert said["direction"] == "rtl"
    assert said["closed"] < said["whole"]
    assert said["open"] >= said["whole"]


@pytest.mark.parametrize(("scheme", "colour"), [(1, "rgb(255, 255, 255)"), (0, "rgb(15, 19, 24)")])
def test_dark_and_light_follow_the_system(chromium, page, tmp_path, scheme, colour):
    said = ask(
        chromium, page, tmp_path,
        "said.colour = getComputedStyle(document.body).backgroundColor;",
        f"--blink-settings=preferredColorScheme={scheme}",
    )  # fmt: skip
    assert said["colour"] == colour
