"""tritonclient.http, waiting (gevent) and async (aiohttp): every kind of input, as bytes and as JSON, and errors."""

import asyncio
import base64
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import onnxruntime
import tritonclient.http
import tritonclient.http.aio
from tritonclient.utils import InferenceServerException

MODEL = "yolox-nano"
# The file that the service has the model from.
WEIGHTS = [Path("weights/yolox_nano.onnx"), Path("../shared/weights/yolox_nano.onnx")]
OUTPUTS = ("boxes", "scores", "labels", "num_detections")
THRESHOLD = {"score_threshold": 0.4}


def run(truth, expect):
    asyncio.run(with_client(truth, expect, tritonclient.http.aio, "aio"))
    asyncio.run(with_client(truth, expect, tritonclient.http, "sync"))


class Waiting:
    """Lets the client that waits be called as the async one is."""

    def __init__(self, client):
        self.client = client

    def __getattr__(self, name):
        async def call(*arguments, **named):
            return getattr(self.client, name)(*arguments, **named)

        return call


def tensors(truth, module):
    """Each kind of input, named, with the scale of the boxes that come of it."""

    def tensor(values, datatype, binary):
        made = module.InferInput("input", values.shape, datatype)
        return made.set_data_from_numpy(values, binary_data=binary)

    encoded = np.array([truth.content], dtype=np.object_)
    text = np.array([base64.b64encode(truth.content)], dtype=np.object_)
    pixels = truth.pixels[None]
    yield "BYTES", tensor(encoded, "BYTES", True), 1
    yield "BYTES in JSON", tensor(text, "BYTES", False), 1
    yield "UINT8", tensor(pixels, "UINT8", True), 1
    yield "UINT8 in JSON", tensor(pixels, "UINT8", False), 1
    planes, scale = letterboxed(truth)
    yield "FP32", tensor(planes[None], "FP32", True), scale
    yield "FP32 in JSON", tensor(planes[None], "FP32", False), scale


def letterboxed(truth):
    """The network's input as the authors make it (data_augment.py, preproc)."""
    width, height = truth.input["width"], truth.input["height"]
    rows, columns = truth.pixels.shape[:2]
    scale = min(height / rows, width / columns)
    size = (int(columns * scale), int(rows * scale))
    canvas = np.full((height, width, 3), 114, np.uint8)
    canvas[: size[1], : size[0]] = cv2.resize(truth.pixels[:, :, ::-1], size, interpolation=cv2.INTER_LINEAR)
    planes = np.ascontiguousarray(canvas.transpose(2, 0, 1), np.float32)
    return planes, scale


async def with_client(truth, expect, module, kind):
    expect_ = lambda what, condition, shown="": expect(f"tritonclient {kind}, {what}", condition, shown)
    address = urlsplit(truth.url).netloc
    made = module.InferenceServerClient(address)
    client = made if kind == "aio" else Waiting(made)
    try:
        await describe(client, truth, expect_)
        await infer(client, truth, module, expect_)
        await raw(client, truth, module, expect_)
        await fail(client, truth, module, expect_)
    finally:
        await client.close()


def headers_of(truth):
    """A copy, because the client writes the length of its JSON into what it is given."""
    return dict(truth.headers) if truth.headers else None


async def describe(client, truth, expect):
    headers = headers_of(truth)
    expect("live", await client.is_server_live())
    expect("ready", await client.is_server_ready())
    expect("model ready", await client.is_model_ready(MODEL, headers=headers))
    expect("version ready", await client.is_model_ready(MODEL, "1", headers=headers))
    expect("no such version", not await client.is_model_ready(MODEL, "2", headers=headers))
    expect("no such model", not await client.is_model_ready("nothing", headers=headers))
    server = await client.get_server_metadata(headers=headers)
    expect("server", server["name"] == "swift-yolox" and "binary_tensor_data" in server["extensions"], server)
    for version in ("", "1"):
        model = await client.get_model_metadata(MODEL, version, headers=headers)
        expect("metadata", [one["name"] for one in model["outputs"]] == [*OUTPUTS, "raw"], model)
        config = await client.get_model_config(MODEL, version, headers=headers)
        labels = config["parameters"]["labels"]["string_value"].split("\n")
        expect("config", config["name"] == MODEL and labels == truth.classes, config)
        counts = await client.get_inference_statistics(MODEL, version, headers=headers)
        expect("statistics", counts["model_stats"][0]["inference_count"] > 0, counts)
    every = await client.get_inference_statistics(headers=headers)
    expect("all statistics", MODEL in [one["name"] for one in every["model_stats"]], every)
    index = await client.get_model_repository_index(headers=headers)
    expect("index", {"name": MODEL, "version": "1", "state": "READY", "reason": ""} in index, index)
    if truth.key:
        await client.load_model(MODEL, headers=headers)
        expect("loads a model", await client.is_model_ready(MODEL, headers=headers))


