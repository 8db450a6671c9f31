import HTTPServer
import HTTPTypes
import TestSupport

/// A server on a port of its own, with a route that answers at once, one that waits for a sign, and one that echoes.
final class TestServer: Sendable {
  let server: Server
  let port: Int
  let gate = AsyncStream<Void>.makeStream()
  /// Told each time that a waiting request has begun, and each time that one was cancelled.
  let begun = AsyncStream<Void>.makeStream()
  let cancelled = AsyncStream<Void>.makeStream()
  /// A busy machine may keep a test waiting for longer than a server should wait for a client.
  static let patience = Duration.seconds(900)

  init(_ adjust: (inout ServerConfiguration) -> Void = { _ in }) throws {
    var configuration = ServerConfiguration()
    configuration.port = 0
    configuration.headTimeout = TestServer.patience
    configuration.bodyTimeout = TestServer.patience
    configuration.minimumBodyRate = 0
    configuration.idleTimeout = TestServer.patience
    configuration.writeTimeout = TestServer.patience
    adjust(&configuration)
    var router = Router()
    router.on(.get, "/now", .immediate { _ in Response(.ok, contentType: "text/plain", "now") })
    router.on(.post, "/echo", .suspending { Response(.ok, body: $0.body) })
    router.on(
      .get, "/models/{name}",
      .immediate { Response(.ok, contentType: "text/plain", $0.parameters["name"] ?? "none") })
    router.on(.get, "/peer", .immediate { Response(.ok, contentType: "text/plain", $0.peer) })
    router.on(
      .get, "/large",
      .immediate { _ in Response(.ok, body: [UInt8](repeating: UInt8(ascii: "x"), count: 8 << 20)) })
    router.on(
      .get, "/wait",
      .suspending { [gate, begun, cancelled] _ in
        begun.continuation.yield()
        for await _ in gate.stream { break }
        if Task.isCancelled { cancelled.continuation.yield() }
        return Response(.ok, contentType: "text/plain", "waited")
      })
    var policy = ServerHooks { refusal, _ in
      Response(refusal.status, contentType: "text/plain", "\(refusal)")
    }
    policy.screened = {
      $0.fields[.authorization] == "none" ? Response(.unauthorized, contentType: "text/plain", "who?") : nil
    }
    policy.completed = { response, head in
      var response = response
      response.fields[.server] = head?.target.path
      return response
    }
    server = Server(configuration: configuration, router: router, policy: policy)
    port = try server.start()
  }

  func client() throws -> RawClient { try RawClient(port: port) }

  func shutdown() async { await server.shutdown(timeout: TestServer.patience) }

  func untilBegun() async { for await _ in begun.stream { return } }

  func untilCancelled() async { for await _ in cancelled.stream { return } }
}
