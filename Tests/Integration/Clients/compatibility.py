"""Calls a running service with the clients of other services, and compares what they read with what /detect says.

    python3 Tests/Integration/Clients/compatibility.py http://localhost:8080 dog.jpg [KEY]

Needs from PyPI: tritonclient[http], deepstack-python, deepstack-sdk, pydoods, requests, numpy, pillow, opencv,
onnxruntime. Exits with 1 at the
first difference. The service has a model called yolox-nano, its first.
"""

import importlib.metadata
import sys
from pathlib import Path

import numpy as np
import requests
from PIL import Image

import compatibility_cameras
import compatibility_triton

MODEL = "yolox-nano"


class Truth:
    """What the service itself finds: labels, scores and boxes, by falling score."""

    def __init__(self, url, image, key):
        self.url, self.image, self.key = url, image, key
        self.content = image.read_bytes()
        self.pixels = np.asarray(Image.open(image).convert("RGB"))
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.found = self.detect(self.content)
        self.labels = [found["label"] for found in self.found]
        models = requests.get(f"{url}/v1/models", headers=self.headers).json()["models"]
        self.classes = models[0]["classes"]
        self.input = models[0]["input"]

    def detect(self, content, threshold=0.4):
        answer = requests.post(
            f"{self.url}/detect", params={"score_threshold": threshold}, data=content, headers=self.headers
        )
        answer.raise_for_status()
        return answer.json()["detections"]

    def boxes(self):
        return np.array([[found["box"][side] for side in ("x1", "y1", "x2", "y2")] for found in self.found])

    def scores(self):
        return np.array([found["score"] for found in self.found])


def expect(what, condition, shown=""):
    if not condition:
        sys.exit(f"{what}: not as expected {shown}")
    print(f"ok  {what}")


def with_torchserve(truth):
    path = f"{truth.url}/predictions/{MODEL}"
    options = {"params": {"score_threshold": 0.4}, "headers": truth.headers}
    expect("TorchServe, ping", requests.get(f"{truth.url}/ping").json() == {"status": "Healthy"})
    answers = [
        requests.put(path, data=truth.content, **options),
        requests.post(path, files={"data": truth.image.open("rb")}, **options),
    ]
    for answer in answers:
        labels = [next(name for name in found if name != "score") for found in answer.json()]
        expect("TorchServe, an image", labels == truth.labels, answer.text)
        boxes = np.array([found[label] for found, label in zip(answer.json(), labels)])
        expect("TorchServe, its boxes", np.allclose(boxes, truth.boxes()), boxes)
    answer = requests.post(f"{truth.url}/predictions/nothing", data=b"", headers=truth.headers)
    expect("TorchServe, an error", answer.json()["type"] == "ModelNotFoundException", answer.text)


def main():
    url, image = sys.argv[1].rstrip("/"), Path(sys.argv[2])
    truth = Truth(url, image, sys.argv[3] if len(sys.argv) > 3 else "")
    expect("three objects are found", len(truth.labels) == 3, truth.labels)
    for package in ("tritonclient", "deepstack-python", "deepstack-sdk", "pydoods", "requests"):
        print(f"    {package} {importlib.metadata.version(package)}")
    compatibility_cameras.run(truth, expect)
    compatibility_triton.run(truth, expect)
    with_torchserve(truth)


if __name__ == "__main__":
    main()
