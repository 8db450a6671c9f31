import Foundation
import HTTPServer
import TestSupport
import Testing

/// A path for a Unix socket, short enough for one, in a folder of its own.
final class SocketPath: Sendable {
  let folder: URL
  var path: String { folder.appendingPathComponent("s").path }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      String(UUID().uuidString.prefix(8)))
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }
}

@Suite("A listening server")
struct ListeningTests {
  @Test("serves over a Unix socket with restricted permissions, and removes it at shutdown")
  func unixSocket() async throws {
    let socket = try SocketPath()
    let server = try TestServer { $0.unixSocket = socket.path }
    #expect(server.port == 0 && server.server.addresses == ["unix"])
    let mode = try FileManager.default.attributesOfItem(atPath: socket.path)[.posixPermissions] as? Int
    #expect(mode == 0o660)
    let client = try RawClient(path: socket.path)
    client.send("GET /peer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    #expect(await client.readToEnd().hasSuffix("\r\n\r\nunix"))
    await server.shutdown()
    #expect(!FileManager.default.fileExists(atPath: socket.path))
  }

  @Test("replaces a Unix socket that a killed server has left behind")
  func staleSocket() async throws {
    let path = try SocketPath()
    // Bound and closed: the file stays.
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.path.utf8) }
    let status = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(status == 0)
    close(descriptor)
    let server = try TestServer { $0.unixSocket = path.path }
    let client = try RawClient(path: path.path)
    client.send(getNow)
    #expect(await client.readResponses(1).first?.status == 200)
    await server.shutdown()
  }

  @Test("does not replace the Unix socket of a running server, nor a regular file")
  func occupiedPath() async throws {
    let socket = try SocketPath()
    let server = try TestServer { $0.unixSocket = socket.path }
    #expect(throws: SocketError.pathInUse(socket.path)) {
      try TestServer { $0.unixSocket = socket.path }
    }
    await server.shutdown()
    try Data("mine".utf8).write(to: URL(fileURLWithPath: socket.path))
    #expect(throws: SocketError.pathInUse(socket.path)) {
      try TestServer { $0.unixSocket = socket.path }
    }
    #expect(try String(contentsOfFile: socket.path, encoding: .utf8) == "mine")
  }

  @Test("reports why it cannot listen")
  func cannotListen() throws {
    let server = try TestServer()
    let error = #expect(throws: SocketError.self) { try TestServer { $0.port = server.port } }
    #expect("\(try #require(error))".hasPrefix("cannot listen on 127.0.0.1:\(server.port): bind: "))
    let long = "/tmp/" + String(repeating: "x", count: 200)
    #expect(throws: SocketError.pathTooLong(long, limit: 107)) { try TestServer { $0.unixSocket = long } }
    #expect(throws: SocketError.self) { try TestServer { $0.host = "no.such.host.invalid" } }
  }

  @Test("shares a port with another server if both allow it")
  func sharedPort() throws {
    let first = try TestServer { $0.reusesPort = true }
    let second = try TestServer {
      $0.reusesPort = true
      $0.port = first.port
    }
    // Both are there still.
    #expect(first.server.addresses == second.server.addresses)
  }

  @Test("listens on every address of a name, at one port")
  func everyAddress() async throws {
    let server = try TestServer { $0.host = "localhost" }
    #expect(server.server.addresses.contains("127.0.0.1:\(server.port)"))
    #expect(server.server.addresses.allSatisfy { $0.hasSuffix(":\(server.port)") })
    let client = try server.client()
    client.send("GET /peer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    #expect(await client.readToEnd().contains("\r\n\r\n127.0.0.1:"))
  }

  @Test("adopts an inherited listening socket, and no other descriptor")
  func inherited() async throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #expect(throws: SocketError.notListening(descriptor: listener)) {
      try TestServer { $0.inheritedDescriptors = [listener] }
    }
    #expect(listen(listener, 5) == 0)
    let server = try TestServer { $0.inheritedDescriptors = [listener] }
    #expect(server.port > 0)
    let client = try server.client()
    client.send(getNow)
    #expect(await client.readResponses(1).first?.status == 200)
    await server.shutdown()
  }

  @Test(
    "takes the descriptors that a service manager passes to it (sd_listen_fds(3))",
    arguments: [
      ("1", "42", [3]), ("2", "42", [3, 4]), ("1", "41", []), (nil, "42", []), ("1", nil, []),
      ("0", "42", []),
      ("-1", "42", []), ("x", "42", []), ("99999", "42", []),
    ] as [(String?, String?, [Int32])])
  func activation(count: String?, process: String?, expected: [Int32]) {
    #expect(SocketActivation.descriptors(count: count, process: process, processID: 42) == expected)
  }

  @Test("survives running out of descriptors, and accepts again once some are free")
  func exhaustion() async {
    // In a process of its own, because the limit holds for all of it.
    await #expect(processExitsWith: .success) {
      let server = try TestServer()
      let waiting = try server.client()
      waiting.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
      await server.untilBegun()
      let (late, taken) = try withTheLastDescriptor { try server.client() }
      late.send(getNow)
      // The connection waits in the backlog, the one that was there is served.
      server.gate.continuation.yield()
      let answered = await waiting.readResponses(1).first
      precondition(answered?.body == "waited")
      for descriptor in taken { close(descriptor) }
      let accepted = await late.readResponses(1).first
      precondition(accepted?.status == 200)
    }
  }

  @Test("can be released while it is out of descriptors")
  func goneWhileExhausted() async {
    await #expect(processExitsWith: .success) {
      var server: TestServer? = try TestServer()
      let (client, taken) = try withTheLastDescriptor { try server?.client() }
      // Time to try to accept, and to rest. Dispatch would need a descriptor to wait.
      usleep(100_000)
      server = nil
      usleep(100_000)
      for descriptor in taken { close(descriptor) }
      withExtendedLifetime(client) {}
    }
  }
}

/// Takes all descriptors that this process may have but one, and opens something with that.
private func withTheLastDescriptor<Connection>(
  open opening: () throws -> Connection
) throws -> (Connection, taken: [Int32]) {
  // Room for a few more than there are, however many were inherited.
  let some = (0..<8).map { _ in open("/dev/null", O_RDONLY) }
  let room = rlim_t((some.max() ?? 0) + 1)
  var limit = rlimit(rlim_cur: room, rlim_max: room)
  precondition(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
  var taken = some
  while case let descriptor = open("/dev/null", O_RDONLY), descriptor >= 0 { taken.append(descriptor) }
  close(taken.removeLast())
  return (try opening(), taken)
}
