import Dispatch
import HTTPServer
import HTTPTypes
import Synchronization
import TestSupport

/// A server on its own port, with an immediate route, a route that waits for a signal, and one that echoes.
final class TestServer: Sendable {
  let server: Server
  let port: Int
  let gate = AsyncStream<Void>.makeStream()
  /// Yield when a waiting request begins, and when one is cancelled.
  let begun = AsyncStream<Void>.makeStream()
  let cancelled = AsyncStream<Void>.makeStream()
  /// Signal to release an event loop from `/block`.
  let blocked = DispatchSemaphore(value: 0)
  /// What the server has reported.
  private let records = RecordedValues<AccessRecord>()
  private let recordedEvents = RecordedValues<ServerEvent>()
  var accessLog: [AccessRecord] { records.values }
  var events: [ServerEvent] { recordedEvents.values }
  /// Longer than any production timeout, because a busy machine may delay a test.
  static let patience = Duration.seconds(900)

  init(_ adjust: (inout ServerConfiguration) -> Void = { _ in }) throws {
    var configuration = ServerConfiguration()
    configuration.port = 0
    configuration.headTimeout = TestServer.patience
    configuration.bodyTimeout = TestServer.patience
    configuration.minBodyRate = 0
    configuration.idleTimeout = TestServer.patience
    configuration.writeTimeout = TestServer.patience
    adjust(&configuration)
    var router = Router()
    router.on(.get, "/healthz", .immediate { _ in Response(.ok, contentType: "text/plain", "ok") })
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
    router.on(
      .get, "/block",
      .immediate { [begun, blocked] _ in
        begun.continuation.yield()
        blocked.wait()
        return Response(.ok)
      })
    router.on(
      .get, "/described",
      .immediate { _ in
        var response = Response(.ok, contentType: "text/plain", "x")
        response.logFields.route = "/described"
        response.logFields.images = 3
        return response
      })
    var hooks = ServerHooks { error, _ in
      Response(error.status, contentType: "text/plain", "\(error)")
    }
    hooks.authorize = {
      $0.fields[.authorization] == "none"
        ? .denied(Response(.unauthorized, contentType: "text/plain", "unauthorized")) : .granted(client: nil)
    }
    hooks.finalize = { response, head in
      var response = response
      response.fields[.server] = head?.target.path
      return response
    }
    hooks.isProbe = { $0.target.path == "/healthz" }
    hooks.logAccess = { [records] in records.append($0) }
    hooks.handleEvent = { [recordedEvents] in recordedEvents.append($0) }
    server = Server(configuration: configuration, router: router, hooks: hooks)
    port = try server.start()
  }

  func client() throws -> RawClient { try RawClient(port: port) }

  func shutdown() async { await server.shutdown(timeout: TestServer.patience) }

  func untilBegun() async { for await _ in begun.stream { return } }

  func untilCancelled() async { for await _ in cancelled.stream { return } }
}

/// Keeps what a hook receives.
final class RecordedValues<Value: Sendable>: Sendable {
  private let recorded = Mutex<[Value]>([])
  var values: [Value] { recorded.withLock(\.self) }
  func append(_ value: Value) { recorded.withLock { $0.append(value) } }
}

/// Waits until a condition holds. The test's time limit bounds it.
func until(_ condition: () -> Bool) async {
  while !condition() { try? await Task.sleep(for: .milliseconds(2)) }
}
