/// Default memory budgets in bytes. In a container they leave half of its limit to weights and everything else.
package struct MemoryBudgets: Sendable, Equatable {
  /// For request bodies.
  package let bodies: Int
  /// For prepared images.
  package let images: Int
  /// For images that are being decoded, drawn or encoded.
  package let decoding: Int

  /// - Parameter limit: the memory that the process may use; `nil` if that is not limited.
  package init(limit: Int?) {
    let share = (limit ?? .max) / 6
    bodies = min(256 << 20, share)
    images = min(256 << 20, share)
    decoding = min(512 << 20, share)
  }
}
