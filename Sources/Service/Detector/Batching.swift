import YOLOX

/// How pictures are gathered into runs, and how many may be on their way.
package struct Batching: Sendable {
  /// The most pictures in one run. With as many as there are threads or more, each thread has pictures of its own, which
  /// answers a tenth more of them than sharing one; beyond a few, only memory and the slowest request's time grow.
  package var most = 4
  /// How long a picture waits for company when the detector is idle; a full run waits no longer. Nothing, by default: on
  /// a CPU a larger batch saves little.
  package var delay = Duration.zero
  /// The most pictures on their way; `nil` for as many as can be answered in time and fit into `memory`.
  package var queueLimit: Int?
  /// What prepared pictures may take, in bytes.
  package var memory = 256 << 20

  package init() {}

  package func queueLimit(for input: InputSize, timePerPicture: Duration, timeout: Duration) -> Int {
    if let queueLimit { return queueLimit }
    let pictureBytes = 3 * input.width * input.height * MemoryLayout<Float>.size
    let inTime = timePerPicture > .zero ? Int(timeout / timePerPicture) : Int.max
    return max(most, min(inTime, memory / pictureBytes))
  }
}
