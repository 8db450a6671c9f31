"""Real images for schemathesis, which can make up everything else: `SCHEMATHESIS_HOOKS=Tests/Integration/Clients/schemathesis_hooks.py`.

The description can say that a body is an image, not what bytes make one. What is meant to be right gets real bytes
here; what is meant to be wrong stays as it was made up. The service has a model "yolox-nano" and another, "spare".
"""

import base64
import struct
import zlib

import schemathesis


def png(width=40, height=30):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"".join(bytes([x * 6, y * 8, 90]) for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


IMAGE = png()
TEXT = base64.b64encode(IMAGE).decode()
LABELS = ["person", "dog", "2"]
BINARY = ("image/jpeg", "image/png", "application/octet-stream")

# Values of text parameters whose grammar a schema does not have, or only in part.
TEXTS = {
    "slices": "2x1", "slice_size": "640", "score_thresholds": "person:0.5", "min_box_size": "5%", "max_box_size": "640x480",
    "include_zones": "0.1,0.2,0.9,0.2,0.5,0.8", "exclude_zones": "0,0,1,0,1,0.1,0,0.1", "zone_match": "bottom_center",
}


def is_positive(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def before_call(context, case, kwargs):
    # What is unloaded must not be what /detect uses.
    if case.path.endswith("/unload") and (case.path_parameters or {}).get("name") == "yolox-nano":
        case.path_parameters["name"] = "spare"
    # A millisecond is a right value, and too little.
    timeout = str((case.headers or {}).get("X-Request-Timeout-Ms", ""))
    if timeout.isdigit() and int(timeout) > 0:
        case.headers["X-Request-Timeout-Ms"] = "60000"
    if not is_positive(case):
        return
    # Which classes and models there are, no schema can say.
    if case.query:
        if "classes" in case.query:
            case.query["classes"] = "person,2"
        case.query.pop("model", None)
        case.query.pop("profile", None)
        case.query.update({name: text for name, text in TEXTS.items() if name in case.query})
    if case.path_parameters and "name" in case.path_parameters:
        case.path_parameters["name"] = "spare" if case.path.endswith("/unload") else "yolox-nano"
    if case.path != "/detect":
        return
    if case.media_type in BINARY:
        # Not as the case's body, which is checked once more: to a schema, bytes are no string.
        kwargs["data"] = IMAGE
    elif isinstance(case.body, dict):
        body = {key: value for key, value in case.body.items() if key not in ("model", "profile")}
        body.update({name: text for name, text in TEXTS.items() if name in body})
        if "classes" in body:
            body["classes"] = LABELS if isinstance(body["classes"], list) else "person,2"
        if case.media_type == "application/json":
            if "image" in body:
                body["image"] = TEXT
            if "images" in body:
                body["images"] = [TEXT] * max(1, min(4, len(body["images"])))
        elif "image" in body:
            body["image"] = IMAGE
        # What is in the body must not be in the query too.
        for name in list(case.query or {}):
            if name in body:
                del case.query[name]
        case.body = body
    # OpenAPI cannot say of parameters that only one of two may be given, and that others need one of them.
    parts = [part for part in (case.query, case.body) if isinstance(part, dict)]
    given = {name for part in parts for name in part}
    superfluous = {"slice_size"} if "slices" in given else set()
    if not {"slices", "slice_size"} & given:
        superfluous = {"slice_overlap", "slice_merge", "slice_metric", "slice_threshold"}
    for part in parts:
        for name in superfluous & set(part):
            del part[name]


@schemathesis.hook
def filter_case(context, case):
    # An unknown header field is no mistake in HTTP (RFC 9110, section 5.1): it is ignored.
    return "x-schemathesis-unknown-property" not in (case.headers or {})
