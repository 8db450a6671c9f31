import Foundation
import Synchronization
import Testing

/// Runs tests that compute for long on threads of their own.
///
/// Tasks share as many threads as there are processors, and servers under test need them too: a test that computes for
/// a minute on one of those keeps every answer of a server in the same process waiting.
package struct Computing: TestTrait, SuiteTrait, TestScoping {
  package let isRecursive = true

  /// Whether the caller runs on one of those threads.
  package static var isOnItsThread: Bool { Thread.current.threadDictionary[threadMark] != nil }

  fileprivate static let threadMark = "computes"

  package func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTaskExecutorPreference(ComputingThreads.shared) { try await function() }
  }
}

extension Trait where Self == Computing {
  /// The test, or every test of the suite, runs on the threads for computing.
  package static var computing: Self { Computing() }
}

/// As many threads as there are processors, so that no more of these tests hold memory at once than without them.
private final class ComputingThreads: TaskExecutor {
  static let shared = ComputingThreads(count: ProcessInfo.processInfo.activeProcessorCount)

  private let jobs = Mutex<[UnownedJob]>([])
  private let waiting = DispatchSemaphore(value: 0)

  private init(count: Int) {
    for _ in 0..<count { Thread.detachNewThread { self.work() } }
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    jobs.withLock { $0.append(job) }
    waiting.signal()
  }

  private func work() -> Never {
    Thread.current.threadDictionary[Computing.threadMark] = true
    while true {
      waiting.wait()
      let job = jobs.withLock { $0.removeFirst() }
      job.runSynchronously(on: asUnownedTaskExecutor())
    }
  }
}
