import CKernels
import PlatformC
import Synchronization

/// Threads that share the work of one network run.
///
/// A layer of a small network takes tens of microseconds, less than it takes to wake a sleeping thread. Between runs
/// the workers therefore spin for a moment before they sleep, and one call of ``run(_:)`` covers the whole network.
///
/// On a busy machine a worker may not get a processor in time. A run does not wait for it: the workers that have started
/// share the work, and the run ends when the work is done.
package final class WorkerPool: Sendable {
  /// Number of threads, including the caller's.
  package let threadCount: Int

  private let workers = WorkerThreads()
  private let turn = Mutex(())

  package init(threads threadCount: Int) {
    precondition(threadCount > 0, "a pool needs at least the caller's thread")
    self.threadCount = threadCount
    for worker in 1..<threadCount { workers.start(worker) }
  }

  deinit { workers.stop() }

  /// Calls `body(0)` on the caller's thread and `body(n)`, at most once, on each other thread that starts before `body(0)`
  /// returns. Returns when all started calls have returned. Concurrent callers run one after the other.
  ///
  /// `body(0)` must do, or wait for, all of the work, because no other thread may start in time.
  package func run(_ body: (Int) -> Void) {
    guard threadCount > 1 else { return body(0) }
    turn.withLock { _ in
      withoutActuallyEscaping(body) { workers.run($0) }
    }
  }
}

/// The threads of a pool and their shared state. Each thread retains it; the pool's deinit stops the threads.
///
/// `@unchecked Sendable`: `body` is written only by the thread that holds the run, before it opens `runState`. Workers read
/// it only after they have entered, and it is written again only after all of them have left. The mutex and the condition
/// variable are thread-safe.
private final class WorkerThreads: @unchecked Sendable {
  /// Upper half: number of the run. Lower half: number of workers in it; the lowest bit: whether workers may enter.
  private let runState = Atomic<UInt64>(0)
  private let sleepers = Atomic<Int>(0)
  private let isStopping = Atomic<Bool>(false)
  private var body: ((Int) -> Void)?
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let wakeUp = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  private static let open: UInt64 = 1
  private static let worker: UInt64 = 2

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(wakeUp, nil)
  }

  deinit {
    pthread_cond_destroy(wakeUp)
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
    wakeUp.deallocate()
  }

  func run(_ body: @escaping (Int) -> Void) {
    self.body = body
    let number = (runState.load(ordering: .relaxed) >> 32 &+ 1) & 0xFFFF_FFFF
    runState.store(number << 32 | WorkerThreads.open, ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
    body(0)
    runState.subtract(WorkerThreads.open, ordering: .acquiringAndReleasing)
    spin { runState.load(ordering: .acquiring) == number << 32 }
    self.body = nil
  }

  func stop() {
    isStopping.store(true, ordering: .sequentiallyConsistent)
    wakeAll()
  }

  func start(_ worker: Int) {
    let argument = Unmanaged.passRetained(ThreadStart(workers: self, worker: worker)).toOpaque()
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let status = pthread_create(&thread, nil, threadMain, argument)
    precondition(status == 0, "the system has no thread to give (pthread_create: \(status))")
    #if canImport(Darwin)
      if let thread { pthread_detach(thread) }
    #else
      pthread_detach(thread)
    #endif
  }

  fileprivate func serve(_ worker: Int) {
    var seen: UInt64 = 0
    while true {
      waitForRun(after: seen)
      if isStopping.load(ordering: .acquiring) { return }
      var state = runState.load(ordering: .relaxed)
      var hasEntered = false
      while state & WorkerThreads.open != 0, !hasEntered {
        (hasEntered, state) = runState.weakCompareExchange(
          expected: state, desired: state + WorkerThreads.worker, ordering: .acquiringAndReleasing)
      }
      seen = state >> 32
      guard hasEntered else { continue }
      body?(worker)
      runState.subtract(WorkerThreads.worker, ordering: .releasing)
    }
  }

  /// About 50 microseconds: on a busy server the next image arrives within that time, and an idle server uses no CPU.
  private static let spinsBeforeSleep = 1500

  private func waitForRun(after seen: UInt64) {
    func isDue() -> Bool {
      runState.load(ordering: .sequentiallyConsistent) >> 32 != seen || isStopping.load(ordering: .acquiring)
    }
    for _ in 0..<WorkerThreads.spinsBeforeSleep {
      if isDue() { return }
      yx_pause()
    }
    pthread_mutex_lock(mutex)
    sleepers.add(1, ordering: .sequentiallyConsistent)
    while !isDue() { pthread_cond_wait(wakeUp, mutex) }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(mutex)
  }

  private func wakeAll() {
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(wakeUp)
    pthread_mutex_unlock(mutex)
  }
}

/// Arguments of a new thread.
private final class ThreadStart {
  let workers: WorkerThreads
  let worker: Int

  init(workers: WorkerThreads, worker: Int) {
    self.workers = workers
    self.worker = worker
  }

  static func begin(_ argument: UnsafeMutableRawPointer) {
    let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
    start.workers.serve(start.worker)
  }
}

#if canImport(Darwin)
  private func threadMain(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    ThreadStart.begin(argument)
    return nil
  }
#else
  private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let argument { ThreadStart.begin(argument) }
    return nil
  }
#endif

/// Waits for `condition` and yields the processor at intervals: on a busy machine, the thread that makes the condition true
/// may be waiting for this processor.
func spin(until condition: () -> Bool) {
  while true {
    for _ in 0..<2000 {
      if condition() { return }
      yx_pause()
    }
    sched_yield()
  }
}
