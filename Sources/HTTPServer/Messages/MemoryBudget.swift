import Synchronization

/// Limits the memory of all request bodies together, from the first byte until the response is made, or that of all large
/// responses until they are written. Bytes of a body count when they arrive, not when Content-Length announces them: an
/// announcement takes no memory.
package final class MemoryBudget: Sendable {
  package let limit: Int
  private let reserved = Atomic<Int>(0)

  package init(limit: Int) { self.limit = limit }

  /// In bytes.
  package var used: Int { reserved.load(ordering: .relaxed) }

  /// Reserves `count` bytes, or any number if nothing else is reserved, so that what alone exceeds the limit has its turn.
  ///
  /// - Returns: `nil` if the budget is exhausted.
  package func reservation(of count: Int) -> Reservation? {
    let reservation = Reservation(self)
    if reservation.grow(to: count) { return reservation }
    guard reserved.compareExchange(expected: 0, desired: count, ordering: .relaxed).exchanged else {
      return nil
    }
    return Reservation(self, holding: count)
  }

  private func reserve(_ count: Int) -> Bool {
    let before = reserved.add(count, ordering: .relaxed).oldValue
    guard before + count > limit else { return true }
    reserved.subtract(count, ordering: .relaxed)
    return false
  }

  private func release(_ count: Int) { reserved.subtract(count, ordering: .relaxed) }

  /// The memory of one body or response. Released at the latest when the last reference goes.
  package final class Reservation: Sendable {
    private let budget: MemoryBudget
    private let count: Atomic<Int>

    /// - Parameter count: bytes that the budget has counted already.
    init(_ budget: MemoryBudget, holding count: Int = 0) {
      self.budget = budget
      self.count = Atomic(count)
    }

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
