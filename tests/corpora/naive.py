"""What files hold, read in the plainest way, to hold a reader's corpus against: no code is shared with it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

Files = dict[str, bytes]
Texts = tuple[list[str], list[str]]
"""Texts of queries, texts of documents; for other media, the path."""


def plain(text: str) -> str:
    return " ".join(text.split())


def lines(data: bytes) -> list[str]:
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    found = text.split("\n")
    return [line.removesuffix("\r") for line in (found[:-1] if found[-1] == "" else found)]


def rows(data: bytes) -> list[Any]:
    return [json.loads(line) for line in lines(data)]


def table(data: bytes, delimiter: str) -> list[list[str]]:
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    return [cells for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if cells]


def named(files: Files, pattern: str) -> Iterator[tuple[re.Match[str], bytes]]:
    for name, data in sorted(files.items()):
        match = re.fullmatch(rf"(?:.*/)?{pattern}", name)
        if match:
            yield match, data


def squad_paragraphs(files: Files) -> list[dict[str, Any]]:
    return [
        paragraph
        for _, data in named(files, r".*\.json")
        for each in json.loads(data.removeprefix(b"\xef\xbb\xbf"))["data"]
        for paragraph in each["paragraphs"]
    ]


def sentences(files: Files) -> Texts:
    found = squad_paragraphs(files)
    return (
        [question["question"] for paragraph in found for question in paragraph["qas"]],
        [sentence for paragraph in found for sentence in paragraph["sentences"]],
    )


def contexts(files: Files) -> Texts:
    found = squad_paragraphs(files)
    asked = [question["question"] for paragraph in found for question in paragraph["qas"]]
    return asked, [paragraph["context"] for paragraph in found]


def nqg(files: Files) -> Texts:
    return lines(files["tgt-test.txt"]), lines(files["src-test.txt"])


def faq(files: Files) -> Texts:
    header, *body = table(files["faq_200327.tsv"], "\t")
    asked, told = header.index("question"), header.index("answer")
    return [cells[asked] for cells in body], [cells[told] for cells in body]


def both(texts: list[str]) -> Texts:
    return texts, texts


def tab_pairs(files: Files) -> Texts:
    cells = [line.split("\t") for data in files.values() for line in lines(data)]
    return both([text for row in cells if "NS" not in map(str.strip, row[:2]) for text in row[:2]])


def stsb(files: Files) -> Texts:
    return both([text for data in files.values() for row in table(data, ",") for text in row[:2]])


def every_line(pattern: str) -> Callable[[Files], Texts]:
    def read(files: Files) -> Texts:
        return both([line for _, data in named(files, pattern) for line in lines(data)])

    return read


def tico(files: Files) -> Texts:
    segments = [segment for data in files.values() for segment in ElementTree.fromstring(data).iter("seg")]
    # The English side of the first file stands for that of all.
    first = min(files)
    kept = [
        "".join(unit.find("seg").itertext())  # type: ignore[union-attr]
        for name, data in files.items()
        for unit in ElementTree.fromstring(data).iter("tuv")
        if name == first or unit.attrib["{http://www.w3.org/XML/1998/namespace}lang"] != "en"
    ]
    assert len(segments) >= len(kept)
    return both(kept)


def mkqa(files: Files) -> Texts:
    return both([row["question"] for data in files.values() for row in rows(data)])


def miracl(files: Files) -> Texts:
    judged = {match[1] for match, _ in named(files, r"qrels\.(miracl-v1\.0-[a-z]{2}-[A-Za-z-]+)\.tsv")}
    asked = [
        line.split("\t")[1]
        for match, data in named(files, r"topics\.(miracl-v1\.0-[a-z]{2}-[A-Za-z-]+)\.tsv")
        if match[1] in judged
        for line in lines(data)
    ]
    languages = {name.split("-")[2] for name in judged}
    told = [
        row["text"].strip() or row["title"]
        for match, data in named(files, r"miracl-corpus-v1\.0-([a-z]{2})/docs-\d+\.jsonl")
        if match[1] in languages
        for row in rows(data)
    ]
    return asked, told


def belebele(files: Files) -> Texts:
    found = [row for data in files.values() for row in rows(data)]
    return [row["question"] for row in found], [row["flores_passage"] for row in found]


def mewsli(files: Files) -> Texts:
    articles = [row for _, data in named(files, r"wikinews_mentions-(dev|test)\.jsonl") for row in rows(data)]
    asked = [
        f"[{mention['mention_span']['text']}]" for article in articles for mention in article["mentions"]
    ]
    told = [row["description"] for row in rows(files["candidate_set_entities.jsonl"])]
    return asked, told


def photographs(files: Files) -> Texts:
    ((_, index),) = named(files, r"image_index\.tsv")
    header, *body = table(index, "\t")
    file, split, place = map(header.index, ("file", "multi30k_split", "multi30k_line0"))
    chosen = [row for row in body if row[split] != "none"]
    said = {
        (match["split"], number): line
        for match, data in named(files, r"task1/raw/(?P<split>\w+)\.en")
        for number, line in enumerate(lines(data))
    }
    translated = {
        (match["split"], number): line
        for match, data in named(files, r"task1/raw/(?P<split>\w+)\.de")
        for number, line in enumerate(lines(data))
    }
    rows_of = [(row[split], int(row[place])) for row in chosen]
    captions = [column[key] for column in (said, translated) for key in rows_of if key in column]
    return captions, [row[file] for row in chosen]


def xm3600(files: Files) -> Texts:
    found = rows(files["captions.jsonl"])
    said = [
        text for row in found for key, value in row.items() if "/" not in key for text in value["caption"]
    ]
    return said, [f"{row['image/key'].strip()}.jpg" for row in found]


def xflickrco(files: Files) -> Texts:
    found = [row for _, data in named(files, r"[a-z]{2}/test\.jsonl") for row in rows(data)]
    return [text for row in found for text in row["sentences"]], [row["img_path"] for row in found]


def msr_vtt(files: Files) -> Texts:
    header, *body = table(files["MSRVTT_JSFUSION_test.csv"], ",")
    video, sentence = header.index("video_id"), header.index("sentence")
    english = {plain(row[sentence]) for row in body}
    said = [row[sentence] for row in body]
    for match, data in named(files, r"MSRVTT_data[._-]([a-z]{2})\.json"):
        content = json.loads(files["MSRVTT_data.json"].removeprefix(b"\xef\xbb\xbf"))["sentences"]
        chosen = {
            str(row["sen_id"])
            for row in content
            if plain(row["caption"]) in english
            and row["video_id"].strip() in {each[video].strip() for each in body}
        }
        translated = json.loads(data.removeprefix(b"\xef\xbb\xbf"))["sentences"]
        said += [row["caption"] for row in translated if str(row["sen_id"]) in chosen]
        assert match[1]
    return said, [f"{row[video].strip()}.mp4" for row in body]


def vatex(files: Files) -> Texts:
    found = [row for data in files.values() for row in json.loads(data.removeprefix(b"\xef\xbb\xbf"))]
    said = [text for row in found for key in ("enCap", "chCap") for text in row.get(key, [])]
    return said, [f"{row['videoID'].strip()}.mp4" for row in found]


def howto100m(files: Files) -> Texts:
    found = [json.loads(data.removeprefix(b"\xef\xbb\xbf")) for data in files.values()]
    said = [text for content in found for video in content.values() for text in video["text"] if text.strip()]
    return said, said


DATASETS: dict[str, Callable[[Files], Texts]] = {
    "xquad-r": sentences,
    "mlqa-r": sentences,
    "mlqa": contexts,
    "tydiqa": contexts,
    "miracl": miracl,
    "belebele": belebele,
    "mewsli-x": mewsli,
    "nqg-squad": nqg,
    "covid-faq": faq,
    "xnli": tab_pairs,
    "paws-x": tab_pairs,
    "stsb-multi-mt": stsb,
    "ntrex": every_line(r"newstest2019-(src|ref)\.[\w-]+\.txt"),
    "tico-19": tico,
    "mkqa": mkqa,
    "tatoeba": every_line(r"tatoeba\..*"),
    "multi30k": every_line(r"task1/raw/.*"),
    "multi30k-photographs": photographs,
    "xtd10": every_line(r"test_1kcaptions_.*"),
    "xm3600": xm3600,
    "xflickr-co": xflickrco,
    "msr-vtt": msr_vtt,
    "vatex": vatex,
    "multi-howto100m": howto100m,
}
"""Data set -> the texts that its files hold on either side."""
