/// An estimate of the time per image under full load: measured at the start, then updated by every batch. A measurement
/// taken while other processes were busy would otherwise keep the queue short forever, and a machine that became busy later
/// would leave it too long to be served in time.
package struct LatencyEstimate: Sendable {
  package private(set) var timePerImage: Duration
  /// The time constant of the moving average, in full batches.
  private static let timeConstant = 8

  package init(_ timePerImage: Duration) { self.timePerImage = timePerImage }

  /// - Parameter isFull: a partial batch may leave threads idle, so its time per image is only an upper bound.
  package mutating func update(batchSize: Int, duration: Duration, isFull: Bool) {
    let time = duration / batchSize
    guard isFull || time < timePerImage else { return }
    timePerImage += (time - timePerImage) / LatencyEstimate.timeConstant
  }
}
