"""A real server, asked over HTTP: what clients may rely on."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import impasto
from impasto.client import Client
from impasto.errors import ImageError, OptionError, ServerError
from impasto.images import load, read_recipe
from impasto.methods.quality import METHODS
from impasto.options import declarations
from tests.studio.servers import Running, png, wait_for

PAGE = Path(__file__).parents[2] / "docs" / "server.md"
ADDRESS = "http://127.0.0.1:7860"


def upload(server: Running, data: bytes, name: str = "photo.png") -> dict[str, Any]:
    answer = server.http.post("/v1/files", files={"file": (name, data)})
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def submit(server: Running, **request: Any) -> dict[str, Any]:
    answer = server.http.post("/v1/jobs", json=request)
    assert answer.status_code == 201, answer.text
    return answer.json()


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_it_is_there(server: Running) -> None:
    assert server.http.get("/healthz").json()["status"] == "ok"
    ready = server.http.get("/readyz").json()
    assert ready["ready"]
    assert ready["workers"]
    assert "impasto_workers 1.0" in server.http.get("/metrics").text
    schema = server.http.get("/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    assert "JobAsked" in schema["components"]["schemas"]


def test_options_are_those_that_are_declared(server: Running) -> None:
    found = server.http.get("/v1/options").json()
    kinds = {"fast": "realtime", "balanced": "optimize", "best": "optimize"}
    for quality, options in found["methods"].items():
        known = declarations(METHODS[kinds.get(quality, quality)])
        assert {option["name"] for option in options} <= set(known)
        for option in options:
            _, declared = known[option["name"]]
            assert option["help"] == declared.help
            assert (option["minimum"], option["maximum"]) == (declared.low, declared.high)
    steps = {
        q: {o["name"]: o["default"] for o in found["methods"][q]} for q in ("balanced", "best")
    }
    assert steps["balanced"]["steps"] == 40
    assert steps["best"]["steps"] == 300
    hidden = {"network", "engine", "device", "threads", "memory"}
    assert not hidden & {o["name"] for o in found["methods"]["fast"]}


def test_a_file_is_kept_by_its_content(server: Running) -> None:
    data = png(number=1)
    file = upload(server, data, "../../evil name.exe")
    assert file["id"] == hashlib.sha256(data).hexdigest()
    assert (file["kind"], file["type"], file["name"]) == ("picture", "image/png", "evil name.png")
    assert (file["width"], file["height"], file["bytes"]) == (64, 48, len(data))
    assert server.http.post("/v1/files", files={"file": ("b", data)}).status_code == 200

    got = server.http.get(f"/v1/files/{file['id']}")
    assert got.content == data
    assert got.headers["etag"] == f'"{file["id"]}"'
    part = server.http.get(f"/v1/files/{file['id']}", headers={"Range": "bytes=4-9"})
    assert (part.status_code, part.content) == (206, data[4:10])
    assert server.http.head(f"/v1/files/{file['id']}").headers["content-length"] == str(len(data))
    small = server.http.get(f"/v1/files/{file['id']}/thumbnail", params={"size": 32})
    assert small.headers["content-type"] == "image/webp"
    assert max(pixels(small.content).shape) == 64

    assert server.http.delete(f"/v1/files/{file['id']}").status_code == 204
    gone = server.http.get(f"/v1/files/{file['id']}")
    assert gone.status_code == 404
    assert gone.headers["content-type"] == "application/problem+json"


def test_a_picture_is_painted_at_once_as_the_library_paints_it(
    server: Running, tmp_path: Path
) -> None:
    data = png(64, 96, number=2)
    asked = {"options": {"strength": 0.7}, "output": {"format": "png"}}
    answer = server.http.post(
        "/v1/stylize",
        files={"content": ("photo.png", data)},
        data={"style_name": "starry-night", "request": json.dumps(asked)},
    )
    assert answer.status_code == 200, answer.text
    assert float(answer.headers["x-impasto-seconds"]) > 0
    assert len(answer.headers["x-impasto-recipe-id"]) == 16
    (tmp_path / "photo.png").write_bytes(data)
    (tmp_path / "out.png").write_bytes(answer.content)
    expected = impasto.stylize(str(tmp_path / "photo.png"), "starry-night", strength=0.7)
    assert np.abs(load(tmp_path / "out.png") - expected.image).max() < 1.5 / 255
    recipe = read_recipe(tmp_path / "out.png")
    assert recipe["content"] == {"name": "photo.png", "sha256": hashlib.sha256(data).hexdigest()}
    assert recipe["options"]["strength"] == 0.7


def test_styles_are_blended_and_previews_are_small(server: Running) -> None:
    content, style = upload(server, png(120, 160, 3)), png(64, 64, 4)

    def painted(blend: list[float]) -> np.ndarray:
        asked = {"styles": [{"upload": 0}, {"name": "ink"}], "blend": blend, "longest": 80}
        answer = server.http.post(
            "/v1/stylize",
            files={"style": ("style.png", style)},
            data={"content_id": content["id"], "request": json.dumps(asked)},
        )
        assert answer.status_code == 200, answer.text
        return pixels(answer.content).astype(float)

    first, second, mixed = painted([1, 0]), painted([0, 1]), painted([1, 1])
    assert first.shape == (60, 80, 3)
    assert np.abs(first - second).mean() > 8
    assert np.abs(mixed - first).mean() < np.abs(first - second).mean()
    # the same again comes from what was prepared, and is the same
    assert (painted([1, 0]) == first).all()


def test_masks_say_where(server: Running) -> None:
    content = upload(server, png(64, 64, 5))
    half = np.zeros((64, 64), np.uint8)
    half[:, 32:] = 255
    buffer = io.BytesIO()
    Image.fromarray(half).save(buffer, "PNG")
    mask = upload(server, buffer.getvalue(), "mask.png")
    asked = {"styles": [{"name": "neon"}], "masks": [mask["id"]]}
    form = {"content_id": content["id"], "request": json.dumps(asked)}
    answer = server.http.post("/v1/stylize", data=form)
    assert answer.status_code == 200, answer.text
    change = np.abs(pixels(answer.content).astype(float) - pixels(png(64, 64, 5))).mean((0, 2))
    assert change[:24].mean() < 0.3 * change[40:].mean()


def test_a_job_from_upload_to_result(server: Running, tmp_path: Path) -> None:
    content = upload(server, png(number=6), "tower.png")
    request = {"content": content["id"], "styles": [{"name": "woodcut"}]}
    key = {"Idempotency-Key": "once"}
    first = server.http.post("/v1/jobs", json=request, headers=key)
    again = server.http.post("/v1/jobs", json=request, headers=key)
    assert (first.status_code, again.status_code) == (201, 200)
    job = first.json()["id"]
    assert again.json()["id"] == job
    other = server.http.post("/v1/jobs", json=request | {"options": {"strength": 0.5}}, headers=key)
    assert other.status_code == 422
    assert "Idempotency-Key" in other.json()["detail"]

    done = wait_for(server.http, job)
    assert done["state"] == "done", done
    assert done["command"] == "impasto stylize tower.png --style woodcut"
    assert done["result"]["recipe"]["content"]["name"] == "tower.png"
    result = server.http.get(f"/v1/jobs/{job}/result")
    assert hashlib.sha256(result.content).hexdigest() == done["result"]["id"]
    (tmp_path / "r.png").write_bytes(result.content)
    assert read_recipe(tmp_path / "r.png")["styles"][0]["name"] == "woodcut"

    with Client(server.url) as client:
        assert client.verify(result.content)["state"] == "trusted"
        assert client.verify(result.content)["recipe"]["styles"][0]["name"] == "woodcut"
        damaged = bytearray(result.content)
        damaged[-200] ^= 1
        assert client.verify(bytes(damaged))["state"] == "tampered"
        other = server.http.get(f"/v1/jobs/{job}/result?format=webp")
        assert client.verify(other.content)["state"] == "trusted"

    bare = server.http.get(f"/v1/jobs/{job}/result?format=jpeg&recipe=0&download=1")
    assert bare.headers["content-type"] == "image/jpeg"
    assert bare.headers["content-disposition"] == 'attachment; filename="tower-woodcut.jpg"'
    assert b"impasto_recipe" not in bare.content
    with Client(server.url) as client:
        assert client.verify(bare.content)["state"] == "none"
    assert "<Image" in server.http.get(f"/v1/jobs/{job}/tiles.dzi").text
    tile = server.http.get(f"/v1/jobs/{job}/tiles_files/6/0_0.jpg")
    assert pixels(tile.content).shape == (48, 64, 3)
    assert server.http.get(f"/v1/jobs/{job}/tiles_files/6/9_9.jpg").status_code == 404
    assert server.http.delete(f"/v1/jobs/{job}").status_code == 204
    assert server.http.get(f"/v1/jobs/{job}").status_code == 404


def test_events_go_on_where_a_client_left(server: Running) -> None:
    content = upload(server, png(number=7))
    job = submit(server, content=content["id"], styles=[{"name": "ink"}])["id"]
    with Client(server.url) as client:
        events = list(client.events(job))
    assert [event["data"].get("state") for event in events if event["kind"] == "state"] == [
        "queued",
        "running",
        "done",
    ]
    assert events[-1]["kind"] == "end"
    ids = [event["id"] for event in events]
    assert ids == sorted(set(ids))
    rest = server.http.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": str(ids[1])}).text
    assert [int(line[4:]) for line in rest.splitlines() if line.startswith("id: ")] == ids[2:]


def test_several_contents_are_a_job_each(server: Running) -> None:
    files = [("content", (f"{i}.png", png(number=20 + i))) for i in range(3)]
    form = {"request": json.dumps({"styles": [{"upload": 0}]})}
    answer = server.http.post(
        "/v1/jobs", data=form, files=[*files, ("style", ("s.png", png(64, 64, 9)))]
    )
    assert answer.status_code == 201, answer.text
    jobs = [job["id"] for job in answer.json()["jobs"]]
    assert len(set(jobs)) == 3
    results = [wait_for(server.http, job)["result"]["id"] for job in jobs]
    assert len(set(results)) == 3
    page = server.http.get("/v1/jobs", params={"limit": 2}).json()
    assert [job["id"] for job in page["jobs"]] == jobs[:0:-1]
    older = server.http.get("/v1/jobs", params={"limit": 1, "before": page["next"]}).json()
    assert older["jobs"][0]["id"] == jobs[0]


def test_an_optimiser_is_watched_paused_kept_and_cancelled(server: Running) -> None:
    pytest.importorskip("torch")
    content, style = upload(server, png(96, 96, 10)), upload(server, png(64, 64, 11))
    options = {"quality": "balanced", "init": "content", "steps": 100_000, "coarsest": 32}
    job = submit(server, content=content["id"], styles=[{"file": style["id"]}], options=options)[
        "id"
    ]
    first = _until(server, job, lambda found: found["progress"] and found["progress"]["step"] > 2)
    assert first["progress"]["total"] == 100_000
    # the one worker is busy, and three may wait
    more = {"content": [content["id"]] * 3, "styles": [{"name": "ink"}]}
    waiting = server.http.post("/v1/jobs", json=more).json()["jobs"]
    full = server.http.post("/v1/jobs", json=more | {"content": content["id"]})
    assert full.status_code == 429
    assert int(full.headers["retry-after"]) > 0
    assert server.http.get(f"/v1/jobs/{waiting[2]['id']}").json()["position"] == 2
    for found in waiting:
        assert server.http.delete(f"/v1/jobs/{found['id']}").status_code == 204
    server.http.post(f"/v1/jobs/{job}/pause")
    paused = _until(server, job, lambda found: found["state"] == "paused")
    time.sleep(0.6)
    assert server.http.get(f"/v1/jobs/{job}").json()["progress"] == paused["progress"]
    # another job is done meanwhile
    other = submit(server, content=content["id"], styles=[{"name": "ink"}])["id"]
    assert wait_for(server.http, other)["state"] == "done"

    server.http.post(f"/v1/jobs/{job}/resume")
    at = paused["progress"]["step"]
    _until(server, job, lambda found: found["progress"]["step"] > at)
    seen = server.http.get(f"/v1/jobs/{job}/previews").json()["previews"]
    kept = server.http.post(f"/v1/jobs/{job}/keep", json={"step": seen[0]["step"]})
    assert kept.status_code == 201
    # it is there beside the job, with what made it, however often it is kept
    found = kept.json()
    assert (found["state"], found["result"]["width"], found["result"]["height"]) == ("done", 96, 96)
    assert found["result"]["recipe"]["steps"] == seen[0]["step"]
    again = server.http.post(f"/v1/jobs/{job}/keep", json={"step": seen[0]["step"]}).json()
    assert again["id"] == found["id"] != job
    assert found["id"] in [each["id"] for each in server.http.get("/v1/jobs").json()["jobs"]]
    made = server.http.get(f"/v1/jobs/{found['id']}/result?download=1")
    assert pixels(made.content).shape == (96, 96, 3)
    assert f'-{seen[0]["step"]}.png"' in made.headers["Content-Disposition"]
    curve = server.http.get(f"/v1/jobs/{job}/losses").json()
    assert curve["steps"][:3] == [1, 2, 3]
    assert curve["losses"]["loss"][0] > curve["losses"]["loss"][-1]
    server.http.post(f"/v1/jobs/{job}/cancel")
    ended = wait_for(server.http, job)
    assert ended["state"] == "cancelled"
    assert ended["result"]["recipe"]["stopped"]
    assert pixels(server.http.get(f"/v1/jobs/{job}/result").content).shape == (96, 96, 3)


def _until(server: Running, job: str, holds: Any, seconds: float = 60) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found: dict[str, Any] = server.http.get(f"/v1/jobs/{job}").json()
        if holds(found):
            return found
        assert found["state"] not in ("failed", "done"), found
        time.sleep(0.1)
    raise AssertionError(found)


def test_a_film(server: Running, tmp_path: Path) -> None:
    films = pytest.importorskip("films")
    path = tmp_path / "clip.mp4"
    films.make_film(path, [films.picture(i) for i in range(6)])
    film = upload(server, path.read_bytes(), "clip.mp4")
    assert (film["kind"], film["frames"], film["width"]) == ("film", 6, 64)
    thumbnail = server.http.get(f"/v1/files/{film['id']}/thumbnail")
    assert thumbnail.headers["content-type"] == "image/webp"
    refused = server.http.post(
        "/v1/jobs", json={"content": film["id"], "styles": [{"name": "ink"}]}
    )
    assert refused.status_code == 422
    job = submit(
        server, kind="video", content=film["id"], styles=[{"name": "ink"}],
        film={"to": 0.16, "temporal": 0},
    )["id"]  # fmt: skip
    done = wait_for(server.http, job)
    assert done["state"] == "done", done
    assert done["result"]["type"] == "video/mp4"
    result = server.http.get(f"/v1/jobs/{job}/result")
    (tmp_path / "out.mp4").write_bytes(result.content)
    assert len(list(impasto.iter_frames(tmp_path / "out.mp4"))) == 4
    assert "--to 0.16" in done["command"]


def test_own_styles(server: Running) -> None:
    with Client(server.url) as client:
        made = client.add_style("my-waves", [png(64, 64, 12), png(64, 64, 13)])
        assert (made["kind"], made["removable"], made["picture"]) == ("own", True, True)
        with pytest.raises(OptionError, match="there already"):
            client.add_style("my-waves", [png()])
        thumbnail = server.http.get(made["thumbnail"])
        assert thumbnail.headers["content-type"] == "image/webp"
        painted = client.stylize(png(48, 64, 14), "my-waves")
        assert pixels(painted).shape == (48, 64, 3)
        client.delete_style("my-waves")
        with pytest.raises(ServerError, match="my-waves"):
            client.stylize(png(), "my-waves")
        with pytest.raises(OptionError, match="not deleted here"):
            client.delete_style("starry-night")
        preset = server.http.get("/v1/styles/woodcut/thumbnail")
        assert max(pixels(preset.content).shape) == 256


def test_the_client(server: Running, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(png(number=15))
    with Client(server.url) as client:
        assert {style["name"] for style in client.styles()} > {"starry-night", "ink"}
        file = client.upload(tmp_path / "photo.png")
        (job,) = client.submit(file["id"], [{"name": "mosaic"}], output={"format": "webp"})
        told: list[float] = []
        done = client.wait(job["id"], lambda progress: told.append(progress["done"]))
        assert told[-1] == 1
        data = client.result(done["id"], tmp_path / "out.webp")
        assert (tmp_path / "out.webp").read_bytes() == data
        assert pixels(data).shape == (48, 64, 3)
        assert client.want(job["id"], "cancel")["state"] == "done"
        assert job["id"] in {found["id"] for found in client.jobs("done")}
        with pytest.raises(ImageError, match="not a picture"):
            client.upload(b"nothing of the kind")
        with pytest.raises(OptionError, match="strength is 7"):
            client.stylize(png(), "ink", strength=7)
        client.delete(job["id"])
    with pytest.raises(ServerError), Client("http://127.0.0.1:9") as nobody:
        nobody.styles()


def test_what_is_wrong_is_said_in_a_line(server: Running) -> None:
    content = upload(server, png())["id"]

    def detail(**request: Any) -> str:
        answer = server.http.post("/v1/jobs", json=request)
        assert answer.status_code in (404, 422), answer.text
        body = answer.json()
        assert set(body) == {"type", "title", "status", "detail"}
        assert "\n" not in body["detail"]
        return str(body["detail"])

    ink = [{"name": "ink"}]
    assert "did you mean strength" in detail(content=content, styles=ink, options={"strenght": 1})
    assert "this server decides" in detail(content=content, styles=ink, options={"threads": 9})
    assert "choose one of" in detail(content=content, styles=ink, options={"init": "/etc/passwd"})
    assert "no style's name" in detail(content=content, styles=[{"name": "unheard-of"}])
    assert "upload it again" in detail(content="0" * 64, styles=ink)
    assert "at least one" in detail(content=content)
    assert "one of name, file and upload" in detail(content=content, styles=[{}])
    assert "format" in detail(content=content, styles=ink, output={"format": "mp4"})


def blocks(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found
    return "\n".join(found)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_commands_of_the_page_run(server: Running, tmp_path: Path) -> None:
    films = pytest.importorskip("films")
    for number, name in enumerate(("photo.jpg", "painting.jpg", "other.jpg")):
        (tmp_path / name).write_bytes(png(number=number))
    films.make_film(tmp_path / "clip.mp4", [films.picture(i) for i in range(3)])
    script = blocks("sh").replace(ADDRESS, server.url)
    # the queue of this folder's server is short: wait for what was asked for
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert "event: end" in done.stdout
    for name in ("painted.png", "painted.jpg", "small.webp", "result.png", "result.jpg"):
        assert (tmp_path / name).stat().st_size > 100, name
    code = blocks("py").replace(ADDRESS, server.url)
    names: dict[str, object] = {}
    exec(code.replace('"photo.jpg"', repr(str(tmp_path / "photo.jpg"))).replace(
        '"result.png"', repr(str(tmp_path / "own.png"))), names)  # fmt: skip
    assert (tmp_path / "own.png").read_bytes().startswith(b"\x89PNG")
