"use strict";
const $ = id => document.getElementById(id);
const form = $("search"), results = $("results"), told = $("told"), wrong = $("wrong");
const state = { picture: null, index: null, asked: 0, votes: new Map() };
const counted = (number, one, many) => `${number.toLocaleString()} ${number === 1 ? one : many}`;

// A language in its own words, or its tag where the browser has none for it.
function languageName(tag, inLanguage = tag) {
  try {
    return new Intl.DisplayNames([inLanguage], { type: "language", fallback: "code" }).of(tag);
  } catch {
    return tag;
  }
}

class Failed extends Error {}

async function call(path, options = {}) {
  const key = sessionStorage.getItem("key");
  const headers = { ...(options.headers ?? {}), ...(key ? { Authorization: `Bearer ${key}` } : {}) };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch {
    throw new Failed("The server does not answer. Is it running?");
  }
  if (answer.ok) return answer;
  if (answer.status === 401) {
    $("unlock").hidden = false;
    $("key").focus();
    throw new Failed(key ? "The key is not known here." : "");
  }
  let said;
  try {
    said = (await answer.json()).error.message;
  } catch {
    said = `The server answered ${answer.status}.`;
  }
  throw new Failed(said);
}

const send = (path, body) =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }).then(answer => answer.json());

function say(error) {
  if (!(error instanceof Failed)) throw error;
  wrong.textContent = error.message;
  told.textContent = "";
}

// What there is to filter by.
async function readIndex() {
  const index = state.index = await (await call("index")).json();
  $("about").textContent = `${counted(index.num_documents, "document", "documents")} in ${counted(Object.keys(index.tally.language).length, "language", "languages")} · model ${index.model}`;
  for (const boxes of document.querySelectorAll(".boxes")) fillBoxes(boxes, index.tally);
  const fields = Object.entries(index.fields);
  $("where-line").hidden = fields.length === 0;
  $("where-hint").textContent = `such as ${fields.map(([name, kind]) => (kind === "text" || kind === "boolean" ? `${name}=…` : `${name}>=…`)).slice(0, 4).join(", ")}`;
  $("compare-line").hidden = index.engines.length < 2;
  const takesPictures = index.modalities.includes("image");
  $("pick").hidden = $("drop-hint").hidden = !takesPictures;
}

function fillBoxes(boxes, tally) {
  const name = boxes.dataset.name, values = Object.entries(tally[name === "my_languages" ? "language" : name]);
  const checked = new Set(chosen(name));
  boxes.closest("fieldset").hidden = values.length < (name === "my_languages" ? 1 : 2);
  boxes.replaceChildren(...values.map(([value, number]) => {
    const label = document.createElement("label"), box = document.createElement("input"), shown = document.createElement("bdi"), count = document.createElement("small");
    box.type = "checkbox";
    box.name = name;
    box.value = value;
    box.checked = checked.has(value);
    shown.textContent = name === "language" || name === "my_languages" ? languageName(value) : MEDIA[value] ?? value;
    if (name === "language" || name === "my_languages") {
      shown.lang = value;
      label.title = languageName(value, "en");
    }
    count.textContent = number.toLocaleString();
    label.append(box, shown, count);
    return label;
  }));
}

const chosen = name => [...form.querySelectorAll(`input[name="${name}"]:checked`)].map(box => box.value);

function tellChoices() {
  const names = tags => tags.map(tag => languageName(tag)).join(", ");
  $("mine-told").value = names(chosen("my_languages")) || "as the query";
  const filters = [names(chosen("language")), ...chosen("modality").map(name => MEDIA[name] ?? name), ...chosen("source"), $("where").value.trim()];
  $("filters-told").value = filters.filter(Boolean).join(", ") || "none";
  const dial = Number($("dial").value);
  $("dial").setAttribute("aria-valuetext", dial === 0 ? "any language" : dial === 1 ? "my language first" : `${Math.round(dial * 100)} percent towards my language first`);
}

function options() {
  const dial = Number($("dial").value), where = $("where").value.trim();
  return {
    limit: 20,
    language: chosen("language"),
    modality: chosen("modality"),
    source: chosen("source"),
    where: where ? where.split(/[,;]/).map(part => part.trim()).filter(Boolean) : [],
    policy: dial > 0 ? "prefer" : "any",
    dial,
    my_languages: chosen("my_languages"),
    hybrid: $("hybrid").checked,
  };
}

