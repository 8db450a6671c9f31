// Calls a running service as Node programs do: a file piped into a request, compressed on the way, and streams in fetch.
//
//     node Tests/Integration/Clients/node_clients.mjs http://localhost:8080 dog.jpg

import { createReadStream, openAsBlob } from "node:fs";
import http from "node:http";
import { Readable } from "node:stream";
import { createDeflate, createDeflateRaw, createGzip } from "node:zlib";

const [url, image] = process.argv.slice(2);
const address = `${url}/detect?score_threshold=0.5`;

function expect(what, answer) {
  const labels = answer.detections?.map((found) => found.label).join();
  if (labels !== "dog,bicycle,car") {
    console.error(`${what}: not as expected`, answer);
    process.exit(1);
  }
  console.log(`ok  ${what}`);
}

function piped(encoding, transform) {
  return new Promise((resolve, reject) => {
    const headers = encoding ? { "Content-Encoding": encoding } : {};
    const request = http.request(address, { method: "POST", headers }, async (response) => {
      resolve(JSON.parse(Buffer.concat(await response.toArray())));
    });
    request.on("error", reject);
    const file = createReadStream(image);
    (transform ? file.pipe(transform) : file).pipe(request);
  });
}

expect("node, piped file", await piped());
expect("node, piped through gzip", await piped("gzip", createGzip()));
expect("node, piped through deflate", await piped("deflate", createDeflate()));
expect("node, piped through raw deflate", await piped("deflate", createDeflateRaw()));

const stream = Readable.toWeb(createReadStream(image));
expect("node, stream in fetch", await (await fetch(address, { method: "POST", body: stream, duplex: "half" })).json());
const form = new FormData();
form.append("image", await openAsBlob(image), "dog.jpg");
expect("node, form in fetch", await (await fetch(address, { method: "POST", body: form })).json());
