import Engine
import Imaging
import Synchronization

/// A letterboxed image: the network's input, with the mapping of boxes back to the original image.
///
/// A class, so that the memory returns to the model after the last use: the system takes longer to supply fresh pages than
/// the letterbox takes to fill them.
package final class PreparedImage: Sendable {
  /// The network for the size of this input.
  let plan: Plan
  /// `[3, H, W]`, planar.
  package let pixels: Tensor
  package let letterbox: Letterbox
  /// Times of decoding, if done here, and of the letterbox.
  package let decoding: Duration
  package let letterboxing: Duration
  private let buffers: InputBuffers

  fileprivate init(
    _ pixels: Tensor, _ letterbox: Letterbox, plan: Plan, decoding: Duration, letterboxing: Duration,
    buffers: InputBuffers
  ) {
    self.pixels = pixels
    self.plan = plan
    self.letterbox = letterbox
    self.decoding = decoding
    self.letterboxing = letterboxing
    self.buffers = buffers
  }

  /// Whether one run of the network can take both images without planning another size in between.
  package func hasInputSize(of other: PreparedImage) -> Bool { pixels.shape == other.pixels.shape }

  deinit { buffers.giveBack(pixels.values) }
}

extension Model {
  /// Letterboxes `image` for this network. Can run concurrently with predictors.
  ///
  /// - Parameter shape: of the input; the model's by default.
  package func prepare(_ image: Image, shape: InputShape? = nil) -> PreparedImage {
    prepare(width: image.width, height: image.height, shape) { letterbox, span in
      let start = ContinuousClock.now
      letterbox.apply(to: image, preprocessing: preprocessing, into: &span)
      return start.duration(to: .now)
    }
  }

  /// Letterboxes a part of `image`; boxes are in pixels of the part. The input has the shape of the model.
  package func prepare(_ image: Image, tile: Tile) -> PreparedImage {
    prepare(width: tile.width, height: tile.height, nil) { letterbox, span in
      let start = ContinuousClock.now
      letterbox.apply(toPartOf: image, x: tile.x, y: tile.y, preprocessing: preprocessing, into: &span)
      return start.duration(to: .now)
    }
  }

  /// Decodes and letterboxes `image` for this network.
  package func prepare(_ image: EncodedImage, shape: InputShape? = nil) throws(ImageError) -> PreparedImage {
    try prepare(width: image.width, height: image.height, shape) { (letterbox, span) throws(ImageError) in
      try letterbox.apply(to: image, scaledDecode: scaledDecode, preprocessing: preprocessing, into: &span)
    }
  }

  /// Wraps an image that the caller has letterboxed; its boxes are in pixels of the network's input.
  ///
  /// - Parameter planes: `[3, H, W]` of the input size, preprocessed.
  package func prepare(planes: [Float]) -> PreparedImage {
    let letterbox = Letterbox(
      imageWidth: inputSize.width, imageHeight: inputSize.height, inputWidth: inputSize.width,
      inputHeight: inputSize.height)
    return PreparedImage(
      Tensor(shape: [3, inputSize.height, inputSize.width], values: planes), letterbox, plan: plan,
      decoding: .zero, letterboxing: .zero, buffers: inputBuffers)
  }

  /// Prepares an image that already has the size of the network's input, for a network planned for that size.
  ///
  /// - Returns: `nil` if the network cannot be planned for `size`.
  func prepare(_ image: Image, planned size: InputSize) -> PreparedImage? {
    guard let plan = size == inputSize ? plan : try? plan.resized(height: size.height, width: size.width)
    else {
      return nil
    }
    let letterbox = Letterbox(
      imageWidth: image.width, imageHeight: image.height, inputWidth: size.width, inputHeight: size.height)
    var values = [Float](repeating: 0, count: 3 * size.height * size.width)
    var span = values.mutableSpan
    letterbox.apply(to: image, preprocessing: preprocessing, into: &span)
    return PreparedImage(
      Tensor(shape: [3, size.height, size.width], values: values), letterbox, plan: plan, decoding: .zero,
      letterboxing: .zero, buffers: InputBuffers())
  }

  /// Bytes that preparing an encoded image allocates at its peak beside the network's input.
  package func decodingBytes(of image: EncodedImage) -> Int {
    let letterbox = Letterbox(
      imageWidth: image.width, imageHeight: image.height, inputWidth: inputSize.width,
      inputHeight: inputSize.height)
    return image.letterboxedBytes(letterbox, scaledDecode: scaledDecode)
  }

  /// - Parameter fill: fills the planes and returns the letterbox's part of the time.
  private func prepare<Failure: Error>(
    width: Int, height: Int, _ shape: InputShape?,
    fill: (Letterbox, inout MutableSpan<Float>) throws(Failure) -> Duration
  ) throws(Failure) -> PreparedImage {
    let start = ContinuousClock.now
    let (letterbox, plan) = placement(imageWidth: width, imageHeight: height, shape: shape ?? inputShape)
    let shape = plan.inputShape
    var values = inputBuffers.take(count: shape.reduce(1, *))
    var span = values.mutableSpan
    let letterboxing = try fill(letterbox, &span)
    return PreparedImage(
      Tensor(shape: shape, values: values), letterbox, plan: plan,
      decoding: start.duration(to: .now) - letterboxing, letterboxing: letterboxing, buffers: inputBuffers)
  }
}

/// Reusable memory of images that are no longer needed.
final class InputBuffers: Sendable {
  /// Limits the retained memory, so that a burst of requests does not keep its memory forever.
  private static let mostIdle = 8
  private let idle = Mutex<[[Float]]>([])

  /// - Returns: the values of an earlier image, or zeros.
  func take(count: Int) -> [Float] {
    let found = idle.withLock { idle -> [Float]? in
      idle.lastIndex { $0.count == count }.map { idle.remove(at: $0) }
    }
    return found ?? [Float](repeating: 0, count: count)
  }

  func giveBack(_ values: [Float]) {
    idle.withLock { idle in
      // The oldest may be of a size that no longer comes.
      if idle.count >= InputBuffers.mostIdle { idle.removeFirst() }
      idle.append(values)
    }
  }
}
