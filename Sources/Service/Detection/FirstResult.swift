import Synchronization

/// The first of several results; later ones are dropped.
package final class FirstResult<Value: Sendable>: Sendable {
  private enum State {
    case pending
    case awaited(CheckedContinuation<Value, Never>)
    case finished(Value)
    case taken
  }

  private let state = Mutex(State.pending)

  package init() {}

  /// Waits for the first result. May be awaited once.
  package var value: Value {
    get async {
      await withCheckedContinuation { continuation in
        let early = state.withLock { state -> Value? in
          if case .finished(let value) = state {
            state = .taken
            return value
          }
          state = .awaited(continuation)
          return nil
        }
        if let early { continuation.resume(returning: early) }
      }
    }
  }

  package func finish(_ value: Value) {
    let waiting = state.withLock { state -> CheckedContinuation<Value, Never>? in
      switch state {
      case .pending: state = .finished(value)
      case .awaited(let continuation):
        state = .taken
        return continuation
      case .finished, .taken: break
      }
      return nil
    }
    waiting?.resume(returning: value)
  }
}
