import Dispatch
import Foundation
import Service
import Testing

@Suite("PreprocessingPool")
struct PreprocessingPoolTests {
  /// Blocks jobs until it is opened.
  private final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    func open(_ count: Int = 1) { for _ in 0..<count { semaphore.signal() } }
    func wait() { semaphore.wait() }
  }

  private func until(_ condition: () -> Bool) async throws {
    while !condition() { try await Task.sleep(for: .milliseconds(2)) }
  }

  private static let long = PreprocessingPool.Cost(isLong: true, bytes: 0)

  @Test("a short job does not wait behind long ones", .timeLimit(.minutes(5)))
  func short() async throws {
    let pool = PreprocessingPool(count: 2)
    let gate = Gate()
    let blocked = (0..<6).map { _ in
      Task { try await pool.run(PreprocessingPoolTests.long) { () throws(Problem) in gate.wait() } }
    }
    try await until { pool.load.running == 1 && pool.load.queued == 5 }
    #expect(try await pool.run { () throws(Problem) in 7 } == 7)
    gate.open(6)
    for task in blocked { _ = try await task.value }
    #expect(pool.load.queued == 0 && pool.load.age >= .zero)
  }

  @Test("long jobs get their turn among short ones", .timeLimit(.minutes(5)))
  func longTurn() async throws {
    let pool = PreprocessingPool(count: 2)
    let gate = Gate()
    let blockers = (0..<2).map { _ in Task { try await pool.run { () throws(Problem) in gate.wait() } } }
    try await until { pool.load.running == 2 }
    let order = EventList()
    var tasks: [Task<Void?, any Error>] = []
    for index in 0..<12 {
      tasks.append(
        Task { try await pool.run { () throws(Problem) in order.append("short") } })
      try await until { pool.load.queued == index + 1 }
    }
    tasks.append(
      Task { try await pool.run(PreprocessingPoolTests.long) { () throws(Problem) in order.append("long") } })
    try await until { pool.load.queued == 13 }
    gate.open(2)
    for task in tasks + blockers { _ = try await task.value }
    let position = try #require(order.events.firstIndex(of: "long"))
    #expect(position < 12)
  }

  @Test("a job that is cancelled while it waits leaves the queue at once", .timeLimit(.minutes(5)))
  func cancelled() async throws {
    let pool = PreprocessingPool(count: 2)
    let gate = Gate()
    let blockers = (0..<2).map { _ in Task { try await pool.run { () throws(Problem) in gate.wait() } } }
    try await until { pool.load.running == 2 }
    let waiting = Task { try await pool.run { () throws(Problem) in 1 } }
    try await until { pool.load.queued == 1 }
    waiting.cancel()
    #expect(try await waiting.value == nil)
    #expect(pool.load.queued == 0)
    gate.open(2)
    for task in blockers { _ = try await task.value }
  }

  @Test(
    "jobs wait while those that run take the memory; one that takes more than all runs alone",
    .timeLimit(.minutes(5)))
  func memory() async throws {
    let pool = PreprocessingPool(count: 4, maxBytes: 100)
    let gate = Gate()
    let first = Task {
      try await pool.run(.init(bytes: 200)) { () throws(Problem) in gate.wait() }
    }
    try await until { pool.load.running == 1 }
    let others = (0..<3).map { _ in
      Task { try await pool.run(.init(bytes: 40)) { () throws(Problem) in gate.wait() } }
    }
    try await until { pool.load.queued == 3 }
    #expect(pool.load.running == 1)
    gate.open()
    _ = try await first.value
    try await until { pool.load.running == 2 }
    #expect(pool.load.queued == 1)
    gate.open(3)
    for task in others { _ = try await task.value }
  }
}
