import PlatformC

/// Tells systemd about the state of the service (sd_notify(3)): one datagram to the socket that NOTIFY_SOCKET names.
package struct ServiceManager: Sendable {
  package enum Message: Sendable, Equatable {
    case ready
    case stopping
    /// The service is alive. systemd restarts it when these stop.
    case watchdog
    /// A line for `systemctl status`.
    case status(String)

    var text: String {
      switch self {
      case .ready: "READY=1"
      case .stopping: "STOPPING=1"
      case .watchdog: "WATCHDOG=1"
      // Messages are separated by line feeds.
      case .status(let text): "STATUS=\(text.split(whereSeparator: \.isNewline).joined(separator: " "))"
      }
    }
  }

  /// `@` for the abstract namespace; `nil` without a service manager.
  private let socketPath: String?
  /// The service manager expects ``Message/watchdog`` at least this often.
  package let watchdogInterval: Duration?

  package init(environment: [String: String], processID: Int32 = getpid()) {
    socketPath = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
    let isForThisProcess = environment["WATCHDOG_PID"].map { Int32($0) == processID } ?? true
    let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
    watchdogInterval = isForThisProcess && microseconds > 0 ? .microseconds(microseconds) : nil
  }

  /// Sends a message. Without a service manager, or if it does not read, nothing happens: it then applies its own timeout.
  package func notify(_ message: Message) {
    guard let socketPath, let address = try? SocketAddress(notifying: socketPath) else { return }
    let socket = Socket(adopting: PlatformC.socket(AF_UNIX, SocketAddress.datagramType, 0))
    guard socket.descriptor >= 0 else { return }
    setNonBlocking(socket.descriptor)
    let bytes = Array(message.text.utf8)
    _ = address.withPointer { sendto(socket.descriptor, bytes, bytes.count, 0, $0, $1) }
  }
}
