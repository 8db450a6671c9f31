import CLetterbox

/// How the levels of a picture become the numbers that a network was trained on.
package enum Preprocessing: String, Sendable, CaseIterable {
  /// BGR, 0...255: all weights since the authors' release 0.1.1.
  case standard
  /// RGB, 0...1, then ImageNet's mean and deviation: weights from before (data_augment.py, ValTransform, `legacy`).
  case legacy
}

/// Fits a picture into the network's input: scaled to fit, top left, the rest filled with 114 (data_augment.py, preproc).
package struct Letterbox: Sendable, Equatable {
  package let imageWidth: Int
  package let imageHeight: Int
  package let inputWidth: Int
  package let inputHeight: Int
  /// Pixels of the input for each pixel of the picture.
  package let scale: Float
  /// The part of the input that the picture covers.
  package let resizedWidth: Int
  package let resizedHeight: Int

  package static let padding: Float = 114

  package init(imageWidth: Int, imageHeight: Int, inputWidth: Int, inputHeight: Int) {
    self.imageWidth = imageWidth
    self.imageHeight = imageHeight
    self.inputWidth = inputWidth
    self.inputHeight = inputHeight
    // Double, as in the authors' Python: float32 could round a whole side down to the pixel before.
    let ratio = min(Double(inputHeight) / Double(imageHeight), Double(inputWidth) / Double(imageWidth))
    scale = Float(ratio)
    resizedWidth = max(1, Int(Double(imageWidth) * ratio))
    resizedHeight = max(1, Int(Double(imageHeight) * ratio))
  }

  /// Writes the letterboxed picture into `planes`, `[3, inputHeight, inputWidth]`, in one pass.
  package func apply(to image: Image, preprocessing: Preprocessing, into planes: inout MutableSpan<Float>) {
    precondition(image.width == imageWidth && image.height == imageHeight, "a letterbox for another picture")
    precondition(planes.count == 3 * inputHeight * inputWidth, "planes of another size than the letterbox")
    let columns = Letterbox.weights(from: imageWidth, to: resizedWidth)
    let rows = Letterbox.weights(from: imageHeight, to: resizedHeight)
    let planeSize = inputHeight * inputWidth
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 6 * resizedWidth) { scratch in
      planes.withUnsafeMutableBufferPointer { planes in
        guard let base = planes.baseAddress else { return }
        var target = cl_target()
        target.width = Int32(inputWidth)
        target.height = Int32(inputHeight)
        target.resized_width = Int32(resizedWidth)
        target.resized_height = Int32(resizedHeight)
        switch preprocessing {
        case .standard:
          // The picture is RGB and the planes are BGR.
          target.planes = (base + 2 * planeSize, base + planeSize, base)
          target.scale = (1, 1, 1)
          target.padding = (Letterbox.padding, Letterbox.padding, Letterbox.padding)
        case .legacy:
          target.planes = (base, base + planeSize, base + 2 * planeSize)
          let normalized = Letterbox.imageNet.map { mean, deviation in
            (scale: 1 / (255 * deviation), offset: -mean / deviation)
          }
          let padding = normalized.map { Letterbox.padding * $0.scale + $0.offset }
          target.scale = (normalized[0].scale, normalized[1].scale, normalized[2].scale)
          target.offset = (normalized[0].offset, normalized[1].offset, normalized[2].offset)
          target.padding = (padding[0], padding[1], padding[2])
        }
        image.pixels.withUnsafeBufferPointer { pixels in
          cl_letterbox(pixels.baseAddress, Int32(imageWidth), columns, rows, &target, scratch.baseAddress)
        }
      }
    }
  }

  /// From pixels of the network's input to pixels of the picture, clipped to it.
  package func toImage(
    x1: Float, y1: Float, x2: Float, y2: Float
  ) -> (x1: Float, y1: Float, x2: Float, y2: Float) {
    func clip(_ value: Float, _ limit: Int) -> Float { min(max(value / scale, 0), Float(limit)) }
    return (clip(x1, imageWidth), clip(y1, imageHeight), clip(x2, imageWidth), clip(y2, imageHeight))
  }

  /// Mean and deviation of red, green and blue in ImageNet, for levels 0...1.
  private static let imageNet: [(mean: Float, deviation: Float)] = [
    (0.485, 0.229), (0.456, 0.224), (0.406, 0.225),
  ]

  /// For each of `target` pixels the two of `source` that make it; OpenCV's resize.cpp, resizeGeneric with
  /// INTER_RESIZE_COEF_BITS 11.
  private static func weights(from source: Int, to target: Int) -> [cl_weight] {
    let ratio = Double(source) / Double(target)
    return (0..<target).map { index in
      let position = Float((Double(index) + 0.5) * ratio - 0.5)
      var first = Int(position.rounded(.down))
      var fraction = position - Float(first)
      if first < 0 { (first, fraction) = (0, 0) }
      if first >= source - 1 { (first, fraction) = (source - 1, 0) }
      let second = min(first + 1, source - 1)
      let secondWeight = Int16((fraction * 2048).rounded(.toNearestOrEven))
      let firstWeight = Int16(((1 - fraction) * 2048).rounded(.toNearestOrEven))
      return cl_weight(
        first: Int32(first), second: Int32(second), first_weight: firstWeight, second_weight: secondWeight)
    }
  }
}
