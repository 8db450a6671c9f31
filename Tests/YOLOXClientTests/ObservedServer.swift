import Foundation
import HTTPServer
import HTTPTypes
import Synchronization

/// Records the requests to `/detect` and answers them with 404.
final class ObservedServer: Sendable {
  let url: URL
  private let server: Server
  private let recorded: Recorded
  var requests: [Request] { recorded.requests.withLock(\.self) }

  private final class Recorded: Sendable {
    let requests = Mutex<[Request]>([])
  }

  init() throws {
    var configuration = ServerConfiguration()
    configuration.port = 0
    let recorded = Recorded()
    var router = Router()
    router.on(
      .post, "/detect",
      .immediate { request in
        recorded.requests.withLock { $0.append(request) }
        return Response(.notFound)
      })
    server = Server(
      configuration: configuration, router: router, hooks: ServerHooks { error, _ in Response(error.status) })
    self.recorded = recorded
    url = URL(string: "http://127.0.0.1:\(try server.start())")!
  }
}