function ask(engine, query) {
  const how = { ...options(), engine };
  if (!state.picture) return send("search", { ...how, query });
  const body = new FormData();
  body.append("file", state.picture);
  body.append("options", JSON.stringify(how));
  return call("search", { method: "POST", body }).then(answer => answer.json());
}

// Searches; of several searches under way, only the last one asked for is shown.
async function search() {
  tellChoices();
  const query = $("query").value, mark = ++state.asked;
  if (!query.trim() && !state.picture) return;
  const engines = $("compare").checked && state.index?.engines.length > 1 ? ["first", "second"] : ["first"];
  wrong.textContent = "";
  told.textContent = "Searching…";
  results.ariaBusy = "true";
  try {
    if (!state.index) await readIndex();
    const answers = await Promise.all(engines.map(engine => ask(engine, query)));
    if (mark !== state.asked) return;
    history.replaceState(null, "", state.picture ? "#" : `#q=${encodeURIComponent(query)}`);
    show(answers, query);
  } catch (error) {
    if (mark === state.asked) {
      results.replaceChildren();
      say(error);
    }
  } finally {
    if (mark === state.asked) results.ariaBusy = "false";
  }
}

function show(answers, query) {
  results.classList.toggle("two", answers.length > 1);
  results.replaceChildren(...answers.map((answer, place) => {
    const column = $("column-shape").content.firstElementChild.cloneNode(true);
    const other = answers.length > 1 ? answers[1 - place] : null;
    const shared = other ? new Set(other.results.map(result => result.doc_id)) : null;
    const both = shared ? answer.results.filter(result => shared.has(result.doc_id)).length : 0;
    column.querySelector("h2").textContent = !other ? "" : other.model === answer.model ? `${answer.model} (${answer.engine})` : answer.model;
    column.querySelector("h2").hidden = !other;
    column.querySelector("p").textContent = other ? `index version ${answer.index_version}; ${both} of ${answer.results.length} in both` : "";
    column.querySelector("p").hidden = !other;
    column.querySelector("ol").append(...answer.results.map(result => shape(result, answer, query, other)));
    return column;
  }));
  for (const text of results.querySelectorAll(".said")) fold(text);
  const [answer] = answers;
  const mine = answer.my_languages.map(tag => languageName(tag, "en")).join(", ");
  const guess = mine && answer.guessed ? ` Your language: ${mine}, guessed from the query.` : "";
  const nothing = $("filters-told").value === "none" ? "Nothing found." : "Nothing found with these filters.";
  const number = answer.results.length ? counted(answer.results.length, "result", "results") : nothing;
  told.textContent = `${number}${answer.results.length ? ` in ${answer.seconds.toFixed(2)} s.` : ""}${guess} Index version ${answer.index_version}.`;
}

const MEDIA = { image: "picture", audio: "sound", video: "video" };

function shape(result, answer, query, other) {
  const item = $("result-shape").content.firstElementChild.cloneNode(true), find = name => item.querySelector(name);
  const language = find(".language"), title = result.title ?? (result.text ? null : result.file ?? result.doc_id);
  item.dataset.id = result.doc_id;
  item.classList.toggle("is-mine", answer.my_languages.length > 0 && result.why.mine && result.language !== null);
  find(".rank").textContent = `${result.rank}.`;
  if (result.language) {
    language.textContent = languageName(result.language);
    language.lang = result.language;
    language.title = languageName(result.language, "en");
    for (const part of [find("h3"), find(".said")]) part.lang = result.language;
  }
  find(".medium").textContent = MEDIA[result.modality] ?? "";
  find(".source").textContent = Object.keys(state.index.tally.source).length > 1 ? result.source ?? "" : "";
  find("h3").textContent = find("h3").title = title ?? "";
  find(".said").textContent = result.text ?? "";
  const there = other?.results.find(each => each.doc_id === result.doc_id);
  find(".why").textContent = `${result.why.text}${other ? (there ? `; rank ${there.rank} in the other` : "; not found by the other") : ""}`;
  picture(find(".picture"), result, answer.engine);
  thumbs(find(".thumbs"), result, answer, query, title ?? result.text ?? "");
  return item;
}

