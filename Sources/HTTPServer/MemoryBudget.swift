import Synchronization

/// What the bodies of all requests take together, from their first byte until they are answered, and what they may.
/// Bytes count once they are here, not when they are announced: an announcement takes no memory and no room.
final class MemoryBudget: Sendable {
  let limit: Int
  private let taken = Atomic<Int>(0)

  init(limit: Int) { self.limit = limit }

  private func take(_ count: Int) -> Bool {
    let before = taken.add(count, ordering: .relaxed).oldValue
    guard count > 0, before + count > limit else { return true }
    taken.subtract(count, ordering: .relaxed)
    return false
  }

  /// The part of one request.
  final class Share: Sendable {
    private let memory: MemoryBudget
    private let count = Atomic<Int>(0)

    init(_ memory: MemoryBudget) { self.memory = memory }

    deinit { end() }

    /// - Returns: whether there is room for a body of `total` bytes.
    func grow(to total: Int) -> Bool {
      let growth = total - count.load(ordering: .relaxed)
      guard growth > 0 else { return true }
      guard memory.take(growth) else { return false }
      count.add(growth, ordering: .relaxed)
      return true
    }

    func end() { _ = memory.take(-count.exchange(0, ordering: .relaxed)) }
  }
}
