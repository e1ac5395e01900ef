const form = document.getElementById("controls"), nothing = document.querySelector(".nothing");
const fold = text => text.normalize("NFKC").toLocaleLowerCase();
const cards = [...document.querySelectorAll(".card")].map(element => ({
  element,
  name: fold(element.querySelector(".name")?.textContent ?? ""),
  splits: element.dataset.splits.split(" "),
  media: element.dataset.media.split(" "),
  folds: [...element.querySelectorAll(".more")],
  sides: [...element.querySelectorAll(".side")].map(side => ({ element: side, items: [...side.querySelectorAll(".item")] })),
  items: [...element.querySelectorAll(".item")].map(item => ({
    element: item,
    language: item.dataset.language,
    text: fold([...item.querySelectorAll(".said")].map(part => part.textContent).join("\n")),
    id: fold(item.querySelector(".row-id").textContent),
  })),
}));

// A card is found by its words in any language, and by ids where they are seen; the languages chosen are those to
// read it in.
function filter() {
  const asked = new FormData(form), languages = new Set(asked.getAll("language"));
  const words = fold((asked.get("words") ?? "").trim());
  let shown = 0;
  for (const card of cards) {
    let seen = 0, hits = 0, tagged = false;
    for (const item of card.items) {
      tagged ||= item.language !== undefined;
      const wanted = !languages.size || item.language === undefined || languages.has(item.language);
      const hit = words !== "" && (item.text.includes(words) || (asked.has("ids") && item.id.includes(words)));
      item.element.hidden = !wanted;
      item.element.classList.toggle("hit", hit);
      seen += wanted && (!languages.size || item.language !== undefined);
      hits += hit;
    }
    const fits = (words === "" || hits > 0 || card.name.includes(words)) && (seen > 0 || !tagged)
      && (!asked.get("split") || card.splits.includes(asked.get("split")))
      && (!asked.get("medium") || card.media.includes(asked.get("medium")));
    card.element.hidden = !fits;
    shown += fits;
    for (const side of card.sides) side.element.hidden = side.items.every(item => item.hidden);
    for (const more of card.folds) if (languages.size || hits) more.open = true;
  }
  for (const section of document.querySelectorAll("main > section")) {
    section.hidden = [...section.querySelectorAll(".card")].every(card => card.hidden);
  }
  nothing.hidden = shown > 0;
  document.body.classList.toggle("ids", asked.has("ids"));
  if (form.elements.chosen) form.elements.chosen.value = languages.size ? [...languages].join(", ") : "all";
  form.elements.told.value = `${shown} of ${cards.length} cards`;
}

form.addEventListener("input", filter);
form.addEventListener("submit", event => event.preventDefault());
form.addEventListener("reset", () => setTimeout(filter));
form.hidden = false;
filter();

for (const medium of document.querySelectorAll("img, video, audio")) {
  const tell = () => {
    const note = document.createElement("p");
    note.className = "absent";
    note.textContent = `This browser does not show this ${medium.localName === "img" ? "picture" : medium.localName}.`;
    medium.replaceWith(note);
  };
  medium.addEventListener("error", tell);
  if (medium.error || (medium.localName === "img" && medium.complete && !medium.naturalWidth && medium.loading !== "lazy")) tell();
}
for (const video of document.querySelectorAll("video, audio")) {
  video.addEventListener("play", () => {
    for (const other of document.querySelectorAll("video, audio")) if (other !== video) other.pause();
  });
}
