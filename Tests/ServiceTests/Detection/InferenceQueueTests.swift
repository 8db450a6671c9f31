import Dispatch
import Engine
import Foundation
import Service
import Testing

@Suite("InferenceQueue")
struct InferenceQueueTests {
  @Test(
    "a model with short batches runs many of them between two long ones of another", .timeLimit(.minutes(5)))
  func fairness() async throws {
    let queue = InferenceQueue(threads: 1)
    let (slow, fast) = (queue.makeClient(), queue.makeClient())
    let order = EventList()
    @Sendable func run(_ client: Int, _ name: String, _ duration: Duration, _ count: Int) async {
      for _ in 0..<count {
        await queue.run(for: client) {
          order.append(name)
          Thread.sleep(forTimeInterval: duration.seconds)
        }
      }
    }
    // Several loops of the fast model, so that one of its batches waits also while the machine is busy.
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await run(slow, "slow", .milliseconds(400), 4) }
      for _ in 0..<8 { group.addTask { await run(fast, "fast", .milliseconds(10), 10) } }
    }
    let runs = order.events
    let first = try #require(runs.firstIndex(of: "slow"))
    let second = try #require(runs[(first + 1)...].firstIndex(of: "slow"))
    // Equal turns would give one.
    #expect(second - first - 1 >= 5, "\(runs)")
  }

  @Test("batches are short while other models run, and full otherwise")
  func batchSize() {
    let batching = Batching()
    #expect(batching.batchSize(timePerImage: .seconds(1), isShared: true) == 1)
    #expect(batching.batchSize(timePerImage: .milliseconds(100), isShared: true) == 2)
    #expect(batching.batchSize(timePerImage: .milliseconds(10), isShared: true) == 4)
    #expect(batching.batchSize(timePerImage: .seconds(1), isShared: false) == 4)
  }

  @Test("the age of a job that hangs grows")
  func age() async throws {
    let queue = InferenceQueue(threads: 1)
    #expect(queue.load.age == .zero && !queue.isShared(by: queue.makeClient()))
    let gate = DispatchSemaphore(value: 0)
    let hanging = Task { await queue.run(for: queue.makeClient()) { gate.wait() } }
    while queue.load.age < .milliseconds(20) { try await Task.sleep(for: .milliseconds(5)) }
    #expect(queue.load.running == 1)
    gate.signal()
    await hanging.value
  }
}