async def infer(client, truth, module, expect):
    async def call(tensor, **named):
        return await client.infer(MODEL, [tensor], headers=headers_of(truth), parameters=THRESHOLD, **named)

    for name, tensor, scale in tensors(truth, module):
        for binary in (None, True, False):
            wishes = binary if binary is None else [module.InferRequestedOutput(one, binary_data=binary) for one in OUTPUTS]
            result = await call(tensor, outputs=wishes, request_id="7")
            what = f"{name}, outputs {['in JSON', 'as bytes', 'as they come'][2 if binary is None else binary]}"
            got = {one: result.as_numpy(one) for one in OUTPUTS}
            labels = [truth.classes[index] for index in got["labels"][0]]
            expect(what, labels == truth.labels and got["num_detections"].tolist() == [len(labels)], got)
            expect("types", [got[one].dtype for one in OUTPUTS] == [np.float32, np.float32, np.int64, np.int32], got)
            expect("shapes", got["boxes"].shape == (1, 3, 4) and got["scores"].shape == (1, 3), got)
            # Another program's letterbox may differ in the last bit of a level.
            near, close = (0.01, 1e-4) if scale == 1 else (0.5, 0.01)
            expect("boxes", np.allclose(got["boxes"][0] / scale, truth.boxes(), atol=near), got["boxes"] / scale)
            expect("scores", np.allclose(got["scores"][0], truth.scores(), atol=close), got["scores"])
            expect("id", result.get_response()["id"] == "7" and result.get_response()["model_version"] == "1")
        for algorithm in ("gzip", "deflate"):
            result = await call(tensor, request_compression_algorithm=algorithm, response_compression_algorithm="gzip")
            labels = [truth.classes[index] for index in result.as_numpy("labels")[0]]
            expect(f"{name}, compressed with {algorithm}", labels == truth.labels, labels)
    contents = np.array([truth.content] * 3, dtype=np.object_)
    three = module.InferInput("input", [3], "BYTES").set_data_from_numpy(contents)
    result = await call(three)
    expect("three images", result.as_numpy("num_detections").tolist() == [3, 3, 3] and result.as_numpy("boxes").shape == (3, 3, 4))
    none = await client.infer(MODEL, [three], headers=headers_of(truth), parameters={"score_threshold": 0.999})
    expect("nothing found", none.as_numpy("boxes").shape == (3, 0, 4) and none.as_numpy("scores").shape == (3, 0))


async def raw(client, truth, module, expect):
    """The network's numbers: those that ONNX Runtime gets from the authors' file, and in JSON the same."""
    planes, _ = letterboxed(truth)
    tensor = module.InferInput("input", [1, *planes.shape], "FP32").set_data_from_numpy(planes[None])
    weights = next(path for path in WEIGHTS if path.exists())
    session = onnxruntime.InferenceSession(weights, providers=["CPUExecutionProvider"])
    reference = session.run(["output"], {"images": planes[None]})[0]
    got = {}
    for binary in (True, False):
        wishes = [module.InferRequestedOutput("raw", binary_data=binary)]
        result = await client.infer(MODEL, [tensor], headers=headers_of(truth), outputs=wishes)
        expect("raw and nothing else", [one["name"] for one in result.get_response()["outputs"]] == ["raw"])
        got[binary] = result.as_numpy("raw")
    expect("raw as ONNX Runtime has it", got[True].shape == reference.shape and np.allclose(got[True], reference, atol=1e-3))
    expect("raw in JSON and as bytes", np.array_equal(got[True], got[False]))


async def fail(client, truth, module, expect):
    async def refused(what, status, word, call):
        try:
            await call
        except InferenceServerException as error:
            expect(what, error.status() == str(status) and word in error.message(), f"{error.status()}: {error.message()}")
        else:
            expect(what, False)

    image = module.InferInput("input", [1], "BYTES")
    image.set_data_from_numpy(np.array([b"no image"], dtype=np.object_))
    await refused("no image", 415, "JPEG", client.infer(MODEL, [image], headers=headers_of(truth)))
    await refused("no model", 404, "nothing", client.infer("nothing", [image], headers=headers_of(truth)))
    await refused("no model's metadata", 404, "nothing", client.get_model_metadata("nothing", headers=headers_of(truth)))
    logits = [module.InferRequestedOutput("logits")]
    await refused("no output", 400, "logits", client.infer(MODEL, [image], outputs=logits, headers=headers_of(truth)))
    sequence = client.infer(MODEL, [image], sequence_id=5, headers=headers_of(truth))
    await refused("a sequence", 400, "sequence", sequence)
    two = client.infer(MODEL, [image, image], headers=headers_of(truth))
    await refused("two inputs", 400, "expected 1 input", two)
    small = module.InferInput("input", [1, 3, 8, 8], "FP32").set_data_from_numpy(np.zeros((1, 3, 8, 8), np.float32))
    await refused("a wrong size", 400, "416", client.infer(MODEL, [small], headers=headers_of(truth)))
    if truth.key:
        await refused("no key", 401, "key", client.get_server_metadata())
    else:
        await refused("no change without keys", 403, "keys", client.load_model(MODEL))
