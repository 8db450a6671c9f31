import Imaging

/// An image with its objects, boxes by corners in pixels.
package struct Sample: Sendable {
  package struct Object: Sendable, Equatable {
    package var x1: Float
    package var y1: Float
    package var x2: Float
    package var y2: Float
    package let classIndex: Int
    package var segmentation: Segmentation?

    package init(
      x1: Float, y1: Float, x2: Float, y2: Float, classIndex: Int, segmentation: Segmentation? = nil
    ) {
      (self.x1, self.y1, self.x2, self.y2, self.classIndex) = (x1, y1, x2, y2, classIndex)
      self.segmentation = segmentation
    }

    func scaled(_ scale: Float, dx: Float = 0, dy: Float = 0) -> Object {
      Object(
        x1: x1 * scale + dx, y1: y1 * scale + dy, x2: x2 * scale + dx, y2: y2 * scale + dy,
        classIndex: classIndex, segmentation: segmentation?.mapped { ($0 * scale + dx, $1 * scale + dy) })
    }

    /// Clips the box; the segmentation is kept.
    func clipped(width: Int, height: Int) -> Object {
      func clip(_ value: Float, _ limit: Int) -> Float { min(max(value, 0), Float(limit)) }
      return Object(
        x1: clip(x1, width), y1: clip(y1, height), x2: clip(x2, width), y2: clip(y2, height),
        classIndex: classIndex, segmentation: segmentation)
    }
  }

  package var image: Image
  package var objects: [Object]

  package init(image: Image, objects: [Object]) {
    self.image = image
    self.objects = objects
  }

  /// Scales to fit into a square of `side` pixels, bilinear, without padding.
  package func fitted(into side: Int) -> Sample {
    let scale = min(Float(side) / Float(image.width), Float(side) / Float(image.height))
    let (width, height) = (
      max(1, Int(Float(image.width) * scale + 1e-3)), max(1, Int(Float(image.height) * scale + 1e-3))
    )
    return Sample(
      image: image.resized(width: width, height: height), objects: objects.map { $0.scaled(scale) })
  }

  /// Writes the network input: planes `[3, side, side]`, the image top left, padding 114. Returns boxes by centre.
  package func write(
    into planes: inout [Float], at offset: Int, side: Int, preprocessing: Preprocessing = .standard
  ) -> [Target] {
    let fitted = max(image.width, image.height) == side ? self : self.fitted(into: side)
    let plane = side * side
    defer { if preprocessing == .legacy { Sample.normalize(&planes, at: offset, plane: plane) } }
    for channel in 0..<3 {
      for index in 0..<plane { planes[offset + channel * plane + index] = Letterbox.padding }
    }
    for y in 0..<fitted.image.height {
      for x in 0..<fitted.image.width {
        let source = (y * fitted.image.width + x) * 3
        let target = offset + y * side + x
        for channel in 0..<3 {
          planes[target + channel * plane] = Float(fitted.image.pixels[source + 2 - channel])
        }
      }
    }
    // data_augment.py, TrainTransform: objects of at most one pixel in width or height are dropped.
    return fitted.objects.compactMap { object in
      let (width, height) = (object.x2 - object.x1, object.y2 - object.y1)
      guard min(width, height) > 1 else { return nil }
      return Target(
        classIndex: object.classIndex,
        box: CenteredBox(x: object.x1 + width / 2, y: object.y1 + height / 2, width: width, height: height))
    }
  }
}

extension Sample {
  /// BGR 0...255 to RGB with ImageNet's mean and deviation (data_augment.py, `legacy`).
  private static func normalize(_ planes: inout [Float], at offset: Int, plane: Int) {
    let (means, deviations): ([Float], [Float]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    for index in offset..<offset + plane { planes.swapAt(index, index + 2 * plane) }
    for channel in 0..<3 {
      let start = offset + channel * plane
      for index in start..<start + plane {
        planes[index] = (planes[index] / 255 - means[channel]) / deviations[channel]
      }
    }
  }
}

extension Image {
  /// Resizes bilinearly with half-pixel centres, like OpenCV's INTER_LINEAR, in float32.
  ///
  /// The letterbox of inference (Sources/CLetterbox) stands apart: it has OpenCV's fixed-point arithmetic and writes float
  /// planes. Shared arithmetic would change the bits of inference or of seeded training runs.
  package func resized(width newWidth: Int, height newHeight: Int) -> Image {
    guard newWidth != width || newHeight != height else { return self }
    func taps(_ source: Int, _ target: Int) -> [(first: Int, second: Int, weight: Float)] {
      (0..<target).map { index in
        let position = (Float(index) + 0.5) * Float(source) / Float(target) - 0.5
        let bounded = min(max(position, 0), Float(source - 1))
        let first = Int(bounded)
        return (first, min(first + 1, source - 1), bounded - Float(first))
      }
    }
    let (columns, rows) = (taps(width, newWidth), taps(height, newHeight))
    var result = Image(width: newWidth, height: newHeight)
    var index = 0
    for row in rows {
      let (upper, lower) = (row.first * width, row.second * width)
      for column in columns {
        for channel in 0..<3 {
          func level(_ line: Int) -> Float {
            let left = Float(pixels[(line + column.first) * 3 + channel])
            return left + (Float(pixels[(line + column.second) * 3 + channel]) - left) * column.weight
          }
          let top = level(upper)
          result.pixels[index] = UInt8(top + (level(lower) - top) * row.weight + 0.5)
          index += 1
        }
      }
    }
    return result
  }
}
