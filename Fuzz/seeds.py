#!/usr/bin/env python3
"""Writes a few seeds for a fuzz target: the smallest inputs that reach its main paths.

    seeds.py TARGET FOLDER
"""
import gzip
import json
import pathlib
import pickle
import shutil
import struct
import sys
import zlib
from collections import OrderedDict

FIXTURES = pathlib.Path(__file__).parent.parent / "Tests" / "Fixtures"


def form():
    yield "parameters", b"a=1&b=x+y%26z&c&d="
    yield "encoded", b"%C3%A9=%F0%9F%90%95&%3D=%26"
    yield "empty", b"&&=&a"


def content_coding():
    body = b"street " * 40
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    yield "gzip", b"\0" + gzip.compress(body, mtime=0)
    yield "members", b"\0" + gzip.compress(body, mtime=0) * 2
    yield "zlib", b"\1" + zlib.compress(body)
    yield "raw", b"\1" + raw.compress(body) + raw.flush()
    yield "both", b"\2" + gzip.compress(zlib.compress(body), mtime=0)
    yield "zeros", b"\3" + gzip.compress(gzip.compress(bytes(60_000), mtime=0), mtime=0)


def detect_request():
    def json_body(value):
        return b"application/json\n" + json.dumps(value).encode()

    yield "json", json_body({"image": "AA==", "score_threshold": 0.3, "classes": ["dog", 2]})
    yield "json-list", json_body({"images": ["AA==", "/9j/"], "max_detections": 3, "model": "a"})
    yield "json-nested", b"application/json\n" + b'{"a":' * 20 + b"[]" + b"}" * 20
    yield "multipart", (
        b"multipart/form-data; boundary=x\n--x\r\nContent-Disposition: form-data; name=image; filename=a\r\n\r\n"
        b"\xff\xd8\xff\r\n--x\r\nContent-Disposition: form-data; name=score_threshold\r\n\r\n0.5\r\n--x--\r\n"
    )
    yield "form", b"application/x-www-form-urlencoded\nimage=AA&score_threshold=0.5"
    yield "image", b"image/jpeg\n\xff\xd8\xff\xe0"


def kserve():
    def infer(document, binary=b"", with_length=True):
        text = json.dumps(document).encode()
        return (len(text) if with_length else 0).to_bytes(2, "big") + text + binary

    image = {"name": "image", "shape": [1], "datatype": "BYTES"}
    yield "json", infer({"inputs": [{**image, "data": ["AA=="]}]}, with_length=False)
    yield "planes", infer(
        {"id": "1", "inputs": [{"name": "input", "shape": [1, 3, 1, 2], "datatype": "FP32", "data": [1.5] * 6}]},
        with_length=False,
    )
    yield "binary", infer(
        {
            "inputs": [{**image, "parameters": {"binary_data_size": 7}}],
            "outputs": [{"name": "boxes", "parameters": {"binary_data": True}}, {"name": "raw"}],
            "parameters": {"binary_data_output": True, "score_threshold": 0.3},
        },
        struct.pack("<I", 3) + b"\xff\xd8\xff",
    )
    yield "pixels", infer(
        {"inputs": [{"name": "image", "shape": [1, 2, 2, 3], "datatype": "UINT8", "parameters": {"binary_data_size": 12}}]},
        bytes(range(12)),
    )


def doods():
    region = {"top": 0.1, "left": 0, "bottom": 1, "right": 0.9, "detect": {"dog": 60}, "covers": True}
    yield "image", json.dumps({"detector_name": "default", "data": "AA==", "detect": {"*": 60}}).encode()
    yield "regions", json.dumps({"id": "1", "data": "AA==", "image": "jpeg", "regions": [region, region]}).encode()


def pickles():
    state = OrderedDict(a=[1, 2.5, None, True], b=("text", {"k": -(1 << 40)}))
    for protocol in (2, 4):
        yield f"values-{protocol}", pickle.dumps(state, protocol)
    # What torch.save writes for a tensor: _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks).
    storage = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x06tQ"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\x00K\x02K\x03\x86K\x03K\x01\x86\x89NtR"
    yield "tensor", b"\x80\x02}X\x05\x00\x00\x00model}X\x06\x00\x00\x00weight" + tensor + b"ss."


def field(number, value):
    """A field of a protobuf message: bytes, text or a number."""
    def varint(n):
        out = b""
        while n > 127:
            out, n = out + bytes([n & 127 | 128]), n >> 7
        return out + bytes([n])

    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def onnx():
    def tensor(name, dims, values):
        body = b"".join(field(1, d) for d in dims) + field(2, 1) + field(8, name)
        return body + field(9, struct.pack(f"<{len(values)}f", *values))

    ints = lambda name, values: field(5, field(1, name) + b"".join(field(8, v) for v in values) + field(20, 7))
    convolution = (
        field(1, "x") + field(1, "w") + field(1, "b") + field(2, "y") + field(4, "Conv") + ints("kernel_shape", [1, 1])
    )
    dimensions = b"".join(field(1, field(1, d)) for d in (1, 3, 32, 32))
    graph_input = field(1, "x") + field(2, field(1, field(1, 1) + field(2, dimensions)))
    graph = (
        field(1, convolution) + field(2, "g") + field(5, tensor("w", [2, 3, 1, 1], [0.5] * 6))
        + field(5, tensor("b", [2], [0.1, 0.2])) + field(11, graph_input) + field(12, field(1, "y"))
    )
    yield "convolution", field(1, 7) + field(2, "pytorch") + field(7, graph) + field(8, field(2, 11))


def safetensors():
    def file(header, data):
        text = json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + data

    weight = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
    yield "float", file({"a.weight": weight, "__metadata__": {"k": "v"}}, bytes(24))
    yield "half", file({"a": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]}}, bytes(4))


def images():
    for path in sorted((FIXTURES / "Imaging").iterdir()):
        if path.suffix in (".jpg", ".png", ".webp") and path.stat().st_size < 8192:
            yield path.name, path.read_bytes()


def coco():
    for path in sorted((FIXTURES / "COCO").glob("*.json")):
        if path.stat().st_size < 4096:
            yield path.name, path.read_bytes()
    box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4.5], "area": 13.5, "iscrowd": 0}
    image = {"id": 1, "file_name": "a.jpg", "width": 10, "height": 10}
    yield "annotations", json.dumps(
        {"images": [image], "annotations": [box], "categories": [{"id": 1, "name": "a"}]}
    ).encode()
    yield "results", json.dumps([{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}]).encode()


def voc():
    yield "annotation", (
        b'<?xml version="1.0" encoding="UTF-8"?><!-- c --><annotation><filename>a.jpg</filename>'
        b"<size><width>100</width><height>80</height><depth>3</depth></size><object><name>dog &amp; cat</name>"
        b"<difficult>0</difficult><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30.5</xmax><ymax>40</ymax></bndbox>"
        b'</object><object a="b"><name><![CDATA[x]]></name></object></annotation>'
    )


MAKERS = {
    "Form": form, "ContentCoding": content_coding, "DetectRequest": detect_request, "KServe": kserve, "DOODS": doods,
    "Pickle": pickles, "ONNX": onnx,
    "Safetensors": safetensors, "Image": images, "COCO": coco, "VOC": voc,
}

target, folder = sys.argv[1], pathlib.Path(sys.argv[2])
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
for name, content in MAKERS[target]():
    (folder / name).write_bytes(content)
