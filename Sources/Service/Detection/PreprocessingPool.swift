import Dispatch
import Synchronization

/// Threads that decode and letterbox images, beside those of inference and outside Swift's cooperative pool.
final class PreprocessingPool: Sendable {
  private let queues: [DispatchQueue]
  private let next = Atomic<Int>(0)

  init(count: Int) { queues = (0..<max(1, count)).map { DispatchQueue(label: "prepare.\($0)") } }

  func run<Value: Sendable, Failure: Error>(
    _ work: @escaping @Sendable () throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    let turn = next.wrappingAdd(1, ordering: .relaxed).oldValue
    let queue = queues[Int(UInt(bitPattern: turn) % UInt(queues.count))]
    return try await withCheckedContinuation { continuation in
      queue.async {
        continuation.resume(returning: Result { () throws(Failure) in try work() })
      }
    }.get()
  }
}
