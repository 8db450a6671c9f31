import Synchronization

/// Counts images in flight and rejects excess before any work is done.
package final class AdmissionLimiter: Sendable {
  private let admitted = Atomic<Int>(0)

  package init() {}

  /// Images in flight.
  package var count: Int { admitted.load(ordering: .relaxed) }

  /// - Returns: `nil` if `count` more images would exceed `limit`.
  package func tryAcquire(_ count: Int, limit: Int) -> Permit? {
    let before = admitted.add(count, ordering: .relaxed).oldValue
    guard before + count <= limit else {
      admitted.subtract(count, ordering: .relaxed)
      return nil
    }
    return Permit(self, count)
  }

  /// Admission of some images; released with its last reference.
  package final class Permit: Sendable {
    private let limiter: AdmissionLimiter
    package let count: Int

    fileprivate init(_ limiter: AdmissionLimiter, _ count: Int) {
      self.limiter = limiter
      self.count = count
    }

    deinit { limiter.admitted.subtract(count, ordering: .relaxed) }
  }
}
