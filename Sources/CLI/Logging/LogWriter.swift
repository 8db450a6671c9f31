import Dispatch
import PlatformC
import Synchronization

/// Writes log lines to a descriptor on a thread of its own. Logging never waits for the reader of the log: lines that do not
/// fit into a bounded queue are dropped and counted, and a line with their number follows when the descriptor takes data
/// again.
package final class LogWriter: Sendable {
  static let standardError = LogWriter(descriptor: STDERR_FILENO)

  private struct State {
    var lines: [String] = []
    var byteCount = 0
    var droppedCount = 0
    /// Dropped lines that the log does not mention yet.
    var unreportedCount = 0
    var isWriting = false
    var droppedLine: @Sendable (Int) -> String = { "\($0) log lines were dropped" }
  }

  /// Bytes of waiting lines, besides those that are being written.
  private let capacity: Int
  private let descriptor: Int32
  private let state = Mutex(State())
  private let wakeUp = DispatchSemaphore(value: 0)

  package init(descriptor: Int32, capacity: Int = 1 << 20) {
    self.descriptor = descriptor
    self.capacity = capacity
    startThread()
  }

  /// Lines that were dropped or could not be written.
  package var droppedCount: Int { state.withLock(\.droppedCount) }

  /// - Parameter line: makes the line, without its line feed, that reports a number of dropped lines.
  package func reportDrops(as line: @escaping @Sendable (Int) -> String) {
    state.withLock { $0.droppedLine = line }
  }

  /// - Parameter line: without its line feed.
  package func write(_ line: String) {
    let wasEmpty = state.withLock { state in
      guard state.byteCount + line.utf8.count < capacity else {
        state.droppedCount += 1
        state.unreportedCount += 1
        return false
      }
      state.lines.append(line)
      state.byteCount += line.utf8.count + 1
      return state.lines.count == 1
    }
    if wasEmpty { wakeUp.signal() }
  }

  /// Waits until everything is written, but no longer than `timeout`: nobody may be reading.
  package func flush(timeout: Duration = .seconds(2)) {
    let deadline = ContinuousClock.now + timeout
    while state.withLock({ !$0.lines.isEmpty || $0.isWriting }), .now < deadline { usleep(1000) }
  }

  // MARK: The thread

  private func startThread() {
    // The writer lives as long as its thread: for ever.
    let context = Unmanaged.passRetained(self).toOpaque()
    #if canImport(Darwin)
      var thread: pthread_t?
      let status = pthread_create(&thread, nil, runLogWriter, context)
    #else
      var thread = pthread_t()
      let status = pthread_create(&thread, nil, runLogWriter, context)
    #endif
    // Without the thread the queue fills up, and every line counts as dropped.
    if status != 0 { Unmanaged<LogWriter>.fromOpaque(context).release() }
  }

  fileprivate func run() {
    while true {
      wakeUp.wait()
      let (text, count) = state.withLock { state -> (String, Int) in
        var text = state.lines.joined(separator: "\n")
        if !state.lines.isEmpty { text += "\n" }
        if state.unreportedCount > 0 { text += state.droppedLine(state.unreportedCount) + "\n" }
        let count = state.lines.count
        state.lines.removeAll(keepingCapacity: true)
        state.byteCount = 0
        state.unreportedCount = 0
        state.isWriting = true
        return (text, count)
      }
      let isWritten = writeAll(text)
      state.withLock { state in
        state.isWriting = false
        if !isWritten { state.droppedCount += count }
      }
    }
  }

  private func writeAll(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = PlatformC.write(descriptor, rest.baseAddress, rest.count)
        if count >= 0 {
          rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        } else if errno == EAGAIN || errno == EWOULDBLOCK {
          // Another process has made the descriptor non-blocking.
          var writable = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          _ = poll(&writable, 1, -1)
        } else if errno != EINTR {
          return false
        }
      }
      return true
    }
  }
}

#if canImport(Darwin)
  private func runLogWriter(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<LogWriter>.fromOpaque(context).takeRetainedValue().run()
    return nil
  }
#else
  private func runLogWriter(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<LogWriter>.fromOpaque(context).takeRetainedValue().run() }
    return nil
  }
#endif