// Pictures come from this server alone; where it asks for a key, the page fetches them itself.
async function picture(link, result, engine) {
  if (!result.has_picture) return link.remove();
  const image = link.firstElementChild, path = `media/${encodeURIComponent(result.doc_id)}?engine=${engine}`;
  image.alt = result.text ? "" : `${MEDIA[result.modality]} ${result.file ?? result.doc_id}`;
  link.setAttribute("aria-label", `Open the ${MEDIA[result.modality]} ${result.file ?? result.doc_id}`);
  image.addEventListener("error", () => link.remove());
  if (!sessionStorage.getItem("key")) {
    image.src = link.href = path;
    return;
  }
  try {
    const blob = URL.createObjectURL(await (await call(path)).blob());
    image.src = link.href = blob;
  } catch {
    link.remove();
  }
}

function fold(text) {
  const more = text.parentElement.querySelector(".more");
  text.classList.add("short");
  const cut = text.scrollHeight > text.clientHeight + 2;
  text.classList.toggle("short", cut);
  more.hidden = !cut;
  more.addEventListener("click", () => {
    const open = !text.classList.toggle("short");
    more.ariaExpanded = String(open);
    more.textContent = open ? "Show less" : "Show all";
  });
}

function thumbs(group, result, answer, query, name) {
  if (!state.index?.feedback || answer.query_id === null) return group.remove();
  const short = name.length > 60 ? `${name.slice(0, 60)}…` : name, vote = `${answer.query_id}\n${result.doc_id}`;
  const buttons = [[group.querySelector(".up"), 1, "Good result"], [group.querySelector(".down"), 0, "Bad result"]];
  group.setAttribute("aria-label", `Judge ${short}`);
  group.dataset.vote = vote;
  for (const [button, grade, label] of buttons) {
    button.ariaLabel = label;
    button.title = label;
    button.addEventListener("click", async () => {
      const language = answer.guessed ? answer.my_languages[0] : null;
      try {
        await send("feedback", { query, doc_id: result.doc_id, grade, ...(language ? { language } : {}) });
        state.votes.set(vote, grade);
        press(vote);
        told.textContent = `${label}: kept.`;
      } catch (error) {
        say(error);
      }
    });
  }
  press(vote, group);
}

// The same document may stand in both columns.
function press(vote, within = results) {
  for (const group of within === results ? results.querySelectorAll(".thumbs") : [within]) {
    if (group.dataset.vote !== vote) continue;
    group.querySelector(".up").ariaPressed = String(state.votes.get(vote) === 1);
    group.querySelector(".down").ariaPressed = String(state.votes.get(vote) === 0);
  }
}

function choosePicture(file) {
  if (file && !file.type.startsWith("image/")) {
    wrong.textContent = `${file.name} is no picture.`;
    return;
  }
  if ($("preview").src) URL.revokeObjectURL($("preview").src);
  state.picture = file;
  $("chosen").hidden = !file;
  $("query").disabled = Boolean(file);
  $("file").value = "";
  if (!file) {
    $("preview").removeAttribute("src");
    $("query").focus();
    return;
  }
  $("preview").src = URL.createObjectURL(file);
  $("file-name").textContent = file.name;
  search();
}

let soon;
const searchSoon = () => { tellChoices(); clearTimeout(soon); soon = setTimeout(search, 150); };
form.addEventListener("submit", event => { event.preventDefault(); search(); });
form.addEventListener("change", event => { if (!["query", "file"].includes(event.target.id)) searchSoon(); });
$("dial").addEventListener("input", searchSoon);
$("file").addEventListener("change", () => choosePicture($("file").files[0] ?? null));
$("remove").addEventListener("click", () => choosePicture(null));
$("unlock").addEventListener("submit", async event => {
  event.preventDefault();
  sessionStorage.setItem("key", $("key").value);
  $("unlock").hidden = true;
  wrong.textContent = "";
  await start();
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  addEventListener(kind, event => {
    event.preventDefault();
    form.classList.toggle("over", kind === "dragover" && state.index?.modalities.includes("image"));
    if (kind === "drop" && event.dataTransfer.files.length && state.index?.modalities.includes("image")) choosePicture(event.dataTransfer.files[0]);
  });
}
addEventListener("paste", event => {
  const file = [...(event.clipboardData?.files ?? [])].find(each => each.type.startsWith("image/"));
  if (file && state.index?.modalities.includes("image")) choosePicture(file);
});
addEventListener("keydown", event => {
  const typing = event.target.closest?.("input:not([type=checkbox]):not([type=range]), textarea");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    $("query").focus();
  }
});

async function start() {
  try {
    await readIndex();
  } catch (error) {
    return say(error);
  }
  const asked = new URLSearchParams(location.hash.slice(1)).get("q");
  if (asked) $("query").value = asked;
  await search();
}
addEventListener("hashchange", start);
tellChoices();
start();
