/// A box of a COCO file, in pixels.
struct Box: Sendable {
  let x: Double
  let y: Double
  let width: Double
  let height: Double

  var area: Double { width * height }

  init(_ numbers: [Double]) {
    x = numbers[0]
    y = numbers[1]
    width = numbers[2]
    height = numbers[3]
  }

  /// Intersection over union with an object; for a crowd, intersection over this box's area (maskApi.c, bbIou). In float64
  /// from x, y, width and height, unlike `YOLOX.Box`, because IoUs exactly at a threshold must decide as in pycocotools.
  func iou(_ object: Box, isCrowd: Bool) -> Double {
    let shared = (
      width: min(x + width, object.x + object.width) - max(x, object.x),
      height: min(y + height, object.y + object.height) - max(y, object.y)
    )
    guard shared.width > 0, shared.height > 0 else { return 0 }
    let intersection = shared.width * shared.height
    return intersection / (isCrowd ? area : area + object.area - intersection)
  }
}
