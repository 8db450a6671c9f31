import Dispatch
import Engine
import Synchronization

/// Runs networks one batch at a time on its own threads, outside Swift's cooperative pool. The detectors of all models
/// share one queue, so that no more threads run than there are processors.
///
/// Waiting models get equal shares of time, not of turns: the next batch is that of the model that has used least
/// (start-time fair queueing: Goyal, Vin, Cheng, 1996). A model that was idle starts level with the one served last.
package final class InferenceQueue: Sendable {
  private struct Turn {
    let client: Int
    let enqueued: ContinuousClock.Instant
    /// Runs the work and returns how to resume the task that waits for it.
    let work: @Sendable () -> @Sendable () -> Void
  }

  private struct State {
    var waiting: [Turn] = []
    /// Virtual time of each client.
    var used: [Int: Duration] = [:]
    /// Virtual time of the client served last.
    var floor = Duration.zero
    var lastServed: [Int: ContinuousClock.Instant] = [:]
    var running: (client: Int, start: ContinuousClock.Instant)?
  }

  package let pool: WorkerPool
  private let queue = DispatchQueue(label: "inference", qos: .userInitiated)
  private let state = Mutex(State())
  private let nextClient = Atomic<Int>(0)

  package init(threads: Int) { pool = WorkerPool(threads: threads) }

  /// A number for a model's turns.
  package func makeClient() -> Int { nextClient.wrappingAdd(1, ordering: .relaxed).oldValue }

  package func removeClient(_ client: Int) {
    state.withLock { state in
      state.used[client] = nil
      state.lastServed[client] = nil
    }
  }

  package func run<Value: Sendable>(
    for client: Int, _ work: @escaping @Sendable () -> Value
  ) async -> Value {
    await withCheckedContinuation { continuation in
      submit(
        Turn(client: client, enqueued: .now) {
          let value = work()
          return { continuation.resume(returning: value) }
        })
    }
  }

  /// Whether other models wait, run or ran within the last second. Their images should not wait for a long batch.
  package func isShared(by client: Int) -> Bool {
    state.withLock { state in
      if let running = state.running, running.client != client { return true }
      if state.waiting.contains(where: { $0.client != client }) { return true }
      let now = ContinuousClock.now
      return state.lastServed.contains { $0.key != client && $0.value.duration(to: now) < .seconds(1) }
    }
  }

  package var load: QueueLoad {
    state.withLock { state in
      let instants = state.waiting.map(\.enqueued) + [state.running?.start].compactMap(\.self)
      return QueueLoad(
        queued: state.waiting.count, running: state.running == nil ? 0 : 1, oldest: instants.min())
    }
  }

  private func submit(_ turn: Turn) {
    state.withLock { state in
      state.used[turn.client] = max(state.used[turn.client] ?? state.floor, state.floor)
      state.waiting.append(turn)
    }
    // The queue is serial, so that each block runs the turn that is due when it starts.
    queue.async { self.runNext() }
  }

  private func runNext() {
    let start = ContinuousClock.now
    let turn = state.withLock { state -> Turn? in
      func used(_ index: Int) -> Duration { state.used[state.waiting[index].client] ?? .zero }
      guard let index = state.waiting.indices.min(by: { used($0) < used($1) }) else { return nil }
      let turn = state.waiting.remove(at: index)
      state.floor = max(state.floor, state.used[turn.client] ?? .zero)
      state.running = (turn.client, start)
      return turn
    }
    guard let turn else { return }
    let resume = turn.work()
    // After its turn is counted: the task may look at the load, or submit the next turn, at once.
    defer { resume() }
    let end = ContinuousClock.now
    state.withLock { state in
      state.running = nil
      // A client that was removed meanwhile leaves nothing behind.
      guard let used = state.used[turn.client] else { return }
      state.used[turn.client] = used + start.duration(to: end)
      state.lastServed[turn.client] = end
    }
  }
}
