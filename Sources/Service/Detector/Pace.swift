/// What a picture takes when pictures come without a pause: measured before the first request, and corrected by every run
/// since. A start beside other work would else shorten the queue for ever, and a processor that others came to share would
/// leave it too long to be answered in time.
package struct Pace: Sendable {
  package private(set) var timePerPicture: Duration
  /// How many full runs it takes, about, until what is expected is what is.
  private static let inertia = 8

  package init(_ timePerPicture: Duration) { self.timePerPicture = timePerPicture }

  /// - Parameter isFull: one that is not may have had threads idle. What it took is an upper bound, and only that.
  package mutating func ran(_ count: Int, in duration: Duration, isFull: Bool) {
    let time = duration / count
    guard isFull || time < timePerPicture else { return }
    timePerPicture += (time - timePerPicture) / Pace.inertia
  }
}
