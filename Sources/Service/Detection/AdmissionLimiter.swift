import Synchronization

/// Counts images in flight, of all clients and of each, and rejects excess before any is decoded.
package final class AdmissionLimiter: Sendable {
  private struct Counts {
    var total = 0
    var byClient: [String: Int] = [:]
  }

  package enum Decision: Sendable {
    case admitted(Permit)
    /// More images would exceed the limit.
    case queueFull
    /// More images would exceed the client's share.
    case shareUsed
  }

  private let counts = Mutex(Counts())

  package init() {}

  /// Images in flight.
  package var count: Int { counts.withLock(\.total) }

  /// - Parameters:
  ///   - client: whose share `clientLimit` bounds; `nil` for no share. A client without images in flight may exceed its
  ///     share with one request, so that every request that fits the limit is served in a calm minute.
  package func tryAcquire(
    _ count: Int, limit: Int, client: String? = nil, clientLimit: Int = .max
  ) -> Decision {
    counts.withLock { counts in
      guard counts.total + count <= limit else { return .queueFull }
      if let client {
        let before = counts.byClient[client] ?? 0
        guard before == 0 || before + count <= clientLimit else { return .shareUsed }
        counts.byClient[client] = before + count
      }
      counts.total += count
      return .admitted(Permit(self, count, client))
    }
  }

  private func release(_ count: Int, _ client: String?) {
    counts.withLock { counts in
      counts.total -= count
      guard let client, let before = counts.byClient[client] else { return }
      counts.byClient[client] = before > count ? before - count : nil
    }
  }

  /// Admission of some images; released with its last reference.
  package final class Permit: Sendable {
    private let limiter: AdmissionLimiter
    private let client: String?
    package let count: Int

    fileprivate init(_ limiter: AdmissionLimiter, _ count: Int, _ client: String?) {
      self.limiter = limiter
      self.count = count
      self.client = client
    }

    deinit { limiter.release(count, client) }
  }
}
