import TestSupport
import Testing

@Suite("Tests that compute")
struct ComputingTests {
  @Test("run on threads of their own", .computing, arguments: 1...3)
  func ownThread(count: Int) { #expect(Computing.isOnItsThread) }

  @Test("leave those that tasks share to all others")
  func sharedThread() { #expect(!Computing.isOnItsThread) }
}
