"""Images as the network takes them, and boxes from what it gives: the authors' preprocessing and postprocessing."""

import cv2
import numpy


def letterboxed(path, size):
    """[1, 3, size, size] BGR 0...255, the pixels of it for each of the image's, and the image's width and height."""
    image = cv2.imread(str(path))
    height, width = image.shape[:2]
    scale = min(size / height, size / width)
    resized = cv2.resize(image, (int(width * scale), int(height * scale)), interpolation=cv2.INTER_LINEAR)
    padded = numpy.full((size, size, 3), 114, numpy.uint8)
    padded[: resized.shape[0], : resized.shape[1]] = resized
    return padded.transpose(2, 0, 1)[None].astype(numpy.float32), scale, width, height


def boxes(output, size, scale, width, height, least_score=0.01, nms=0.65):
    """(x, y, width, height, score, class) in pixels of the image, from the network's [anchors, 85]."""
    cells = [numpy.stack(numpy.meshgrid(*[numpy.arange(size // s)] * 2), -1).reshape(-1, 2) for s in (8, 16, 32)]
    strides = numpy.concatenate([numpy.full((len(part), 1), s) for part, s in zip(cells, (8, 16, 32))])
    centers = (output[:, :2] + numpy.concatenate(cells)) * strides
    sides = numpy.exp(output[:, 2:4]) * strides
    classes = output[:, 5:].argmax(1)
    scores = output[:, 4] * output[:, 5:].max(1)
    seen = scores >= least_score
    corners = numpy.concatenate([centers - sides / 2, centers + sides / 2], 1)[seen] / scale
    corners = corners.clip(0, [width, height, width, height])
    classes, scores = classes[seen], scores[seen]
    return [
        (x1, y1, x2 - x1, y2 - y1, scores[index], classes[index])
        for index in suppressed(corners, scores, classes, nms)
        for x1, y1, x2, y2 in [corners[index]]
    ]


def suppressed(corners, scores, classes, threshold):
    """Indices of what non-maximum suppression within each class leaves, best first."""
    areas = (corners[:, 2:] - corners[:, :2]).prod(1)
    order = list(scores.argsort()[::-1])
    kept = []
    while order:
        best, rest = order[0], numpy.array(order[1:], int)
        kept.append(best)
        overlap = numpy.minimum(corners[best, 2:], corners[rest, 2:]) - numpy.maximum(corners[best, :2], corners[rest, :2])
        shared = overlap.clip(0).prod(1)
        union = areas[best] + areas[rest] - shared
        order = list(rest[(classes[rest] != classes[best]) | (shared <= threshold * union)])
    return kept
