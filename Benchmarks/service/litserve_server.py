"""LitServe + ONNX Runtime + OpenCV: its own workers, one for each core, batches as they come."""

import os
import sys

import cv2
import litserve
from detection import Detection


class YOLOX(litserve.LitAPI):
    def setup(self, device):
        cv2.setNumThreads(1)
        self.detection = Detection(os.environ["WEIGHTS"], threads=1)

    # LitServe hands on forms and JSON, not bare bodies.
    def decode_request(self, request):
        return request["image"].file.read()

    def predict(self, body):
        return self.detection.detect(body)

    def encode_response(self, output):
        return output


if __name__ == "__main__":
    server = litserve.LitServer(
        YOLOX(api_path="/detect"), accelerator="cpu", workers_per_device=os.cpu_count() or 1)
    server.run(port=int(sys.argv[1]), host="127.0.0.1", generate_client_file=False, log_level="warning")
