// The camera: one stream at a time, which stops however it ends.

export class Camera {
  #video;
  #attempt = 0;
  // Called with whether the camera is open, or being opened.
  #changed;

  constructor(video, changed) {
    this.#video = video;
    this.#changed = changed;
  }

  // Resolves to why the camera cannot be used, or to null.
  async open() {
    this.close();
    const attempt = this.#attempt;
    if (!navigator.mediaDevices) return "Browsers give the camera only to pages with https, or on localhost.";
    this.#changed(true);
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      // Cancelled while the browser asked its user.
      if (attempt !== this.#attempt) {
        stop(stream);
        return null;
      }
      this.#video.srcObject = stream;
      this.#video.hidden = false;
      await this.#video.play();
      return null;
    } catch {
      if (attempt === this.#attempt) this.close();
      return "There is no camera, or this page may not use it.";
    }
  }

  close() {
    this.#attempt += 1;
    stop(this.#video.srcObject);
    this.#video.srcObject = null;
    this.#video.hidden = true;
    this.#changed(false);
  }

  // The current frame as a JPEG; null before there is one.
  async takePhoto() {
    const { videoWidth: width, videoHeight: height } = this.#video;
    if (width === 0) return null;
    const still = document.createElement("canvas");
    [still.width, still.height] = [width, height];
    still.getContext("2d").drawImage(this.#video, 0, 0);
    this.close();
    return new Promise((resolve) => still.toBlob(resolve, "image/jpeg", 0.92));
  }
}

function stop(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
