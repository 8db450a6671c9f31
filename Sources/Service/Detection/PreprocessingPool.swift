import Dispatch
import Synchronization

/// Threads that decode, letterbox and encode images, beside those of inference and outside Swift's cooperative pool.
///
/// Idle workers take jobs from one queue with two lanes, so that a short job does not wait behind long ones: a worker is
/// always left for short jobs, and every fifth job is a long one if one waits. A job starts only while the memory of all
/// running jobs stays within a budget.
package final class PreprocessingPool: Sendable {
  /// What a job takes.
  package struct Cost: Sendable {
    /// Whether other jobs should not wait for it.
    let isLong: Bool
    /// Memory beyond its input, in bytes.
    let bytes: Int

    package init(isLong: Bool = false, bytes: Int = 0) { (self.isLong, self.bytes) = (isLong, bytes) }

    package static let short = Cost()
  }

  private struct Job {
    let id: Int
    let cost: Cost
    let enqueued: ContinuousClock.Instant
    /// Does the work and returns how to resume the task that waits for it.
    let run: @Sendable () -> @Sendable () -> Void
    /// Called instead of `run` if the job is removed from the queue.
    let drop: @Sendable () -> Void
  }

  private struct State {
    var short: [Job] = []
    var long: [Job] = []
    var idleWorkers: [Int]
    /// Start of each running job, by id.
    var running: [Int: ContinuousClock.Instant] = [:]
    var runningLong = 0
    var runningBytes = 0
    /// Short jobs taken since the last long one.
    var shortStreak = 0
  }

  private static let maxShortStreak = 4

  private let workers: [DispatchQueue]
  private let maxBytes: Int
  private let state: Mutex<State>
  private let nextID = Atomic<Int>(0)

  /// - Parameters:
  ///   - count: of workers; at least two, of which one is for short jobs only.
  ///   - maxBytes: memory of all running jobs. A job that takes more runs alone.
  package init(count: Int, maxBytes: Int = 512 << 20) {
    workers = (0..<max(2, count)).map { DispatchQueue(label: "prepare.\($0)") }
    self.maxBytes = maxBytes
    state = Mutex(State(idleWorkers: Array(workers.indices)))
  }

  /// Runs `work` on a worker.
  ///
  /// - Returns: `nil` if the task was cancelled before a worker took the job.
  package func run<Value: Sendable>(
    _ cost: Cost = .short, _ work: @escaping @Sendable () throws(Problem) -> Value
  ) async throws(Problem) -> Value? {
    let id = nextID.wrappingAdd(1, ordering: .relaxed).oldValue
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, Problem>?, Never>) in
        submit(
          Job(
            id: id, cost: cost, enqueued: .now,
            run: {
              let result = Result { () throws(Problem) in try work() }
              return { continuation.resume(returning: result) }
            },
            drop: { continuation.resume(returning: nil) }))
        // A task that was cancelled before this point found no job to remove.
        if Task.isCancelled { remove(id) }
      }
    } onCancel: {
      remove(id)
    }
    return try result?.get()
  }

  /// The waiting and running jobs at present.
  package var load: QueueLoad {
    state.withLock { state in
      let instants = state.running.values + (state.short + state.long).map(\.enqueued)
      return QueueLoad(
        queued: state.short.count + state.long.count, running: state.running.count, oldest: instants.min())
    }
  }

  // MARK: Queue

  private func submit(_ job: Job) {
    state.withLock { state in
      if job.cost.isLong { state.long.append(job) } else { state.short.append(job) }
    }
    wakeWorkers()
  }

  private func remove(_ id: Int) {
    let removed = state.withLock { state -> Job? in
      if let index = state.short.firstIndex(where: { $0.id == id }) { return state.short.remove(at: index) }
      if let index = state.long.firstIndex(where: { $0.id == id }) { return state.long.remove(at: index) }
      return nil
    }
    removed?.drop()
  }

  /// Gives jobs that can start to idle workers.
  private func wakeWorkers() {
    while true {
      let start = state.withLock { state -> (worker: Int, job: Job)? in
        guard let worker = state.idleWorkers.last, let job = next(&state) else { return nil }
        state.idleWorkers.removeLast()
        return (worker, job)
      }
      guard let start else { return }
      workers[start.worker].async { self.work(start.worker, first: start.job) }
    }
  }

  private func work(_ worker: Int, first: Job) {
    var current = first
    while true {
      let resume = current.run()
      let finished = current
      let following = state.withLock { state -> Job? in
        state.running[finished.id] = nil
        state.runningBytes -= finished.cost.bytes
        if finished.cost.isLong { state.runningLong -= 1 }
        let job = next(&state)
        if job == nil { state.idleWorkers.append(worker) }
        return job
      }
      // After the job is no longer counted: the task may look at the load at once.
      resume()
      // The memory that became free may be enough for more than one job.
      wakeWorkers()
      guard let following else { return }
      current = following
    }
  }

  /// Takes the next job that may start, and counts it as running.
  private func next(_ state: inout State) -> Job? {
    func fits(_ job: Job?) -> Bool {
      guard let job else { return false }
      return state.runningBytes == 0 || state.runningBytes + job.cost.bytes <= maxBytes
    }
    let canTakeLong = state.runningLong < workers.count - 1 && fits(state.long.first)
    let canTakeShort = fits(state.short.first)
    let isLongDue = !canTakeShort || state.shortStreak >= PreprocessingPool.maxShortStreak
    let job: Job
    if canTakeLong, isLongDue {
      job = state.long.removeFirst()
      state.shortStreak = 0
      state.runningLong += 1
    } else if canTakeShort {
      job = state.short.removeFirst()
      state.shortStreak += 1
    } else {
      return nil
    }
    state.runningBytes += job.cost.bytes
    state.running[job.id] = .now
    return job
  }
}
