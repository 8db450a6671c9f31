import CEventPoll
import Dispatch
import HTTPTypes
import PlatformC
import Synchronization

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
  /// Connections with requests in their buffers that have had their turn.
  private var waitingForTurn: [Connection] = []
  private static let timerInterval = Duration.milliseconds(500)
  private var expectedTick = ContinuousClock.now
  private let lag = Atomic<Int64>(0)

  /// How late the loop ran at worst in the last half second. A loop that is later than that cannot tell; see
  /// ``Server/isResponsive(within:)``.
  var lastLag: Duration { .nanoseconds(lag.load(ordering: .relaxed)) }

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
      expectedTick = .now + EventLoop.timerInterval
      timer.schedule(
        deadline: .now() + .milliseconds(500), repeating: .milliseconds(500), leeway: .milliseconds(100))
      timer.setEventHandler { [weak self] in self?.tick() }
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

  private func tick() {
    let now = ContinuousClock.now
    let late = max(.zero, now - expectedTick)
    lag.store(
      late.components.seconds * 1_000_000_000 + late.components.attoseconds / 1_000_000_000,
      ordering: .relaxed)
    expectedTick = now + EventLoop.timerInterval
    forEachConnection { $0.enforceTimeouts(at: now) }
  }

  private func handleEvents() {
    let count = Int(event_poll_collect(eventPoll, events.baseAddress, Int32(events.count)))
    guard count > 0 else { return }
    for event in events[..<count] {
      // An earlier event of this batch may have closed the connection.
      connections[event.token]?.handleEvent(event)
    }
  }

  /// Continues a connection after all others have had their turn.
  func yieldTurn(_ connection: Connection) {
    waitingForTurn.append(connection)
    guard waitingForTurn.count == 1 else { return }
    queue.async { [self] in
      handleEvents()
      let connections = waitingForTurn
      waitingForTurn = []
      for connection in connections { connection.continueTurn() }
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

  /// The events for which a socket is watched, besides the failure of its connection.
  struct Interest: OptionSet {
    let rawValue: Int32
    static let read = Interest(rawValue: Int32(EVENT_POLL_READ))
    static let write = Interest(rawValue: Int32(EVENT_POLL_WRITE))
    static let halfClose = Interest(rawValue: Int32(EVENT_POLL_HALF_CLOSE))
  }

  /// Changes the events for which a socket is watched.
  ///
  /// - Parameter old: `nil` if it is not watched yet.
  /// - Returns: `false` if the system call failed.
  func watch(_ descriptor: Int32, _ token: UInt64, from old: Interest?, to new: Interest) -> Bool {
    event_poll_update(eventPoll, descriptor, token, old != nil, new.rawValue) == 0
  }

  func unwatch(_ descriptor: Int32) { _ = event_poll_remove(eventPoll, descriptor) }

  /// The connection that has been idle for the longest time, and since when.
  var longestIdle: (connection: Connection, since: ContinuousClock.Instant)? {
    dispatchPrecondition(condition: .onQueue(queue))
    var longest: (connection: Connection, since: ContinuousClock.Instant)?
    for connection in connections.values {
      guard let since = connection.idleSince, longest.map({ since < $0.since }) ?? true else { continue }
      longest = (connection, since)
    }
    return longest
  }

  /// Appends a response to `bytes`.
  ///
  /// - Parameter head: of the request, if it could be parsed that far.
  ///
  /// - Returns: the number of bytes appended.
  func encode(_ response: Response, closing: Bool, to head: RequestHead?, into bytes: inout [UInt8]) -> Int {
    let count = bytes.count
    encoder.encode(
      response, closing: closing, isHTTP10: head?.isHTTP10 ?? false, isHead: head?.method == .head,
      into: &bytes)
    return bytes.count - count
  }
}
