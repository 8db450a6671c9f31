import CLI
import Foundation
import HTTPServer
import HTTPTypes
import Testing

/// Answers 200 at `/readyz`; every other path is 404.
private func startServer(_ adjust: (inout ServerConfiguration) -> Void = { _ in }) throws -> (
  Server, port: Int
) {
  var configuration = ServerConfiguration()
  configuration.port = 0
  adjust(&configuration)
  var router = Router()
  router.on(.get, "/readyz", .immediate { _ in Response(.ok, contentType: "text/plain", "ready") })
  let hooks = ServerHooks { error, _ in Response(error.status) }
  let server = Server(configuration: configuration, router: router, hooks: hooks)
  return (server, try server.start())
}

@Suite("The health probe")
struct HealthProbeTests {
  private func probe(port: Int = 0, unixSocket: String? = nil) -> HealthProbe {
    HealthProbe(host: "127.0.0.1", port: port, unixSocket: unixSocket, timeout: .seconds(900))
  }

  @Test("returns the status of a path, over TCP")
  func tcp() async throws {
    let (server, port) = try startServer()
    #expect(try probe(port: port).status(of: "/readyz") == 200)
    #expect(try probe(port: port).status(of: "/other") == 404)
    await server.shutdown(timeout: .seconds(900))
  }

  @Test("returns the status of a path, over a Unix socket")
  func unixSocket() async throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "probe-\(UUID().uuidString.prefix(8))")
      .path
    let (server, _) = try startServer { $0.unixSocket = path }
    #expect(try probe(unixSocket: path).status(of: "/readyz") == 200)
    await server.shutdown(timeout: .seconds(900))
  }

  @Test("reports that no service listens")
  func notListening() async throws {
    let (server, port) = try startServer()
    await server.shutdown(timeout: .seconds(900))
    let error = #expect(throws: HealthProbe.ProbeError.self) { try probe(port: port).status(of: "/readyz") }
    guard case .connection = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("reports an address that cannot be used")
  func invalidAddress() {
    let long = "/" + String(repeating: "x", count: 200)
    let error = #expect(throws: HealthProbe.ProbeError.self) { try probe(unixSocket: long).status(of: "/") }
    guard case .address(.pathTooLong(long, _)) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
