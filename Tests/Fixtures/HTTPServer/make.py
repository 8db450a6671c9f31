"""Writes forms as real clients send them, for MultipartTests: python make.py (needs requests, aiohttp, curl).

Each form is two files: NAME.type, the Content-Type, and NAME.body, the body. All say the same: see FILES and FIELDS.
"""

import asyncio
import http.server
import pathlib
import subprocess
import tempfile
import threading

import aiohttp
import requests

here = pathlib.Path(__file__).parent
# Octets that look like line ends and boundaries, and a name with what has to be quoted.
PICTURE = bytes(range(256)) + b"\r\n--\r\n--x\r\n\r\n-" + b"\r" * 3
FILES = [("image", 'my "dog".jpg', PICTURE, "image/jpeg"), ("image", "empty.png", b"", "image/png")]
FIELDS = [("score_threshold", "0.5"), ("note", "a=b&c\r\nd é")]


def save(name, content_type, body):
    (here / f"{name}.type").write_text(content_type)
    (here / f"{name}.body").write_bytes(body)


def with_requests():
    files = [(name, (file, content, kind)) for name, file, content, kind in FILES]
    request = requests.Request("POST", "http://x/", data=dict(FIELDS), files=files).prepare()
    save("requests", request.headers["Content-Type"], request.body)


async def with_aiohttp():
    form = aiohttp.FormData()
    for name, value in FIELDS:
        form.add_field(name, value)
    for name, file, content, kind in FILES:
        form.add_field(name, content, filename=file, content_type=kind)
    payload = form()
    await capture_aiohttp(payload)


async def capture_aiohttp(payload):
    class Writer:
        body = b""

        async def write(self, chunk):
            self.body += bytes(chunk)

    writer = Writer()
    await payload.write(writer)
    save("aiohttp", payload.headers["Content-Type"], writer.body)


def with_curl():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            save("curl", self.headers["Content-Type"], body)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.handle_request).start()
    with tempfile.TemporaryDirectory() as folder:
        arguments = []
        for name, value in FIELDS:
            arguments += ["--form-string", f"{name}={value}"]
        for index, (name, file, content, kind) in enumerate(FILES):
            path = pathlib.Path(folder, str(index))
            path.write_bytes(content)
            quoted = file.replace('"', '\\"')
            arguments += ["-F", f'{name}=@{path};filename="{quoted}";type={kind}']
        subprocess.run(["curl", "-sS", *arguments, f"http://127.0.0.1:{server.server_port}/"], check=True)


with_requests()
asyncio.run(with_aiohttp())
with_curl()
