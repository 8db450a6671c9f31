import Foundation
import HTTPServer
import Testing

/// A datagram socket as systemd has one.
private final class NotifySocket {
  let descriptor: Int32

  /// - Parameter path: `@` for the abstract namespace.
  init(_ path: String) {
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    var length = MemoryLayout<sockaddr_un>.size
    if path.hasPrefix("@") {
      withUnsafeMutableBytes(of: &address.sun_path) { $0[0] = 0 }
      length = MemoryLayout<sa_family_t>.size + path.utf8.count
    }
    let status = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(length)) }
    }
    #expect(status == 0)
  }

  deinit { close(descriptor) }

  func receive() -> String {
    var buffer = [UInt8](repeating: 0, count: 1000)
    let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }
}

@Suite("Messages to a service manager")
struct ServiceManagerTests {
  @Test("are sent as datagrams to the socket of NOTIFY_SOCKET", arguments: [false, true])
  func notify(isAbstract: Bool) throws {
    #if !os(Linux)
      guard !isAbstract else { return }
    #endif
    let folder = try SocketPath()
    let path = isAbstract ? "@yolox-\(UUID().uuidString)" : folder.path
    let socket = NotifySocket(path)
    let manager = ServiceManager(environment: ["NOTIFY_SOCKET": path])
    manager.notify(.ready)
    #expect(socket.receive() == "READY=1")
    manager.notify(.status("two\nlines"))
    #expect(socket.receive() == "STATUS=two lines")
    manager.notify(.watchdog)
    manager.notify(.stopping)
    #expect(socket.receive() == "WATCHDOG=1" && socket.receive() == "STOPPING=1")
  }

  @Test("are not sent without a service manager, or if its socket is gone or full")
  func noManager() throws {
    ServiceManager(environment: [:]).notify(.ready)
    ServiceManager(environment: ["NOTIFY_SOCKET": "/no/such/socket"]).notify(.ready)
    ServiceManager(environment: ["NOTIFY_SOCKET": String(repeating: "/x", count: 500)]).notify(.ready)
    let folder = try SocketPath()
    let socket = NotifySocket(folder.path)
    let manager = ServiceManager(environment: ["NOTIFY_SOCKET": folder.path])
    for _ in 0..<5000 { manager.notify(.watchdog) }
    #expect(socket.receive() == "WATCHDOG=1")
  }

  @Test("have the interval of the watchdog, if it is meant for this process")
  func watchdog() {
    func interval(_ environment: [String: String]) -> Duration? {
      ServiceManager(environment: environment, processID: 7).watchdogInterval
    }
    #expect(interval([:]) == nil)
    #expect(interval(["WATCHDOG_USEC": "30000000"]) == .seconds(30))
    #expect(interval(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"]) == .seconds(30))
    #expect(interval(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"]) == nil)
    #expect(interval(["WATCHDOG_USEC": "-1"]) == nil)
    #expect(interval(["WATCHDOG_USEC": "soon"]) == nil)
  }
}
