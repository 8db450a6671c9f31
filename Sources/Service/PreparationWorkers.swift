import Dispatch
import Synchronization

/// Threads on which pictures are decoded and prepared, beside the one that runs the network and off the pool that
/// Swift's tasks share.
final class PreparationWorkers: Sendable {
  private let queues: [DispatchQueue]
  private let next = Atomic<Int>(0)

  init(count: Int) { queues = (0..<max(1, count)).map { DispatchQueue(label: "prepare.\($0)") } }

  func run<Value: Sendable, Failure: Error>(
    _ work: @escaping @Sendable () -> Swift.Result<Value, Failure>
  ) async throws(Failure) -> Value {
    let turn = next.wrappingAdd(1, ordering: .relaxed).oldValue
    let queue = queues[Int(UInt(bitPattern: turn) % UInt(queues.count))]
    return try await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: work()) }
    }.get()
  }
}
