"""YOLOX as Python services run it: OpenCV decodes and letterboxes, ONNX Runtime runs the network, numpy does the rest.

Shared by the servers that this folder compares with. The steps are those of the authors' demo/ONNXRuntime.
"""

import cv2
import numpy
import onnxruntime

SIDE = 416
LABELS = [str(index) for index in range(80)]


def grid():
    centers, strides = [], []
    for stride in (8, 16, 32):
        cells = SIDE // stride
        ys, xs = numpy.meshgrid(numpy.arange(cells), numpy.arange(cells), indexing="ij")
        centers.append(numpy.stack((xs, ys), 2).reshape(-1, 2))
        strides.append(numpy.full((cells * cells, 1), stride))
    return numpy.concatenate(centers).astype(numpy.float32), numpy.concatenate(strides).astype(numpy.float32)


class Detection:
    def __init__(self, weights, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name
        self.centers, self.strides = grid()

    def prepare(self, body):
        image = cv2.imdecode(numpy.frombuffer(body, numpy.uint8), cv2.IMREAD_COLOR)
        ratio = min(SIDE / image.shape[0], SIDE / image.shape[1])
        height, width = int(image.shape[0] * ratio), int(image.shape[1] * ratio)
        padded = numpy.full((SIDE, SIDE, 3), 114, numpy.uint8)
        padded[:height, :width] = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
        return numpy.ascontiguousarray(padded.transpose(2, 0, 1), numpy.float32), ratio

    def run(self, batch):
        return self.session.run(None, {self.input: batch})[0]

    def boxes(self, output, ratio, score_threshold=0.25, nms_threshold=0.45):
        scores = output[:, 4:5] * output[:, 5:]
        classes = scores.argmax(1)
        best = scores[numpy.arange(len(scores)), classes]
        keep = best >= score_threshold
        output, best, classes = output[keep], best[keep], classes[keep]
        centers = (output[:, :2] + self.centers[keep]) * self.strides[keep]
        sizes = numpy.exp(output[:, 2:4]) * self.strides[keep]
        corners = numpy.concatenate((centers - sizes / 2, sizes), 1) / ratio
        found = []
        for label in numpy.unique(classes):
            of_class = numpy.flatnonzero(classes == label)
            kept = cv2.dnn.NMSBoxes(
                corners[of_class].tolist(), best[of_class].tolist(), score_threshold, nms_threshold)
            found += [of_class[index] for index in kept]
        found.sort(key=lambda index: -best[index])
        return [
            {"class_id": int(classes[i]), "label": LABELS[classes[i]], "score": float(best[i]),
             "box": {"x1": float(corners[i, 0]), "y1": float(corners[i, 1]),
                     "x2": float(corners[i, 0] + corners[i, 2]), "y2": float(corners[i, 1] + corners[i, 3])}}
            for i in found
        ]

    def detect(self, body):
        pixels, ratio = self.prepare(body)
        return {"detections": self.boxes(self.run(pixels[None])[0], ratio)}
