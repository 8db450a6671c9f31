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

  /// Maximum duration of a batch while other models wait for theirs, so that a large network does not hold up a small one.
  package var maxSharedBatchDuration = Duration.milliseconds(250)

  package init() {}

  /// Maximum images of a batch of a network that needs `timePerImage`.
  package func batchSize(timePerImage: Duration, isShared: Bool) -> Int {
    guard isShared, timePerImage > .zero else { return maxBatchSize }
    return max(1, min(maxBatchSize, Int(maxSharedBatchDuration / timePerImage)))
  }

  /// The queue limit of the calmest minute. More images than this never fit.
  package func maxQueueLimit(for input: InputSize) -> Int {
    queueLimit(for: input, timePerImage: .zero, timeout: .zero)
  }

  package func queueLimit(for input: InputSize, timePerImage: Duration, timeout: Duration) -> Int {
    if let queueLimit { return queueLimit }
    let imageBytes = 3 * input.width * input.height * MemoryLayout<Float>.size
    let inTime = timePerImage > .zero ? Int(timeout / timePerImage) : Int.max
    return max(maxBatchSize, min(inTime, maxPreparedBytes / imageBytes))
  }
}
