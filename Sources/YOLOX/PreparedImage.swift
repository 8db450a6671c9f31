import Engine
import Imaging
import Synchronization

/// An image as the network takes it, with the way back to its own pixels.
///
/// A class, so that the memory goes back to the model when the last user is done: the system takes longer to hand out
/// fresh pages than the letterbox takes to fill them.
package final class PreparedImage: Sendable {
  /// `[3, H, W]`, planar.
  package let pixels: Tensor
  package let letterbox: Letterbox
  /// What decoding took, where it was done here, and what the letterbox took.
  package let decoding: Duration
  package let letterboxing: Duration
  private let buffers: InputBuffers

  fileprivate init(
    _ pixels: Tensor, _ letterbox: Letterbox, decoding: Duration, letterboxing: Duration,
    buffers: InputBuffers
  ) {
    self.pixels = pixels
    self.letterbox = letterbox
    self.decoding = decoding
    self.letterboxing = letterboxing
    self.buffers = buffers
  }

  deinit { buffers.giveBack(pixels.values) }
}

extension Model {
  /// Letterboxes `image` for this network. Needs no predictor, so that it can run beside one.
  package func prepare(_ image: Image) -> PreparedImage {
    prepare(width: image.width, height: image.height) { letterbox, span in
      let start = ContinuousClock.now
      letterbox.apply(to: image, preprocessing: preprocessing, into: &span)
      return start.duration(to: .now)
    }
  }

  /// Decodes and letterboxes `image` for this network.
  package func prepare(_ image: EncodedImage) throws(ImageError) -> PreparedImage {
    try prepare(width: image.width, height: image.height) { (letterbox, span) throws(ImageError) in
      try letterbox.apply(to: image, scaledDecode: scaledDecode, preprocessing: preprocessing, into: &span)
    }
  }

  /// Takes what was letterboxed elsewhere; boxes are then in pixels of the network's input.
  ///
  /// - Parameter planes: `[3, H, W]` of the input size, with the levels that the preprocessing makes.
  package func prepare(planes: [Float]) -> PreparedImage {
    let letterbox = Letterbox(
      imageWidth: inputSize.width, imageHeight: inputSize.height, inputWidth: inputSize.width,
      inputHeight: inputSize.height)
    return PreparedImage(
      Tensor(shape: [3, inputSize.height, inputSize.width], values: planes), letterbox, decoding: .zero,
      letterboxing: .zero, buffers: inputBuffers)
  }

  /// - Parameter fill: fills the planes and says how much of its time the letterbox took.
  private func prepare<Failure: Error>(
    width: Int, height: Int, fill: (Letterbox, inout MutableSpan<Float>) throws(Failure) -> Duration
  ) throws(Failure) -> PreparedImage {
    let start = ContinuousClock.now
    let letterbox = Letterbox(
      imageWidth: width, imageHeight: height, inputWidth: inputSize.width, inputHeight: inputSize.height)
    let shape = [3, inputSize.height, inputSize.width]
    var values = inputBuffers.take(count: shape.reduce(1, *))
    var span = values.mutableSpan
    let letterboxing = try fill(letterbox, &span)
    return PreparedImage(
      Tensor(shape: shape, values: values), letterbox,
      decoding: start.duration(to: .now) - letterboxing, letterboxing: letterboxing, buffers: inputBuffers)
  }
}

/// Memory of images that are no longer needed, for those to come.
final class InputBuffers: Sendable {
  /// More are let go, so that a burst of requests does not keep its memory for good.
  private static let mostIdle = 8
  private let idle = Mutex<[[Float]]>([])

  /// - Returns: numbers left over from an earlier image, or zeros.
  func take(count: Int) -> [Float] {
    idle.withLock { $0.popLast() } ?? [Float](repeating: 0, count: count)
  }

  func giveBack(_ values: [Float]) {
    idle.withLock { idle in
      if idle.count < InputBuffers.mostIdle { idle.append(values) }
    }
  }
}
