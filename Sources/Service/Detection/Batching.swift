import YOLOX

/// How images are gathered into batches, and how many may be in flight.
package struct Batching: Sendable {
  /// Maximum images per batch. With at least as many images as threads, each thread runs whole images, which is a tenth
  /// faster than sharing one; beyond a few, only memory and the slowest request's latency grow.
  package var maxBatchSize = 4
  /// Maximum time that an image waits for more images while the detector is idle; a full batch runs at once. Zero by
  /// default: on a CPU a larger batch saves little.
  package var maxQueueDelay = Duration.zero
  /// Maximum images in flight; `nil` derives it from the request timeout and ``maxPreparedBytes``.
  package var queueLimit: Int?
  /// Memory that prepared images may take, in bytes.
  package var maxPreparedBytes = 256 << 20

  package init() {}

  package func queueLimit(for input: InputSize, timePerImage: Duration, timeout: Duration) -> Int {
    if let queueLimit { return queueLimit }
    let imageBytes = 3 * input.width * input.height * MemoryLayout<Float>.size
    let inTime = timePerImage > .zero ? Int(timeout / timePerImage) : Int.max
    return max(maxBatchSize, min(inTime, maxPreparedBytes / imageBytes))
  }
}
