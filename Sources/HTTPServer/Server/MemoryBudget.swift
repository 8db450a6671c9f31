import Synchronization

/// Limits the memory of all request bodies together, from the first byte until the response is made. Bytes count when
/// they arrive, not when Content-Length announces them: an announcement takes no memory.
final class MemoryBudget: Sendable {
  let limit: Int
  private let reserved = Atomic<Int>(0)

  init(limit: Int) { self.limit = limit }

  /// In bytes.
  var used: Int { reserved.load(ordering: .relaxed) }

  private func reserve(_ count: Int) -> Bool {
    let before = reserved.add(count, ordering: .relaxed).oldValue
    guard before + count > limit else { return true }
    reserved.subtract(count, ordering: .relaxed)
    return false
  }

  private func release(_ count: Int) { reserved.subtract(count, ordering: .relaxed) }

  /// The memory of one request's body. Released at the latest when the last reference goes.
  final class Reservation: Sendable {
    private let budget: MemoryBudget
    private let count = Atomic<Int>(0)

    init(_ budget: MemoryBudget) { self.budget = budget }

    deinit { release() }

    /// Extends the reservation to `total` bytes.
    ///
    /// - Returns: `false` if the budget is exhausted; the reservation is then unchanged.
    func grow(to total: Int) -> Bool {
      let growth = total - count.load(ordering: .relaxed)
      guard growth > 0 else { return true }
      guard budget.reserve(growth) else { return false }
      count.add(growth, ordering: .relaxed)
      return true
    }

    func release() { budget.release(count.exchange(0, ordering: .relaxed)) }
  }
}
