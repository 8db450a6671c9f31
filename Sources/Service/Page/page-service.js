// Requests to the service. Addresses are relative to the page, which a proxy may serve below a path.

export const lowestScore = 0.05;

export class ServiceError extends Error {
  constructor(message, needsKey = false) {
    super(message);
    this.needsKey = needsKey;
  }
}

// What a status means that a proxy, not the service, has answered.
function proxyError(status) {
  if (status === 413) return "The image is too large for the proxy in front of the service (413).";
  if (status === 401 || status === 403) return `The proxy in front of the service denies the request (${status}).`;
  if (status >= 502 && status <= 504) return `The proxy in front of the service cannot reach it (${status}). Is it running?`;
  return `The answer is not one of swift-yolox (status ${status}). Is this page's address that of the service?`;
}

async function send(path, key, options = {}) {
  const headers = { Accept: "application/json", ...options.headers };
  if (key) headers.Authorization = `Bearer ${key}`;
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch {
    throw new ServiceError("The service cannot be reached. Is it running, and the network up?");
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => null);
  if (typeof problem?.detail !== "string") throw new ServiceError(proxyError(response.status));
  if (response.status === 401) {
    throw new ServiceError(key ? "This API key is not valid." : "The service needs an API key.", true);
  }
  throw new ServiceError(problem.detail);
}

async function json(response) {
  try {
    return await response.json();
  } catch {
    throw new ServiceError(proxyError(response.status));
  }
}

// Encoded, because a shell and a proxy read the address too.
export function detectPath(parameters) {
  const query = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return `detect?${query.map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll("'", "%27")}`).join("&")}`;
}

const body = (image) => ({ method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: image });

// All detections above the lowest score, or what a profile lets through.
export async function detect(image, parameters, key) {
  // A profile may also have a format of its own.
  const own = parameters.profile === undefined ? { score_threshold: lowestScore } : { format: "json" };
  const path = detectPath({ ...own, ...parameters });
  const answer = await json(await send(path, key, body(image)));
  if (!Array.isArray(answer?.detections)) throw new ServiceError(proxyError(200));
  return answer;
}

// The image as the service has decoded it, without boxes: no score is that high.
async function decodedByService(image, model, key) {
  const path = detectPath({ format: "jpeg", score_threshold: 1, max_detections: 1, model });
  return (await send(path, key, body(image))).blob();
}

// Whether an image may have an orientation, which browsers and the service need not read alike.
async function hasExif(image) {
  const text = new TextDecoder("latin1").decode(await image.arrayBuffer());
  return /Exif|eXIf|EXIF/.test(text); // JPEG's, PNG's, WebP's
}

// The pixels in which the service has found the detections, as an image that the browser can show: the image itself if that is
// the same for both, else the service's.
export async function shownImage(image, answer, model, key) {
  const { width, height } = answer.image;
  try {
    if (!(await hasExif(image))) {
      const bitmap = await createImageBitmap(image);
      const isSame = bitmap.width === width && bitmap.height === height;
      bitmap.close();
      if (isSame) return image;
    }
  } catch {
    // The browser cannot show it.
  }
  return decodedByService(image, model, key);
}

export async function models(key) {
  return (await json(await send("v1/models", key))).models ?? [];
}

export async function profiles(key) {
  return (await json(await send("v1/profiles", key))).profiles ?? [];
}

export async function sample() {
  return (await send("sample.png", "", { headers: { Accept: "image/png" } })).blob();
}
