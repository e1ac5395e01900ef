from __future__ import annotations

import io
import json

import pytest
from PIL import Image
from starlette.testclient import TestClient

from isoglot.serving.app import build_app
from isoglot.serving.asked import Refused, SearchRequest, parse
from isoglot.tagging import Label, Tag, Vocabulary

from .conftest import png


def ids(answer) -> list[str]:
    return [each["doc_id"] for each in answer.json()["results"]]


def test_an_answer_carries_model_version_and_reasons(client):
    answer = client.post("/search", json={"query": "หมา", "limit": 4})
    assert answer.status_code == 200
    said = answer.json()
    assert (said["model"], said["fingerprint"], said["engine"]) == ("store", "f1", "first")
    assert said["index_version"] > 0
    assert said["query_id"].startswith("q")
    assert set(ids(answer)) >= {"en-dog", "de-dog", "red one.png"}
    assert said["results"][0]["why"]["text"].startswith("1st by meaning")
    assert "/" not in str([each["file"] for each in said["results"]])
    assert all("path" not in each for each in said["results"])
    picture = next(each for each in said["results"] if each["doc_id"] == "red one.png")
    assert (picture["file"], picture["has_picture"]) == ("red one.png", True)


def test_filters_policies_and_words_are_heard(client):
    asked = {"query": "der Hund", "policy": "mine-first", "limit": 3, "hybrid": True}
    said = client.post("/search", json=asked).json()
    assert (said["my_languages"], said["guessed"], said["dial"]) == (["de"], True, 1.0)
    assert {each["language"] for each in said["results"]} <= {"de", None}
    only = {"query": "dog", "language": ["de"], "fields": {"year": [2001]}}
    assert ids(client.post("/search", json=only)) == ["de-dog"]
    assert ids(client.post("/search", json={"query": "dog", "where": ["year>=2006"]})) == ["en/hostile?"]
    assert ids(client.post("/search", json={"query": "cat", "modality": ["image"], "limit": 1})) == ["blue"]


def test_a_picture_searches(client):
    form = {"file": ("a.png", png("blue"), "image/png"), "options": (None, json.dumps({"limit": 2}))}
    answer = client.post("/search", files=form)
    assert answer.status_code == 200, answer.text
    assert set(ids(answer)) == {"blue", "de-cat"}
    assert answer.json()["query_id"] is None


def test_a_sound_searches(client):
    answer = client.post("/search", files={"file": ("a.wav", b"RIFF....WAVE", "audio/wav")})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("body", "status", "rule"),
    [
        ({"query": ""}, 422, "query"),
        ({"query": " \n"}, 422, "is empty"),
        ({"query": "a\0b"}, 422, "control character"),
        ({"query": "a\x1bb"}, 422, "control character"),
        ({"query": "\ud800"}, 422, "unicode"),
        ({"query": "x" * 2001}, 422, "2000"),
        ({"query": 3}, 422, "string"),
        ({"query": "x", "limit": 0}, 422, "limit"),
        ({"query": "x", "limit": 10**9}, 422, "limit"),
        ({"query": "x", "limit": "3"}, 422, "limit"),
        ({"query": "x", "dial": 1.5}, 422, "dial"),
        ({"query": "x", "policy": "mine"}, 422, "policy"),
        ({"query": "x", "language": ["elvish!"]}, 422, "elvish"),
        ({"query": "x", "where": ["yeer=3"]}, 422, "did you mean 'year'"),
        ({"query": "x", "where": ["year=nan"]}, 422, "integer"),
        ({"query": "x", "fields": {"year": [10**30]}}, 422, "year"),
        ({"query": "x", "engine": "second"}, 422, "--compare"),
        ({"query": "x", "url": "http://example.org/"}, 422, "url"),
        ({"query": "123", "policy": "only"}, 422, "cannot be guessed"),
        ([], 422, "the request"),
    ],
)
def test_what_cannot_be_searched_is_refused(client, body, status, rule):
    answer = client.post("/search", content=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    assert rule in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("text", "kind", "status"),
    [
        ('{"query": "x", "dial": NaN}', "application/json", 400),
        ('{"query": "x", "dial": 1e999}', "application/json", 422),
        ('{"query": "x", "limit": 1' + "0" * 5000 + "}", "application/json", 400),
        ("[" * 100_000, "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        ("", "application/json", 400),
        ('{"query": "x"}', "text/plain", 415),
        ('{"query": "x"}', "application/x-www-form-urlencoded", 415),
        ("--b", "multipart/form-data", 400),
        ("--b", "multipart/form-data; boundary=b", 422),
        ("garbage", "multipart/form-data; boundary=b", 400),
    ],
)
def test_bodies_that_are_no_request_are_refused(client, text, kind, status):
    answer = client.post("/search", content=text, headers={"content-type": kind})
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["problems"]


@pytest.mark.parametrize(
    ("file", "status", "rule"),
    [
        (("a.png", b"no picture", "image/png"), 422, "cannot be read"),
        (("a.png", b"", "image/png"), 422, "empty"),
        (("a.txt", b"text", "text/plain"), 415, "image/*"),
        (("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"), 422, "SVG"),
    ],
)
def test_files_that_are_no_picture_are_refused(client, file, status, rule):
    answer = client.post("/search", files={"file": file})
    assert answer.status_code == status, answer.text
    assert rule in answer.json()["error"]["message"]


def test_a_picture_that_is_vast_once_unpacked_is_refused(client):
    import struct
    import zlib

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 10**6))
    answer = client.post("/search", files={"file": ("a.png", bomb + chunk(b"IEND", b""), "image/png")})
    assert answer.status_code == 422
    assert "pixels" in answer.json()["error"]["message"]


def test_a_form_has_two_parts_and_no_others(client):
    form = {"file": ("a.png", png("red"), "image/png"), "path": (None, "/etc/passwd")}
    answer = client.post("/search", files=form)
    assert answer.status_code == 422
    assert "file and options" in answer.json()["error"]["message"]


def test_pictures_are_shown_by_id_and_nothing_else_is(client, tmp_path):
    answer = client.get("/media/red%20one.png")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(answer.content)).size == (480, 267)
    (tmp_path / "secret.png").write_bytes(png("red"))
    for path in (
        "store/../secret.png", "..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", "secret.png", "en-dog", "gone",
        "%00", "%20", "a" * 3_000, "%ff%fe",
    ):  # fmt: skip
        assert client.get(f"/media/{path}").status_code in (404, 422), path


def test_tags_of_the_request_and_of_the_server(start):
    service = start()
    tags = [
        {"tag_id": "dog", "labels": {"en": "dog", "de": "hund"}},
        {"tag_id": "cat", "labels": {"en": "cat"}},
    ]
    asked = {"items": ["der hund", "le chat"], "languages": ["de", "en"], "top": 1}
    with TestClient(build_app(service), base_url="http://127.0.0.1") as client:
        assert client.post("/tag", json=asked).status_code == 422
        said = client.post("/tag", json={**asked, "tags": tags}).json()
        assert (said["model"], said["fingerprint"]) == ("store", "f1")
        found = [[(tag["label"], tag["language"]) for tag in item["tags"]] for item in said["items"]]
        assert found == [[("hund", "de"), ("dog", "en")], [("cat", "de"), ("cat", "en")]]
        service.vocabulary = Vocabulary(
            "own", (Tag("dog", {"en": Label("dog")}), Tag("cat", {"en": Label("cat")}))
        )
        form = {
            "file": ("a.png", png("blue"), "image/png"),
            "options": (None, '{"languages": ["en"], "top": 1}'),
        }
        said = client.post("/tag", files=form).json()
        assert (said["vocabulary"], said["items"][0]["tags"][0]["tag_id"]) == ("own", "cat")
        bad = [{"tag_id": "a", "labels": {"en": "dog"}}, {"tag_id": "a", "labels": {"xx!": "cat"}}]
        assert client.post("/tag", json={**asked, "tags": bad}).status_code == 422
        assert client.post("/tag", json={**asked, "tags": tags, "languages": ["?"]}).status_code == 422


def test_thumbs_become_judgements(client, tmp_path):
    asked = {"query": "ein\thund\nhier", "doc_id": "en-dog", "grade": 1, "language": "de"}
    first = client.post("/feedback", json=asked).json()
    again = client.post("/feedback", json={**asked, "grade": 0}).json()
    assert first["query_id"] == again["query_id"]
    lines = (tmp_path / "feedback" / "qrels.tsv").read_text("utf-8").split("\n")
    assert lines == ["query-id\tcorpus-id\tscore", f"{first['query_id']}\ten-dog\t0", ""]
    queries = (tmp_path / "feedback" / "queries.tsv").read_text("utf-8").split("\n")
    assert queries[1] == f"{first['query_id']}\tde\tein hund hier"
    assert client.post("/feedback", json={**asked, "doc_id": "nobody"}).status_code == 404
    assert client.post("/feedback", json={**asked, "grade": 7}).status_code == 422


def test_thumbs_are_refused_where_nobody_keeps_them(client):
    client.app.state.service.feedback = None
    answer = client.post("/feedback", json={"query": "dog", "doc_id": "en-dog", "grade": 1})
    assert (answer.status_code, "--feedback" in answer.text) == (403, True)
    assert client.get("/index").json()["feedback"] is False


def test_a_store_that_fails_is_503_and_tells_nothing_of_this_computer(client, monkeypatch):
    from isoglot.errors import SearchError

    def fail(*given, **named):
        raise SearchError("/secret/store: the store cannot be used")

    client.post("/search", json={"query": "dog"})
    store = client.app.state.service.engine("first").searcher.store
    monkeypatch.setattr(type(store), "search", fail)
    answer = client.post("/search", json={"query": "dog"})
    assert answer.status_code == 503
    assert "secret" not in answer.text


def test_problems_are_reported_together():
    with pytest.raises(Refused, match=r"(?s)limit.*dial") as caught:
        parse(SearchRequest, '{"query": "x", "limit": -1, "dial": 7}')
    assert len(caught.value.problems) == 2
