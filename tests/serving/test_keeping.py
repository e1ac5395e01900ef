from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from isoglot.serving.app import build_app

from .conftest import png


def test_documents_are_added_replaced_and_deleted_while_it_serves(client):
    before = client.get("/index").json()
    added = {"doc_id": "new", "text": "Ein Hund bellt laut", "fields": {"year": 2026}}
    said = client.post("/documents", json={"documents": [added]}).json()
    assert said["num_added"] == 1
    assert said["index_version"] > before["index_version"]
    found = client.get("/documents", params={"id": ["new", "nobody"]}).json()
    assert [(each["doc_id"], each["language"]) for each in found["documents"]] == [("new", "de")]
    results = client.post("/search", json={"query": "dog", "where": ["year=2026"]}).json()["results"]
    assert [each["doc_id"] for each in results] == ["new"]
    added["text"] = "the cat"
    client.post("/documents", json={"documents": [added]})
    assert client.get("/index").json()["num_documents"] == before["num_documents"] + 1
    assert client.delete("/documents", params={"id": ["new", "nobody"]}).json()["num_deleted"] == 1
    assert client.get("/index").json()["num_documents"] == before["num_documents"]


def test_the_index_says_what_can_be_filtered(client):
    said = client.get("/index").json()
    assert said["fields"] == {"year": "integer"}
    assert said["tally"]["language"]["de"] == 2
    assert said["tally"]["modality"]["image"] == 3
    assert (said["engines"], said["feedback"]) == (["first"], True)


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        ({"doc_id": "x"}, "must have a text"),
        ({"doc_id": " ", "text": "a"}, "is empty"),
        ({"doc_id": "x" * 513, "text": "a"}, "512"),
        ({"doc_id": "語" * 512, "text": "a"}, "512 bytes"),
        ({"doc_id": "x", "text": " "}, "is empty"),
        ({"doc_id": "x", "text": "a", "language": "???"}, "language"),
        ({"doc_id": "x", "text": "a", "fields": {"colour": "red"}}, "not declared"),
        ({"doc_id": "x", "text": "a", "fields": {"year": "soon"}}, "must be integer"),
        ({"doc_id": "x", "text": "a", "path": "/etc/passwd"}, "path"),
        ({"doc_id": "x", "text": "a", "modality": "image"}, "modality"),
    ],
)
def test_documents_that_cannot_be_kept_are_refused_all_together(client, document, rule):
    fine = {"doc_id": "fine", "text": "a dog"}
    answer = client.post("/documents", json={"documents": [fine, document]})
    assert answer.status_code == 422, answer.text
    assert rule in answer.json()["error"]["message"]
    assert client.get("/documents", params={"id": "fine"}).json()["documents"] == []


@pytest.mark.parametrize("ids", [[], [" "], ["\0"], ["x" * 600]])
def test_ids_that_cannot_be_are_refused(client, ids):
    for method in (client.get, client.delete):
        assert method("/documents", params={"id": ids}).status_code == 422


def test_a_picture_is_added_under_a_name_of_its_content(start, tmp_path):
    given = json.dumps({"doc_id": "../../new", "text": "a red thing"})
    form = {"file": ("../../../evil.png", png("red"), "image/png"), "options": (None, given)}
    with TestClient(build_app(start(uploads=tmp_path / "uploads")), base_url="http://localhost") as client:
        assert client.post("/documents", files=form).status_code == 200
        assert client.get("/media/..%2F..%2Fnew").headers["content-type"] == "image/jpeg"
        broken = {"file": ("a.png", png("red")[:60], "image/png"), "options": (None, given)}
        assert client.post("/documents", files=broken).status_code == 422
    kept = [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()]
    assert [len(path.name) for path in kept] == [32]
    assert not list(tmp_path.rglob("evil*"))


def test_without_a_folder_no_file_is_kept(client):
    form = {"file": ("a.png", png("red"), "image/png"), "options": (None, '{"doc_id": "x"}')}
    answer = client.post("/documents", files=form)
    assert answer.status_code == 403
    assert "--uploads" in answer.json()["error"]["message"]


def test_who_needs_no_key_changes_nothing(start):
    service = start(host="0.0.0.0", allow_anonymous=True)
    with TestClient(build_app(service), base_url="http://example.org") as client:
        assert client.post("/search", json={"query": "dog"}).status_code == 200
        added = {"documents": [{"doc_id": "x", "text": "a"}]}
        assert client.post("/documents", json=added).status_code == 403
        assert client.delete("/documents", params={"id": "en-dog"}).status_code == 403
