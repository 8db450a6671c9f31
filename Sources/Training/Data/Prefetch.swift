import Dispatch
import Synchronization

/// A value that is computed on another thread.
package final class Prefetch<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, TrainingError>?>(nil)
  private let isDone = DispatchSemaphore(value: 0)

  package init(_ make: @escaping @Sendable () throws(TrainingError) -> Value) {
    DispatchQueue.global(qos: .utility).async { [self] in
      let made: Result<Value, TrainingError>
      do throws(TrainingError) { made = .success(try make()) } catch { made = .failure(error) }
      result.withLock { $0 = made }
      isDone.signal()
    }
  }

  /// Waits for the value. Call it once.
  package func get() throws(TrainingError) -> Value {
    isDone.wait()
    guard let made = result.withLock({ $0 }) else { preconditionFailure("signalled without a result") }
    return try made.get()
  }
}
