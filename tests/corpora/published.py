"""Tiny data sets of our own making in the layouts that the real ones are published in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def jsonl(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def belebele(link: str, number: int, passage: str, question: str) -> dict[str, Any]:
    answers = {f"mc_answer{index}": "a" for index in range(1, 5)}
    return {
        "link": link,
        "question_number": number,
        "flores_passage": passage,
        "question": question,
        **answers,
        "correct_answer_num": "1",
    }


def mention(name: str, entity: str, text: str, start: int) -> dict[str, Any]:
    return {
        "example_id": name,
        "entity_id": entity,
        "mention_span": {"start": start, "end": start + len(text), "text": text},
    }


def article(language: str, text: str, *mentions: dict[str, Any]) -> dict[str, Any]:
    ends = [index + 1 for index, character in enumerate(text) if character == "."]
    spans = [
        {"start": start, "end": end}
        for start, end in zip([0, *(end + 1 for end in ends)], ends, strict=False)
    ]
    context = {"document_id": "d", "language": language, "text": text, "sentence_spans": spans}
    return {"context": context, "mentions": list(mentions)}


def entity(name: str, language: str, description: str) -> dict[str, Any]:
    return {
        "entity_id": name,
        "title": f"Title {name}",
        "description": description,
        "description_language": language,
        "sentence_spans": [],
    }


def picture(key: str, **captions: list[str]) -> dict[str, Any]:
    said = {
        language: {"caption": texts, "caption/tokenized": texts, "caption/tokenized/lowercase": texts}
        for language, texts in captions.items()
    }
    return {"image/key": key, "image/locale": "en", **said}


def flickr(name: str, *sentences: str) -> dict[str, Any]:
    return {"sentences": list(sentences), "id": name, "img_path": f"{name}.jpg"}


def passage(name: str, text: str, title: str = "T") -> dict[str, Any]:
    return {"docid": name, "title": title, "text": text}


def videodatainfo(*sentences: tuple[int, str, str]) -> str:
    rows = [{"sen_id": number, "video_id": video, "caption": text} for number, video, text in sentences]
    videos = [
        {"video_id": video, "split": "test"} for video in dict.fromkeys(row["video_id"] for row in rows)
    ]
    return json.dumps({"info": {}, "videos": videos, "sentences": rows}, ensure_ascii=False)


def how2(**videos: list[tuple[float, float, str]]) -> str:
    """Video -> start, end and text of its clips."""
    said = {
        video: dict(zip(("start", "end", "text"), map(list, zip(*clips, strict=True)), strict=True))
        for video, clips in videos.items()
    }
    return json.dumps(said, ensure_ascii=False)


def squad(*paragraphs: dict[str, Any], **extra: Any) -> str:
    return json.dumps({"data": [{"title": "T", "paragraphs": list(paragraphs)}], "version": "1", **extra})


def paragraph(context: str, *questions: tuple[str, str, str], **extra: Any) -> dict[str, Any]:
    """A paragraph and its questions: id, question, answer."""
    asked = [
        {
            "id": name,
            "question": question,
            "answers": [{"text": answer, "answer_start": context.index(answer)}],
        }
        for name, question, answer in questions
    ]
    return {"context": context, "qas": asked, **extra}


def with_sentences(context: str, *questions: tuple[str, str, str]) -> dict[str, Any]:
    ends = [index + 1 for index, character in enumerate(context) if character == "."]
    starts = [0, *(end + 1 for end in ends[:-1])]
    breaks = [[start, end] for start, end in zip(starts, ends, strict=True)]
    sentences = [context[start:end] for start, end in breaks]
    return paragraph(context, *questions, sentences=sentences, sentence_breaks=breaks)


def tmx(language: str, *units: tuple[str, str]) -> str:
    body = "".join(
        f'<tu tuid="a:{number}">\n<tuv xml:lang="en">\n<seg>{english}</seg></tuv>\n'
        f'<tuv xml:lang="{language}"><seg>{other}</seg></tuv>\n</tu>\n'
        for number, (english, other) in enumerate(units)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4"><header/><body>\n{body}</body></tmx>\n'
    )


def mkqa(language: str, *questions: str) -> str:
    rows = [
        {"id": f"{100 + number}_{language}", "lang": language, "question": question, "answers": []}
        for number, question in enumerate(questions)
    ]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@dataclass(frozen=True)
class Published:
    """A tiny data set in its published layout, and what must come out of it."""

    files: dict[str, str]
    splits: dict[str, int]  # judged queries
    languages: tuple[str, ...]
    documents: int
    options: dict[str, Any] = field(default_factory=dict)
    media: tuple[str, ...] = ()


FAQ_COLUMNS = [
    "question",
    "answer",
    "answer_html",
    "link",
    "name",
    "source",
    "category",
    "country",
    "region",
    "city",
    "lang",
    "last_update",
]


def faq(*rows: tuple[str, str, str]) -> str:
    lines = ["\t".join(FAQ_COLUMNS)]
    lines += [
        "\t".join([question, answer, "<p>", *"abcdefg", lang, "2020"]) for question, answer, lang in rows
    ]
    return "\n".join(lines) + "\n"


PUBLISHED = {
    "xquad-r": Published(
        {
            "en.json": squad(
                with_sentences("It is red. It was blue.", ("q1", "Now?", "red"), ("q2", "Then?", "blue"))
            ),
            "de.json": squad(
                with_sentences("Es ist rot, war blau. Ende.", ("q1", "Nun?", "rot"), ("q2", "Da?", "blau"))
            ),
        },
        {"test": 4},
        ("de", "en"),
        4,
    ),
    "mlqa-r": Published(
        {
            "en.json": squad(
                with_sentences("It is red. It was blue.", ("q1", "Now?", "red"), ("q2", "Then?", "blue"))
            ),
            "de.json": squad(with_sentences("Es ist rot. Ende.", ("q1", "Nun?", "rot"))),
        },
        {"test": 3},
        ("de", "en"),
        4,
    ),
    "miracl": Published(
        {
            "miracl-v1.0-sw/topics/topics.miracl-v1.0-sw-dev.tsv": "1#0\tNani?\n2#0\tLini?\n",
            "miracl-v1.0-sw/qrels/qrels.miracl-v1.0-sw-dev.tsv": (
                "1#0 Q0 7#0 1\n1#0\tQ0\t7#1\t0\n2#0 Q0 8#0 1\n"
            ),
            "miracl-v1.0-sw/topics/topics.miracl-v1.0-sw-test-a.tsv": "9#0\tWapi?\n",
            "miracl-v1.0-ko/topics/topics.miracl-v1.0-ko-dev.tsv": "1#0\t왜?\n",
            "miracl-v1.0-ko/qrels/qrels.miracl-v1.0-ko-dev.tsv": "1#0 Q0 7#0 1\n",
            "miracl-corpus-v1.0-sw/docs-0.jsonl": jsonl(passage("7#0", "Hii."), passage("7#1", "Ile.")),
            "miracl-corpus-v1.0-sw/docs-1.jsonl": jsonl(passage("8#0", "Jana."), passage("8#1", "Leo.")),
            "miracl-corpus-v1.0-ko/docs-0.jsonl": jsonl(passage("7#0", "네.")),
        },
        {"dev": 3},
        ("ko", "sw"),
        5,
    ),
    "belebele": Published(
        {
            "data/eng_Latn.jsonl": jsonl(
                belebele("https://a", 1, "It is red.", "What?"),
                belebele("https://a", 2, "It is red.", "Why?"),
                belebele("https://b", 1, "It rains.", "When?"),
            ),
            "data/arb_Arab.jsonl": jsonl(
                belebele("https://b", 1, "إنها تمطر.", "متى؟"),
                belebele("https://a", 1, "إنه أحمر.", "ماذا؟"),
            ),
        },
        {"test": 5},
        ("ar", "en"),
        4,
    ),
    "mewsli-x": Published(
        {
            "wikinews_mentions-test.jsonl": jsonl(
                article("de", "Er kam. Er sah Rom.", mention("m1", "Q1", "Rom", 15)),
                article("en", "He saw Rome.", mention("m2", "Q1", "Rome", 7), mention("m3", "Q2", "He", 0)),
            ),
            "wikinews_mentions-dev.jsonl": jsonl(article("de", "Wien.", mention("m4", "Q3", "Wien", 0))),
            "candidate_set_entities.jsonl": jsonl(
                entity("Q1", "fi", "Rooma on kaupunki."),
                entity("Q2", "en", "A man."),
                entity("Q3", "sw", "Vienna ni jiji."),
                entity("Q4", "en", "Nobody asks for it."),
            ),
        },
        {"test": 3, "dev": 1},
        ("de", "en", "fi", "sw"),
        4,
    ),
    "mlqa": Published(
        {
            "test/test-context-de-question-en.json": squad(paragraph("Rot ist es.", ("q1", "Which?", "Rot"))),
            "test/test-context-en-question-de.json": squad(
                paragraph("It is red.", ("q1", "Welche?", "red")),
                paragraph("Other.", ("q2", "Und?", "Other")),
            ),
        },
        {"train": 3},
        ("de", "en"),
        3,
    ),
    "tydiqa": Published(
        {
            "tydiqa-goldp-v1.1-train/tydiqa.goldp.fi.train.json": squad(
                paragraph("Se on. Ei ole.", ("0", "Mikä?", "Ei")),
                paragraph("Toinen.", ("0", "Kuka?", "Toinen")),
            ),
            "tydiqa-goldp-v1.1-dev/tydiqa.goldp.ko.dev.json": squad(paragraph("네.", ("0", "왜?", "네"))),
        },
        {"train": 2, "dev": 1},
        ("fi", "ko"),
        3,
    ),
    "nqg-squad": Published(
        {"src-test.txt": "a b .\na b .\nc d .\n", "tgt-test.txt": "a ?\nb ?\nc ?\n"}, {"test": 3}, ("en",), 2
    ),
    "covid-faq": Published(
        {"faq_200327.tsv": faq(("Was?", "Das.", "de"), ("Wer?", "Das.", "de"), ("What?", "This.", "en"))},
        {"train": 3},
        ("de", "en"),
        2,
    ),
    "xnli": Published(
        {
            "dev-en.tsv": "p\th1\tneutral\np\th2\tneutral\n",
            "dev-de.tsv": "P\tH1\tneutral\nP\tH2\tneutral\n",
            "test-en.tsv": "x\ty\n",
            "test-de.tsv": "X\tY\n",
        },
        {"dev": 6, "test": 4},
        ("de", "en"),
        10,
    ),
    "paws-x": Published(
        {
            "dev-en.tsv": "a\tb\t1\nc\td\t0\n",
            "dev-fr.tsv": "A\tB\t1\nNS\tD\t0\n",
            "test-en.tsv": "x\ty\n",
            "test-fr.tsv": "X\tY\n",
        },
        {"dev": 6, "test": 4},
        ("en", "fr"),
        10,
    ),
    "stsb-multi-mt": Published(
        {
            "stsb-en-dev.csv": '"a, b",c,5.0\n"d ""e""",a,2.5\n',
            "stsb-de-dev.csv": "A,C,5.0\nD,F,2.5\n",
            "stsb-en-train.csv": "x,y,1.0\n",
            "stsb-de-train.csv": "X,Y,1.0\n",
        },
        {"dev": 8, "train": 4},
        ("de", "en"),
        12,
    ),
    "ntrex": Published(
        {
            "newstest2019-src.eng.txt": "one\r\ntwo\r\n",
            "newstest2019-ref.zho-CN.txt": "一\r\n二\r\n",
            "newstest2019-ref.srp-Cyrl.txt": "један\nдва\n",
            "LANGUAGES.tsv": "eng English\n",
        },
        {"test": 6},
        ("en", "sr-Cyrl", "zh"),
        6,
    ),
    "tico-19": Published(
        {
            "all.en-es-LA.tmx": tmx("es-LA", ("fever", "fiebre"), ("cough", "tos")),
            "all.en-pt-BR.tmx": tmx("pt-BR", ("fever", "febre"), ("Cough", "tosse")),
        },
        {"all": 6},
        ("en", "es-419", "pt-BR"),
        6,
    ),
    "mkqa": Published(
        {
            "mkqa_dev/mkqa-en.jsonl": mkqa("en", "who", "when"),
            "mkqa_dev/mkqa-zh_cn.jsonl": mkqa("zh_cn", "谁", "何时"),
            "mkqa_test_without_answers/mkqa-en.jsonl": mkqa("en", "a", "b", "c").replace('"1', '"9'),
            "mkqa_test_without_answers/mkqa-pt.jsonl": "",
        },
        {"dev": 4, "test": 3},
        ("en", "zh"),
        7,
    ),
    "tatoeba": Published(
        {
            "tatoeba.deu-eng.deu": "Hallo.\nJa.\n",
            "tatoeba.deu-eng.eng": "Hello.\nYes.\n",
            "tatoeba.fra-eng.fra": "Oui.\nNon.\n",
            "tatoeba.fra-eng.eng": "Yes.\nNo.\n",
        },
        {"test": 7},
        ("de", "en", "fr"),
        7,
    ),
    "multi30k": Published(
        {
            "task1/raw/val.en": "a dog\na cat\n",
            "task1/raw/val.de": "ein Hund\neine Katze\n",
            "task1/image_splits/val.txt": "10.jpg\n11.jpg\n",
        },
        {"val": 4},
        ("de", "en"),
        4,
    ),
    "multi30k-photographs": Published(
        {
            "flickr8k-images/image_index.tsv": "file\tmulti30k_split\tmulti30k_line0\tarchive\n"
            "10_a.jpg\ttrain\t1\tx.zip\n11_b.jpg\tval\t0\tx.zip\n12_c.jpg\tnone\t-1\tx.zip\n",
            "multi30k/task1/raw/train.en": "a dog\na cat\n",
            "multi30k/task1/raw/train.de": "ein Hund\neine Katze\n",
            "multi30k/task1/image_splits/train.txt": "9.jpg\n10.jpg\n",
            "multi30k/task1/raw/val.en": "a cow\n",
            "multi30k/task1/raw/val.de": "eine Kuh\n",
            "multi30k/task1/image_splits/val.txt": "11.jpg\n",
        },
        {"train": 2, "val": 2},
        ("de", "en"),
        2,
        media=("10_a.jpg", "11_b.jpg", "12_c.jpg"),
    ),
    "xtd10": Published(
        {
            "XTD10/test_1kcaptions_en.txt": "a dog\na cat\n",
            "STAIR/test_1kcaptions_jp.txt": "犬\n猫",
            "XTD10/test_image_names.txt": "COCO_1.jpg\nCOCO_2.jpg\n",
        },
        {"test": 4},
        ("en", "ja"),
        4,
    ),
    "xm3600": Published(
        {
            "captions.jsonl": jsonl(
                picture("a1", en=["a dog", "one dog"], fil=["aso"]), picture("b2", en=["a cat"], fil=["pusa"])
            )
        },
        {"test": 5},
        ("en", "tl"),
        2,
        media=("a1.jpg", "b2.jpg"),
    ),
    "xflickr-co": Published(
        {
            "annotations/de/test.jsonl": jsonl(flickr("10", "ein Hund"), flickr("11", "eine Katze")),
            "annotations/en/test.jsonl": jsonl(flickr("11", "a cat"), flickr("10", "a dog")),
        },
        {"test": 4},
        ("de", "en"),
        2,
        media=("10.jpg", "11.jpg"),
    ),
    "msr-vtt": Published(
        {
            "MSRVTT_JSFUSION_test.csv": (
                'key,vid_key,video_id,sentence\nret0,msr1,video1,a dog runs\nret1,msr2,video2,"a cat, too"\n'
            ),
            "MSRVTT_data.json": videodatainfo(
                (0, "video1", "a  dog runs"), (1, "video1", "dog"), (2, "video2", "a cat, too"), (3, "v", "x")
            ),
            "MSRVTT_data.de.json": videodatainfo(
                (0, "video1", "ein Hund rennt"), (1, "video1", "Hund"), (2, "video2", "auch eine Katze")
            ),
        },
        {"test": 4},
        ("de", "en"),
        2,
        media=("video1.mp4", "video2.mp4"),
    ),
    "multi-howto100m": Published(
        {
            "how2_de.json": how2(
                b=[(0.0, 2.5, "schneide die Zwiebel")], a=[(1.0, 3.0, "Hallo"), (3, 4.5, "")]
            ),
            "how2_en.json": how2(
                a=[(1.0, 3.0, "hello"), (3, 4.5, "we start")], b=[(0.0, 2.5, "cut the onion")]
            ),
        },
        {"train": 5},
        ("de", "en"),
        5,
    ),
    "vatex": Published(
        {
            "vatex_validation_v1.0.json": json.dumps(
                [
                    {"videoID": "a_000001_000011", "enCap": ["a dog", "one dog"], "chCap": ["一只狗"]},
                    {"videoID": "b_000001_000011", "enCap": ["a cat"], "chCap": ["一只猫", "猫"]},
                ],
                ensure_ascii=False,
            ),
            "vatex_public_test_english_v1.1.json": json.dumps([{"videoID": "c_1_11", "enCap": ["a cow"]}]),
        },
        {"validation": 6, "test": 1},
        ("en", "zh"),
        3,
        media=("a_000001_000011.mp4", "b_000001_000011.mp4", "c_1_11.mp4"),
    ),
}


def write_media(folder: Path, names: tuple[str, ...]) -> Path:
    return write_files(folder, {name: f"bytes of {name}" for name in names})


def write_files(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder
