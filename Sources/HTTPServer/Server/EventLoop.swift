import CEventPoll
import Dispatch
import HTTPTypes
import PlatformC

/// Serves a share of the connections on one serial queue.
///
/// The sockets are in an epoll or kqueue set, and Dispatch watches only the descriptor of that set. A dispatch source for
/// each connection would be simpler, but on Linux libdispatch handles a hang-up on its own thread, while the source's
/// handler may be cancelling the same source: connection resets crash it now and then (swift-corelibs-libdispatch, issues
/// 833 and 949). The set's descriptor never hangs up. One set is also cheaper: many ready sockets wake the queue once.
///
/// `@unchecked Sendable`: the mutable state is accessed on `queue` only, which `dispatchPrecondition` checks.
final class EventLoop: @unchecked Sendable {
  let queue: DispatchQueue
  /// For bytes between a socket and a parser; used by one connection at a time.
  let receiveBuffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 64 << 10)

  private let eventPoll: Int32
  private let events = UnsafeMutableBufferPointer<event_poll_event>.allocate(capacity: 128)
  private var connections: [UInt64: Connection] = [:]
  private var nextToken: UInt64 = 1
  private var encoder = ResponseEncoder()
  private var source: (any DispatchSourceRead)?
  private var timer: (any DispatchSourceTimer)?

  init(index: Int) throws(SocketError) {
    eventPoll = event_poll_create()
    guard eventPoll >= 0 else { throw .noEventPoll(.last("event_poll_create")) }
    queue = DispatchQueue(label: "http.loop.\(index)")
  }

  deinit {
    close(eventPoll)
    receiveBuffer.deallocate()
    events.deallocate()
  }

  func start() {
    queue.sync {
      let source = DispatchSource.makeReadSource(fileDescriptor: eventPoll, queue: queue)
      source.setEventHandler { [weak self] in self?.handleEvents() }
      // The descriptor must outlive its source.
      source.setCancelHandler { [self] in self.source = nil }
      source.resume()
      self.source = source
      // One timer for all connections: timeouts are in seconds, so half a second is precise enough.
      let timer = DispatchSource.makeTimerSource(queue: queue)
      timer.schedule(
        deadline: .now() + .milliseconds(500), repeating: .milliseconds(500), leeway: .milliseconds(100))
      timer.setEventHandler { [weak self] in self?.forEachConnection { $0.enforceTimeouts(at: .now) } }
      timer.resume()
      self.timer = timer
    }
  }

  /// Closes the remaining connections.
  func stop() {
    queue.async { [self] in
      forEachConnection { $0.close() }
      source?.cancel()
      timer?.cancel()
      timer = nil
    }
  }

  private func handleEvents() {
    let count = Int(event_poll_collect(eventPoll, events.baseAddress, Int32(events.count)))
    guard count > 0 else { return }
    for event in events[..<count] {
      // An earlier event of this batch may have closed the connection.
      connections[event.token]?.handleEvent(readable: event.readable, writable: event.writable)
    }
  }

  // MARK: Connections

  /// - Returns: a token that identifies the connection in ``watch(_:_:from:to:)`` and ``remove(_:)``.
  func add(_ connection: Connection) -> UInt64 {
    dispatchPrecondition(condition: .onQueue(queue))
    defer { nextToken += 1 }
    connections[nextToken] = connection
    return nextToken
  }

  func remove(_ token: UInt64) {
    dispatchPrecondition(condition: .onQueue(queue))
    connections[token] = nil
  }

  func forEachConnection(_ body: (Connection) -> Void) {
    dispatchPrecondition(condition: .onQueue(queue))
    for connection in Array(connections.values) { body(connection) }
  }

  /// The events for which a socket is watched.
  struct Interest: OptionSet {
    let rawValue: UInt8
    static let read = Interest(rawValue: 1)
    static let write = Interest(rawValue: 2)
  }

  /// Changes the events for which a socket is watched.
  ///
  /// - Returns: `false` if the system call failed.
  func watch(_ descriptor: Int32, _ token: UInt64, from old: Interest, to new: Interest) -> Bool {
    event_poll_update(
      eventPoll, descriptor, token, !old.isEmpty, new.contains(.read), new.contains(.write)) == 0
  }

  /// Appends a response to `bytes`.
  ///
  /// - Parameter head: of the request, if it could be parsed that far.
  func encode(_ response: Response, closing: Bool, to head: RequestHead?, into bytes: inout [UInt8]) {
    encoder.encode(
      response, closing: closing, isHTTP10: head?.isHTTP10 ?? false, isHead: head?.method == .head,
      into: &bytes)
  }
}
