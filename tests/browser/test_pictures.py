"""Pictures of examples in headless Chromium: shown from the page itself, at a size a phone has room for."""

from __future__ import annotations

import html
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo
from isoglot.evaluation import evaluate
from isoglot.report.html import render_html
from isoglot.retrieval import Embeddings

pytestmark = pytest.mark.browser
PROBE = """
<script>
const failures = [];
document.addEventListener("securitypolicyviolation", event => failures.push(event.violatedDirective));
addEventListener("load", async () => {
  const shown = [...document.images];
  const out = document.createElement("pre");
  out.id = "said";
  out.textContent = JSON.stringify({
    failures,
    natural: shown.map(image => image.naturalWidth),
    right: shown.map(image => image.getBoundingClientRect().right),
    requests: performance.getEntriesByType("resource")
      .map(entry => entry.name).filter(name => !name.startsWith("data:")),
    width: document.documentElement.scrollWidth,
    screen: innerWidth,
  });
  document.body.append(out);
});
</script>
"""


@pytest.fixture
def page(tmp_path: Path) -> str:
    """The report on twenty pictures that Arabic captions search, by vectors of middling quality."""
    builder = CorpusBuilder(CorpusInfo("greys"))
    for group in range(20):
        Image.new("L", (200, 100), 12 * group).save(tmp_path / f"{group}.png")
        builder.add_query(f"q{group}", f"g{group}", "ar", f"دائرة رمادية {group}")
        builder.add_document(f"d{group}", f"g{group}", None, None, modality="image", path=f"{group}.png")
        builder.judge_group("test", f"g{group}")
    corpus = replace(builder.build(), media_root=str(tmp_path))
    rng = np.random.default_rng(0)
    meaning = rng.normal(size=(20, 8))
    queries, documents = (np.float32(meaning + 0.8 * rng.normal(size=(20, 8))) for _ in range(2))
    names = [f"{side}{group}" for side in "qd" for group in range(20)]
    vectors = Embeddings(names[:20], queries, names[20:], documents, name="middling")
    return render_html(evaluate(vectors, corpus, num_resamples=20))


def test_pictures_are_shown_from_the_page_itself(chromium: str, page: str, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(page.replace("</body>", f"{PROBE}</body>"), "utf-8")
    command = [
        chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
        "--window-size=500,900", "--virtual-time-budget=4000", "--dump-dom", file.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    said = json.loads(html.unescape(re.findall(r'<pre id="said">(.*?)</pre>', done.stdout, re.DOTALL)[0]))
    assert said["failures"] == said["requests"] == []
    assert len(said["natural"]) >= 60
    assert set(said["natural"]) == {128}
    assert said["width"] <= said["screen"]
    assert max(said["right"]) <= said["screen"]
