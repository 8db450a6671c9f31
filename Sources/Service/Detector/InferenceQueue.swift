import Dispatch
import Engine

/// The threads that run networks, and the order in which they do: one run after the other, off the pool that Swift's
/// tasks share. Detectors of several models share one lane, so that there are never more threads at work than processors.
package final class InferenceQueue: Sendable {
  let pool: WorkerPool
  private let queue = DispatchQueue(label: "inference", qos: .userInitiated)

  package init(threads: Int) { pool = WorkerPool(threads: threads) }

  /// Runs `work` when it is its turn.
  func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: work()) }
    }
  }
}
