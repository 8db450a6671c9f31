import Dispatch
import HTTPTypes

/// A serial queue on which some of the connections live: everything of theirs happens there, one thing at a time.
///
/// `@unchecked Sendable`: the mutable state is touched on `queue` only, which `dispatchPrecondition` checks.
final class EventLoop: @unchecked Sendable {
  let queue: DispatchQueue
  private var connections: [ObjectIdentifier: Connection] = [:]
  private var encoder = ResponseEncoder()
  private var timer: (any DispatchSourceTimer)?
  /// Bytes on their way from a socket to a parser; used by one connection at a time.
  let receiveBuffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 64 << 10)

  init(index: Int) {
    queue = DispatchQueue(label: "http.loop.\(index)")
  }

  deinit { receiveBuffer.deallocate() }

  /// One timer for all connections: their timeouts are seconds, and half of one is near enough.
  func start() {
    queue.sync {
      let timer = DispatchSource.makeTimerSource(queue: queue)
      timer.schedule(
        deadline: .now() + .milliseconds(500), repeating: .milliseconds(500), leeway: .milliseconds(100))
      timer.setEventHandler { [weak self] in self?.enforceDeadlines(at: .now) }
      timer.resume()
      self.timer = timer
    }
  }

  func stop() {
    queue.async { [self] in
      timer?.cancel()
      timer = nil
    }
  }

  func add(_ connection: Connection) {
    dispatchPrecondition(condition: .onQueue(queue))
    connections[ObjectIdentifier(connection)] = connection
  }

  func remove(_ connection: Connection) {
    dispatchPrecondition(condition: .onQueue(queue))
    connections[ObjectIdentifier(connection)] = nil
  }

  func encode(_ response: Response, closing: Bool, to head: RequestHead?, into bytes: inout [UInt8]) {
    encoder.encode(
      response, closing: closing, isHTTP10: head?.isHTTP10 ?? false, isHead: head?.method == .head,
      into: &bytes)
  }

  func forEachConnection(_ body: (Connection) -> Void) {
    dispatchPrecondition(condition: .onQueue(queue))
    for connection in connections.values { body(connection) }
  }

  private func enforceDeadlines(at now: ContinuousClock.Instant) {
    forEachConnection { $0.enforceDeadlines(at: now) }
  }
}
