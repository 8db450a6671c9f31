import Synchronization

/// How many connections a server has, and when it has none any more.
package final class ConnectionLimiter: Sendable {
  private struct State {
    var count = 0
    var whenNone: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  package init() {}

  package var count: Int { state.withLock(\.count) }

  /// Counts one more, unless there are `limit` already.
  func open(limit: Int) -> Bool {
    state.withLock { state in
      guard state.count < limit else { return false }
      state.count += 1
      return true
    }
  }

  func closed() {
    let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      state.count -= 1
      guard state.count == 0 else { return [] }
      defer { state.whenNone = [] }
      return state.whenNone
    }
    for continuation in waiting { continuation.resume() }
  }

  func untilNone() async {
    await withCheckedContinuation { continuation in
      let isNone = state.withLock { state in
        if state.count > 0 { state.whenNone.append(continuation) }
        return state.count == 0
      }
      if isNone { continuation.resume() }
    }
  }
}
