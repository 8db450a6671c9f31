"""Calls a running service as Python programs do: requests and aiohttp, with bodies, forms, JSON and kept connections.

    python3 Tests/Integration/Clients/http_clients.py http://localhost:8080 dog.jpg

Needs requests and aiohttp from PyPI. Exits with 1 at the first answer that is not as it should be.
"""

import asyncio
import base64
import sys
import zlib
from pathlib import Path

import aiohttp
import requests

LABELS = ["dog", "bicycle", "car"]
OPTIONS = {"score_threshold": 0.5}


def labels(answer):
    return [found["label"] for found in answer["detections"]]


def expect(what, condition, shown=""):
    if not condition:
        sys.exit(f"{what}: not as expected {shown}")
    print(f"ok  {what}")


def with_requests(url, image):
    content = image.read_bytes()
    text = base64.b64encode(content).decode()
    with requests.Session() as session:
        answer = session.post(f"{url}/detect", params=OPTIONS, data=content)
        expect("requests, body", labels(answer.json()) == LABELS, answer.text)
        with image.open("rb") as file:
            answer = session.post(f"{url}/detect", params=OPTIONS, data=file)
        expect("requests, streamed file", labels(answer.json()) == LABELS, answer.text)

        def pieces():
            for start in range(0, len(content), 10_000):
                yield content[start : start + 10_000]

        answer = session.post(f"{url}/detect", params=OPTIONS, data=pieces())
        expect("requests, chunked body", labels(answer.json()) == LABELS, answer.text)
        with image.open("rb") as file:
            answer = session.post(f"{url}/detect", files={"image": file}, data=OPTIONS)
        expect("requests, form", labels(answer.json()) == LABELS, answer.text)
        files = [("files", (f"{index}.jpg", content, "image/jpeg")) for index in range(3)]
        answer = session.post(f"{url}/detect", files=files, data=OPTIONS)
        expect("requests, form with three files", [labels(one) for one in answer.json()["results"]] == [LABELS] * 3)
        answer = session.post(f"{url}/detect", json={"image": text, "classes": ["dog"], **OPTIONS})
        expect("requests, JSON", labels(answer.json()) == ["dog"], answer.text)
        answer = session.post(f"{url}/detect", json={"images": [text, "AAAA"], **OPTIONS})
        first, second = answer.json()["results"]
        expect("requests, JSON list with a bad image", labels(first) == LABELS and second["error"]["status"] == 415)
        answer = session.post(f"{url}/detect", data=content, headers={"Accept": "image/png"})
        expect("requests, drawn", answer.content.startswith(b"\x89PNG"))
        ports = set()
        for _ in range(50):
            with session.get(f"{url}/healthz", stream=True) as answer:
                ports.add(answer.raw.connection.sock.getsockname()[1])
                answer.content
        expect("requests, one connection for all", len(ports) == 1, ports)


async def with_aiohttp(url, image):
    content = image.read_bytes()
    async with aiohttp.ClientSession() as session:

        async def post(**body):
            async with session.post(f"{url}/detect", **body) as response:
                return response.status, await response.json(content_type=None)

        status, answer = await post(data=content, params={"score_threshold": "0.5"})
        expect("aiohttp, body", status == 200 and labels(answer) == LABELS, answer)
        form = aiohttp.FormData()
        form.add_field("image", content, filename="dog.jpg", content_type="image/jpeg")
        form.add_field("score_threshold", "0.5")
        status, answer = await post(data=form)
        expect("aiohttp, form", status == 200 and labels(answer) == LABELS, answer)
        status, answer = await post(json={"image": base64.b64encode(content).decode(), **OPTIONS})
        expect("aiohttp, JSON", status == 200 and labels(answer) == LABELS, answer)
        answers = await asyncio.gather(*(post(data=content, params={"score_threshold": "0.5"}) for _ in range(32)))
        expect("aiohttp, 32 at a time", all(status == 200 and labels(answer) == LABELS for status, answer in answers))
        compressed = zlib.compress(content)
        status, answer = await post(
            data=compressed, params={"score_threshold": "0.5"}, headers={"Content-Encoding": "deflate"}, compress=False)
        expect("aiohttp, compressed body", status == 200 and labels(answer) == LABELS, answer)
        async with session.post(f"{url}/detect", data=content, compress="gzip", params={"score_threshold": "0.5"}) as response:
            expect("aiohttp, compress=gzip", labels(await response.json()) == LABELS)
        status, answer = await post(data=b"no image")
        expect("aiohttp, a problem", status == 415 and answer["type"].endswith("unsupported-image"), answer)


if __name__ == "__main__":
    address, image = sys.argv[1], Path(sys.argv[2])
    with_requests(address, image)
    asyncio.run(with_aiohttp(address, image))
