"""The clients of camera software: Frigate, the DeepStack packages, Blue Iris, CodeProject.AI's samples, Home Assistant.

Frigate, Blue Iris and Home Assistant are no packages: what they send is written here after their public sources
(frigate/detectors/plugins/deepstack.py, homeassistant/components/doods/image_processing.py) and documentation.
"""

import base64
import io
import tempfile
import time
from urllib.parse import urlsplit

import deepstack.core
import deepstack_sdk
import numpy as np
import pydoods
import requests
from PIL import Image

MODEL = "yolox-nano"
SIDES = ("x_min", "y_min", "x_max", "y_max")


def run(truth, expect):
    with_frigate(truth, expect)
    with_deepstack_python(truth, expect)
    with_deepstack_sdk(truth, expect)
    with_blue_iris(truth, expect)
    with_pydoods(truth, expect)


# MARK: DeepStack and CodeProject.AI


def agrees(truth, predictions):
    boxes = np.array([[found[side] for side in SIDES] for found in predictions])
    return (
        [found["label"] for found in predictions] == truth.labels
        and all(isinstance(found[side], int) for found in predictions for side in SIDES)
        and np.allclose([found["confidence"] for found in predictions], truth.scores(), atol=1e-4)
        and np.all(np.abs(boxes - truth.boxes()) <= 1)
    )


def with_frigate(truth, expect):
    """Looks at 320x320 pixels and reads labels of its own label map until the first that is too low or not in it."""
    session = requests.Session()
    pixels = np.asarray(Image.open(truth.image).convert("RGB").resize((320, 320)))
    labels = dict(enumerate(truth.classes))

    def detect_raw():
        with io.BytesIO() as output:
            image = Image.fromarray(pixels)
            image.save(output, format="JPEG")
            content = output.getvalue()
        answer = session.post(
            f"{truth.url}/v1/vision/detection", data={"api_key": truth.key}, files={"image": content}, timeout=30
        )
        detections = np.zeros((20, 6), np.float32)
        for index, found in enumerate(answer.json()["predictions"]):
            if found["confidence"] < 0.4:
                break
            label = next(key for key, value in labels.items() if value == found["label"].lower())
            detections[index] = [
                label,
                float(found["confidence"]),
                found["y_min"] / 320,
                found["x_min"] / 320,
                found["y_max"] / 320,
                found["x_max"] / 320,
            ]
        return detections, content

    rows, content = detect_raw()
    want = truth.detect(content)
    expect("Frigate, labels", [labels[int(row[0])] for row in rows if row[1] > 0] == [found["label"] for found in want])
    corners = np.array([[found["box"][side] / 320 for side in ("y1", "x1", "y2", "x2")] for found in want])
    expect("Frigate, boxes", np.allclose(rows[: len(want), 2:], corners, atol=1 / 320), rows)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        detect_raw()
        times.append(time.perf_counter() - start)
    # Told, not asked for: how fast the machine is, and what else runs on it, is no fault of the service.
    print(f"    Frigate waits 100 ms by default; here an answer takes {min(times) * 1000:.0f} to {max(times) * 1000:.0f}")


def with_deepstack_python(truth, expect):
    address = urlsplit(truth.url)
    place = {"ip": address.hostname, "port": address.port, "api_key": truth.key, "min_confidence": 0.4}
    for model in ("", MODEL):
        found = deepstack.core.DeepstackObject(custom_model=model, **place).detect(truth.content)
        expect(f"deepstack-python, {model or 'detection'}", agrees(truth, found), found)
        summary = deepstack.core.get_objects_summary(found)
        expect("deepstack-python, summary", summary == {label: 1 for label in truth.labels}, summary)
    for content, model, word in ((b"no image", "", "400"), (truth.content, "nothing", "404")):
        try:
            deepstack.core.DeepstackObject(custom_model=model, **place).detect(content)
            expect("deepstack-python, an error", False)
        except deepstack.core.DeepstackException as error:
            expect(f"deepstack-python, {word}", word in str(error), error)


