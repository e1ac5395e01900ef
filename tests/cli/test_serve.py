from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from isoglot.cli import main
from isoglot.search import index

KEY = "a-key-that-nobody-guesses"


@pytest.fixture(scope="module")
def store(folders, tmp_path_factory):
    """A store of the toy corpus."""
    folder = tmp_path_factory.mktemp("serve") / "store"
    index(folders / "model", [folders / "toy"], folder)
    return str(folder)


@pytest.fixture
def unserved(monkeypatch, tmp_path):
    """Lets a server end as soon as it would begin."""
    import uvicorn

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(uvicorn.Server, "run", lambda self, sockets: None)


def test_it_says_where_to_search(store, unserved, capsys):
    assert main(["serve", store, "--port", "0", "--compare", store]) == 0
    said = capsys.readouterr().out
    assert "documents, model model. Search at http://127.0.0.1:" in said
    assert main(["serve", store, "--port", "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["address"].startswith("http://127.0.0.1:")


def test_bad_input_is_refused(store, unserved, tmp_path, capsys):
    (tmp_path / "keys").write_text("short\n", "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for command, rule in (
            (["--host", "0.0.0.0"], "--api-key-file"),
            (["--api-key-file", str(tmp_path / "keys")], "16 ASCII characters"),
            (["--api-key-file", str(tmp_path / "no")], "keys cannot be read"),
            (["--cors", "*"], "an origin must read"),
            (["--rate", "-1"], "rate must be >= 0"),
            (["--port", port], "choose another with --port"),
            (["--port", "0", "--compare", "nowhere"], "there is no store"),
            (["--port", "0", "--tags", str(tmp_path / "no.csv")], "no.csv"),
        ):
            assert main(["serve", store, *command]) == 2, command
            assert rule in capsys.readouterr().err
    assert main(["serve", str(tmp_path / "nothing"), "--port", "0"]) == 2
    assert "there is no store" in capsys.readouterr().err


@pytest.mark.slow
def test_a_process_serves_reloads_and_ends_when_all_is_answered(store, tmp_path):
    (tmp_path / "keys").write_text(KEY, "utf-8")
    run = "import sys; from isoglot.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", run, "serve", store, "--port", "0", "--json"]
    process = subprocess.Popen(
        [*command, "--api-key-file", str(tmp_path / "keys")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
    )  # fmt: skip
    try:
        address = json.loads(process.stdout.readline())["address"]
        assert ask(address, "en1 en2") == 200
        process.send_signal(signal.SIGHUP)
        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(lambda number: ask(address, f"en{number}"), range(200))) == {200}
            under_way = [pool.submit(ask, address, f"de{number} th{number}") for number in range(100)]
            process.send_signal(signal.SIGTERM)
            found = {each.result() for each in under_way}
        assert process.wait(60) == 0
        written = process.stdout.read() + process.stderr.read()
    finally:
        process.kill()
        process.communicate()
    assert found <= {200, "nobody there"}
    assert "opened anew" in written
    assert KEY not in written


def ask(address: str, query: str) -> int | str:
    """Status of a search; whether it was the server or nobody that did not answer."""
    request = urllib.request.Request(
        f"{address}search",
        json.dumps({"query": query}).encode(),
        {"content-type": "application/json", "authorization": f"Bearer {KEY}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            json.load(answer)
            return answer.status
    except (urllib.error.URLError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        return "nobody there" if isinstance(reason, ConnectionError) else str(error)
