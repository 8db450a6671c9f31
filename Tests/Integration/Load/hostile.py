"""Clients that mean harm, for soak.py. Each sends one thing to a service, checks what it answers, and returns a word to
count. The server's bounds make every one of them cheap; soak.py shows that ordinary clients hardly notice them."""

import base64
import json
import socket
import struct
import time
import zlib

TIMEOUT = 60


def connect(service):
    return socket.create_connection(("127.0.0.1", service.port), timeout=TIMEOUT)


def request(method, path, body=b"", fields=b""):
    head = f"{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n".encode()
    return head + fields + b"\r\n" + body


def status(service, data):
    """The status of the first response to `data`; 0 if the connection ends without one."""
    with connect(service) as client:
        try:
            client.sendall(data)
        except OSError:
            pass  # The server may answer and close before it has read everything.
        answer = b""
        try:
            while b"\r\n" not in answer:
                part = client.recv(4096)
                if not part:
                    break
                answer += part
        except ConnectionResetError:
            pass
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


def expect(found, *allowed):
    # Overload is always a valid answer.
    if found not in (*allowed, 503, 504):
        raise AssertionError(f"answered {found} instead of {allowed}")


JSON = b"Content-Type: application/json\r\n"


def png(width, height):
    """One colour, so that a few hundred kilobytes hold many megapixels."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compressobj(9)
    data = b"".join(rows.compress(bytes(1 + width * 3)) for _ in range(height)) + rows.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


HUGE = png(7000, 7000)


def class_list(service, random):
    body = b'{"image":"AA==","classes":[' + b"0," * 60_000 + b"0]}"
    expect(status(service, request("POST", "/detect", body, JSON)), 400)


def image_list(service, random):
    body = b'{"images":[' + b"0," * 1_000_000 + b"0]}"
    expect(status(service, request("POST", "/detect", body, JSON)), 413)


def nesting(service, random):
    path = random.choice(["/detect", "/doods/detect", "/v2/models/yolox-nano/infer", "/predictions/yolox-nano"])
    body = b'{"x":' + b"[" * 200_000
    expect(status(service, request("POST", path, body, JSON)), 400)


def regions(service, random):
    body = b'{"data":"AA==","detect":{"*":1},"regions":[' + b"{}," * 200_000 + b"{}]}"
    expect(status(service, request("POST", "/doods/detect", body, JSON)), 400, 413)


def form_fields(service, random):
    fields = b"Content-Type: application/x-www-form-urlencoded\r\n"
    expect(status(service, request("POST", "/v1/vision/detection", b"a&" * 1_000_000, fields)), 400, 413)


def unknown_path(service, random):
    """The body never ends."""
    with connect(service) as client:
        client.sendall(b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n" + bytes(100_000))
        expect(int(client.recv(4096)[9:12]), 404)
        time.sleep(random.uniform(0, 2))


def huge_image(service, random):
    fields = b"Content-Type: image/png\r\n" + random.choice([b"", b"Accept: image/png\r\n"])
    data = request("POST", "/detect", HUGE, fields + b"X-Request-Timeout-Ms: 2000\r\n")
    if random.random() < 0.5:
        expect(status(service, data), 200, 413)
    else:
        with connect(service) as client:
            client.sendall(data)
            time.sleep(0.2)
    time.sleep(1)


def pipelined_metrics(service, random):
    """Many requests at once, and a reader that takes them slowly."""
    with connect(service) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 100 + b"GET /%6Detrics HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in range(20):
            if not client.recv(2000):
                break
            time.sleep(0.05)


def pipelined_unknown(service, random):
    with connect(service) as client:
        client.sendall(b"GET /%0A2026%20critical%1B[31m HTTP/1.1\r\nHost: a\r\n\r\n" * 200)
        time.sleep(0.2)


def reset_after_pipelining(service, random):
    client = connect(service)
    client.sendall(request("POST", "/detect", HUGE[:1000]) + b"G")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def encoded_path(service, random):
    expect(status(service, b"GET /%6Detrics HTTP/1.1\r\nHost: a\r\n\r\n"), 400)
    expect(status(service, b"GET /v1%2Fmodels HTTP/1.1\r\nHost: a\r\n\r\n"), 400)


def ambiguous_framing(service, random):
    head = b"POST /detect HTTP/1.1\r\nHost: a\r\n"
    for fields in (b"Transfer-Encoding: chun\xe2\x84\xaaed\r\n", b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
                   b"Content-Length: 3\r\nContent-Length: 4\r\n", b"Content-Length: +3\r\n"):
        expect(status(service, head + fields + b"\r\n"), 400, 501)


def not_finite(service, random):
    tensor = {"name": "input", "shape": [1, 3, 416, 416], "datatype": "FP32", "parameters": {"binary_data_size": 4 * 3 * 416 * 416}}
    document = json.dumps({"inputs": [tensor], "outputs": [{"name": "raw"}]}).encode()
    fields = b"Inference-Header-Content-Length: %d\r\n" % len(document)
    body = document + struct.pack("<f", float("nan")) * (3 * 416 * 416)
    expect(status(service, request("POST", "/v2/models/yolox-nano/infer", body, fields)), 400)


def long_names(service, random):
    image = base64.b64encode(HUGE[:100]).decode()
    body = json.dumps({"image": image, "a" * 1_000_000: 1}).encode()
    expect(status(service, request("POST", "/detect", body, JSON)), 400)


def idle_crowd(service, random):
    crowd = []
    try:
        for _ in range(100):
            crowd.append(connect(service))
        time.sleep(random.uniform(0.5, 3))
    except OSError:
        pass
    finally:
        for client in crowd:
            client.close()


def stalled_body(service, random):
    with connect(service) as client:
        client.sendall(b"POST /detect HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + HUGE[:100])
        time.sleep(random.uniform(1, 5))


CLIENTS = [
    class_list, image_list, nesting, regions, form_fields, unknown_path, huge_image, pipelined_metrics, pipelined_unknown,
    reset_after_pipelining, encoded_path, ambiguous_framing, not_finite, long_names, idle_crowd, stalled_body,
]
