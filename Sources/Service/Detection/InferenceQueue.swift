import Dispatch
import Engine

/// Runs networks one batch at a time on its own threads, outside Swift's cooperative pool. The detectors of all models
/// share one queue, so that no more threads run than there are processors.
package final class InferenceQueue: Sendable {
  let pool: WorkerPool
  private let queue = DispatchQueue(label: "inference", qos: .userInitiated)

  package init(threads: Int) { pool = WorkerPool(threads: threads) }

  func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: work()) }
    }
  }
}
