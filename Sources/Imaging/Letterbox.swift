import CLetterbox

/// How the levels of an image become the numbers that a network was trained on.
package enum Preprocessing: String, Sendable, CaseIterable {
  /// BGR, 0...255: all weights since the authors' release 0.1.1.
  case standard
  /// RGB, 0...1, then ImageNet's mean and deviation: weights from before (data_augment.py, ValTransform, `legacy`).
  case legacy
}

/// Fits an image into the network's input: scaled to fit, top left, the rest filled with 114 (data_augment.py, preproc).
package struct Letterbox: Sendable, Equatable {
  package let imageWidth: Int
  package let imageHeight: Int
  package let inputWidth: Int
  package let inputHeight: Int
  /// Pixels of the input for each pixel of the image.
  package let scale: Float
  /// The part of the input that the image covers.
  package let resizedWidth: Int
  package let resizedHeight: Int

  package static let padding: Float = 114

  package init(imageWidth: Int, imageHeight: Int, inputWidth: Int, inputHeight: Int) {
    // Double, as in the authors' Python: float32 could round a whole side down to the pixel before.
    let ratio = min(Double(inputHeight) / Double(imageHeight), Double(inputWidth) / Double(imageWidth))
    self.init(
      imageWidth: imageWidth, imageHeight: imageHeight, inputWidth: inputWidth, inputHeight: inputHeight,
      scale: Float(ratio), resizedWidth: max(1, Int(Double(imageWidth) * ratio)),
      resizedHeight: max(1, Int(Double(imageHeight) * ratio)))
  }

  private init(
    imageWidth: Int, imageHeight: Int, inputWidth: Int, inputHeight: Int, scale: Float, resizedWidth: Int,
    resizedHeight: Int
  ) {
    self.imageWidth = imageWidth
    self.imageHeight = imageHeight
    self.inputWidth = inputWidth
    self.inputHeight = inputHeight
    self.scale = scale
    self.resizedWidth = resizedWidth
    self.resizedHeight = resizedHeight
  }

  /// The same image at the same scale in the smallest input that holds it and has sides that are multiples of `multiple`.
  package func cropped(toMultiplesOf multiple: Int) -> Letterbox {
    func roundedUp(_ side: Int) -> Int { (side + multiple - 1) / multiple * multiple }
    return Letterbox(
      imageWidth: imageWidth, imageHeight: imageHeight, inputWidth: min(inputWidth, roundedUp(resizedWidth)),
      inputHeight: min(inputHeight, roundedUp(resizedHeight)), scale: scale, resizedWidth: resizedWidth,
      resizedHeight: resizedHeight)
  }

  /// Writes the letterboxed image into `planes`, `[3, inputHeight, inputWidth]`, in one pass.
  ///
  /// - Parameter image: the image, or the same one at another size.
  package func apply(to image: Image, preprocessing: Preprocessing, into planes: inout MutableSpan<Float>) {
    apply(toRowsOf: (image.width, image.height), preprocessing, into: &planes) { box in
      image.pixels.withUnsafeBufferPointer { pixels in
        guard let first = pixels.baseAddress else { return }
        for y in 0..<image.height { cl_take_row(box, first + y * image.width * 3) }
      }
    }
  }

  /// - Parameters:
  ///   - size: of the image whose rows are given.
  ///   - giveRows: passes them to the letterbox, from the top. `planes` are incomplete unless it passes all.
  func apply(
    toRowsOf size: (width: Int, height: Int), _ preprocessing: Preprocessing,
    into planes: inout MutableSpan<Float>, giveRows: (UnsafeMutablePointer<cl_letterbox>) -> Void
  ) {
    precondition(planes.count == 3 * inputHeight * inputWidth, "planes of another size than the letterbox")
    planes.withUnsafeMutableBufferPointer { planes in
      guard let base = planes.baseAddress else { return }
      var target = target(preprocessing, planes: base)
      let scratchSize = cl_scratch_size(target.resized_width)
      withUnsafeTemporaryAllocation(byteCount: scratchSize, alignment: 16) { scratch in
        var box = cl_letterbox()
        cl_begin(
          &box, Int32(size.width), Int32(size.height), &target, cl_fastest_loops(), scratch.baseAddress)
        giveRows(&box)
      }
    }
  }

  private func target(_ preprocessing: Preprocessing, planes base: UnsafeMutablePointer<Float>) -> cl_target {
    let planeSize = inputHeight * inputWidth
    var target = cl_target()
    target.width = Int32(inputWidth)
    target.height = Int32(inputHeight)
    target.resized_width = Int32(resizedWidth)
    target.resized_height = Int32(resizedHeight)
    switch preprocessing {
    case .standard:
      // The image is RGB and the planes are BGR.
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
    return target
  }

  /// From pixels of the network's input to pixels of the image, clipped to it.
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
}
