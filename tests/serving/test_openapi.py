"""What OpenAPI promises, asked for in thousands of ways: nothing makes the server fail."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from isoglot.serving.app import build_app

from .conftest import fill, make_service
from .live import running

schemathesis = pytest.importorskip("schemathesis", reason="fuzzing is for development")


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """The description of a running server that keeps uploads and thumbs."""
    folder = tmp_path_factory.mktemp("openapi")
    fill(folder / "store", folder / "pictures")
    with running(build_app(make_service(folder, uploads=folder / "uploads"))) as address:
        yield schemathesis.openapi.from_url(f"{address}/openapi.json")


def takes_anything(operation) -> bool:
    """Whether an operation has a body or parameters."""
    return bool({"requestBody", "parameters"} & set(operation.definition.raw))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_nothing_makes_the_server_fail(api, mode):
    operations = [found.ok() for found in api.get_all_operations()]
    assert len(operations) == 10
    for operation in operations:
        if mode == "negative" and not takes_anything(operation):
            continue  # there is nothing to get wrong

        @settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=schemathesis.GenerationMode(mode)))
        def ask(case):
            answer = case.call()
            assert answer.status_code < 500, answer.text
            if answer.status_code >= 400:
                assert answer.json()["error"]["problems"]

        ask()


def test_openapi_shows_every_route_and_shape(client):
    said = client.get("/openapi.json").json()
    assert set(said["paths"]) == {
        "/search", "/tag", "/media/{doc_id}", "/feedback", "/index", "/documents", "/health", "/metrics",
    }  # fmt: skip
    assert set(said["paths"]["/documents"]) == {"get", "post", "delete"}
    content = said["paths"]["/search"]["post"]["requestBody"]["content"]
    assert set(content) == {"application/json", "multipart/form-data"}
    assert "policy" in content["application/json"]["schema"]["properties"]
    assert "$ref" not in str(content)
