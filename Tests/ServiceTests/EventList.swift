import Synchronization

/// What happened, in order, on whatever threads.
final class EventList: Sendable {
  private let kept = Mutex<[String]>([])

  var events: [String] { kept.withLock(\.self) }

  func append(_ event: String) { kept.withLock { $0.append(event) } }
}
