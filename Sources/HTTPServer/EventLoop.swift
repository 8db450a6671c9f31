import CEventPoll
import Dispatch
import HTTPTypes

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A serial queue on which some of the connections live: everything of theirs happens there, one thing at a time.
///
/// Its sockets are in one readiness set, and Dispatch watches that set only. A dispatch source for each connection would
/// be simpler, but on Linux libdispatch handles a hang-up on its own thread while the source's handler may be ending the
/// same source: connections that are reset crash it now and then (swift-corelibs-libdispatch, issues 833 and 949). A set
/// never hangs up. It also costs less: many ready sockets wake the queue once.
///
/// `@unchecked Sendable`: the mutable state is touched on `queue` only, which `dispatchPrecondition` checks.
final class EventLoop: @unchecked Sendable {
  let queue: DispatchQueue
  /// Bytes on their way from a socket to a parser; used by one connection at a time.
  let receiveBuffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 64 << 10)

  private let set: Int32
  private let ready = UnsafeMutableBufferPointer<readiness>.allocate(capacity: 128)
  private var connections: [UInt64: Connection] = [:]
  private var nextToken: UInt64 = 1
  private var encoder = ResponseEncoder()
  private var source: (any DispatchSourceRead)?
  private var timer: (any DispatchSourceTimer)?

  init(index: Int) throws(ServerError) {
    set = readiness_create()
    guard set >= 0 else { throw .noEventLoop(.last("readiness_create")) }
    queue = DispatchQueue(label: "http.loop.\(index)")
  }

  deinit {
    close(set)
    receiveBuffer.deallocate()
    ready.deallocate()
  }

  func start() {
    queue.sync {
      let source = DispatchSource.makeReadSource(fileDescriptor: set, queue: queue)
      source.setEventHandler { [weak self] in self?.serveReady() }
      // The set must outlive its source.
      source.setCancelHandler { [self] in self.source = nil }
      source.resume()
      self.source = source
      // One timer for all connections: their timeouts are seconds, and half of one is near enough.
      let timer = DispatchSource.makeTimerSource(queue: queue)
      timer.schedule(
        deadline: .now() + .milliseconds(500), repeating: .milliseconds(500), leeway: .milliseconds(100))
      timer.setEventHandler { [weak self] in self?.forEachConnection { $0.enforceDeadlines(at: .now) } }
      timer.resume()
      self.timer = timer
    }
  }

  /// Lets go of what connections are left.
  func stop() {
    queue.async { [self] in
      forEachConnection { $0.close() }
      source?.cancel()
      timer?.cancel()
      timer = nil
    }
  }

  private func serveReady() {
    let count = Int(readiness_take(set, ready.baseAddress, Int32(ready.count)))
    guard count > 0 else { return }
    for event in ready[..<count] {
      // One that is ready may have been closed by what another did just before.
      connections[event.token]?.ready(readable: event.readable, writable: event.writable)
    }
  }

  // MARK: Connections

  /// - Returns: the token by which the loop knows the connection.
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

  /// What a connection wants its socket watched for.
  struct Interest: OptionSet {
    let rawValue: UInt8
    static let read = Interest(rawValue: 1)
    static let write = Interest(rawValue: 2)
  }

  /// - Returns: whether the system could do that.
  func watch(_ descriptor: Int32, _ token: UInt64, from old: Interest, to new: Interest) -> Bool {
    readiness_watch(set, descriptor, token, !old.isEmpty, new.contains(.read), new.contains(.write)) == 0
  }

  func encode(_ response: Response, closing: Bool, to head: RequestHead?, into bytes: inout [UInt8]) {
    encoder.encode(
      response, closing: closing, isHTTP10: head?.isHTTP10 ?? false, isHead: head?.method == .head,
      into: &bytes)
  }
}