def with_deepstack_sdk(truth, expect):
    config = deepstack_sdk.ServerConfig(truth.url, api_key=truth.key or None)
    for name in (None, MODEL):
        detection = deepstack_sdk.Detection(config, name=name)
        for image in (str(truth.image), Image.open(truth.image), truth.content):
            with tempfile.NamedTemporaryFile(suffix=".jpg") as drawn:
                found = detection.detectObject(image, format="png", output=drawn.name)
                expect(f"deepstack-sdk, draws {type(image).__name__}", Image.open(drawn.name).size == truth.pixels.shape[1::-1])
            expect("deepstack-sdk, finds", [one.label for one in found] == truth.labels)
    try:
        deepstack_sdk.Detection(config).detectObject(b"no image")
        expect("deepstack-sdk, an error", False)
    except Exception as error:
        expect("deepstack-sdk, an error", str(error) == "Invalid image", error)
    if truth.key:
        try:
            deepstack_sdk.Detection(deepstack_sdk.ServerConfig(truth.url)).detectObject(truth.content)
            expect("deepstack-sdk, no key", False)
        except Exception as error:
            expect("deepstack-sdk, no key", "401" in str(error), error)


def with_blue_iris(truth, expect):
    """Asks for the state and the custom models, then sends images; knows no keys but the form's."""
    with requests.Session() as session:
        for prefix in ("v1/status", "v1/server/status"):
            for name in ("ping", "version", "updateavailable", "analysis/list"):
                answer = session.get(f"{truth.url}/{prefix}/{name}")
                # It cannot read chunks (CodeProject.AI's ProxyController.cs).
                whole = "Content-Length" in answer.headers and "Transfer-Encoding" not in answer.headers
                expect(f"Blue Iris, {prefix}/{name}", whole and answer.json()["success"] is True, answer.text)
        fields = {"api_key": truth.key} if truth.key else {}
        models = session.post(f"{truth.url}/v1/vision/custom/list", data=fields)
        expect("Blue Iris, custom models", MODEL in models.json()["models"] and models.json()["success"], models.text)
        for path in ("detection", f"custom/{MODEL}"):
            answer = session.post(
                f"{truth.url}/v1/vision/{path}",
                data={"min_confidence": "0.4", **fields},
                files={"image": ("snapshot.jpg", truth.content, "image/jpeg")},
            )
            found = answer.json()
            expect(f"Blue Iris, {path}", found["success"] and agrees(truth, found["predictions"]), answer.text)
            times = [found[name] for name in ("inferenceMs", "processMs", "analysisRoundTripMs")]
            expect("Blue Iris, times", all(isinstance(time, int) for time in times), times)
            expect("Blue Iris, count", found["count"] == len(found["predictions"]) and "Content-Length" in answer.headers)


# MARK: DOODS2


def with_pydoods(truth, expect):
    doods = pydoods.PyDOODS(f"{truth.url}/doods", auth_key=truth.key or None, timeout=30)
    detectors = doods.get_detectors()["detectors"]
    # Home Assistant looks its detector up by name, warns of labels that are not the detector's, and compares the aspect.
    for name in ("default", MODEL):
        detector = next(one for one in detectors if one["name"] == name)
        expect("DOODS, labels", set(truth.labels) <= set(detector["labels"]))
        expect("DOODS, size", [detector["width"], detector["height"]] == list(truth.input.values()), detector)
        answer = doods.detect(truth.content, dconfig={"*": 40}, detector_name=name)
        expect("DOODS, no error", not answer.get("error"), answer)
        found = answer["detections"]
        expect("DOODS, finds", [one["label"] for one in found] == truth.labels, answer)
        boxes = np.array([[one["left"], one["top"], one["right"], one["bottom"]] for one in found])
        width, height = truth.pixels.shape[1::-1]
        expect("DOODS, boxes", np.allclose(boxes * [width, height, width, height], truth.boxes(), atol=0.01), boxes)
        expect("DOODS, confidence", np.allclose([one["confidence"] for one in found], truth.scores() * 100, atol=0.01))
    some = doods.detect(truth.content, dconfig={label: 99 if label == "dog" else 40 for label in truth.labels}, id="7")
    expect("DOODS, wishes", [one["label"] for one in some["detections"]] == truth.labels[1:] and some["id"] == "7", some)
    request = {
        "data": base64.b64encode(truth.content).decode(),
        "regions": [{"top": 0, "left": 0.5, "bottom": 0.5, "right": 1, "covers": True, "detect": {"*": 40}}],
    }
    headers = {"doods-auth-key": truth.key}
    answer = requests.post(f"{truth.url}/doods/detect", json=request, headers=headers).json()
    expect("DOODS, a region", [one["label"] for one in answer["detections"]] == ["car"], answer)
    for image, status in ((b"no image", 415), (b"", 400)):
        try:
            doods.detect(image, dconfig={"*": 40})
            expect("DOODS, an error", False)
        except requests.HTTPError as error:
            expect("DOODS, an error", error.response.status_code == status and error.response.json()["error"], error)
