/// Default memory budgets in bytes. In a container they leave half of its limit to weights and everything else.
package struct MemoryBudgets: Sendable, Equatable {
  /// For request bodies.
  package let bodies: Int
  /// For prepared images.
  package let images: Int

  private static let maximum = 256 << 20

  /// - Parameter limit: the memory that the process may use; `nil` if that is not limited.
  package init(limit: Int?) {
    let share = min(MemoryBudgets.maximum, (limit ?? .max) / 4)
    bodies = share
    images = share
  }
}
