import HTTPServer
import HTTPTypes
import Testing

private func head(_ method: String, _ target: String) throws -> RequestHead {
  var parser = RequestParser()
  parser.feed("\(method) \(target) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
  guard case .complete(let head, _)? = try parser.next() else { throw HTTPError.malformed(.requestLine) }
  return head
}

private let router: Router = {
  var router = Router()
  let handler = Handler.immediate { _ in Response(.ok) }
  router.on(.get, "/models", handler)
  router.on(.get, "/models/{name}", handler)
  router.on(.post, "/models/{name}/infer", handler)
  router.on(.get, "/models/best", handler)
  router.on(.post, "/models/{name}/versions/{version}/infer", handler)
  return router
}()

@Suite("The router")
struct RouterTests {
  @Test(
    "extracts path parameters",
    arguments: [
      ("GET", "/models", [:]), ("GET", "/models/yolox-s", ["name": "yolox-s"]),
      ("HEAD", "/models/yolox-s", ["name": "yolox-s"]),
      ("GET", "/models/best", [:]),
      ("POST", "/models/a%20b/infer", ["name": "a b"]),
      ("POST", "/models/a/versions/1/infer", ["name": "a", "version": "1"]),
    ] as [(String, String, [String: String])])
  func parameters(method: String, target: String, expected: [String: String]) throws {
    #expect(try router.match(head(method, target)).parameters == expected)
  }

  @Test(
    "does not match another number of segments, or an empty one",
    arguments: ["/models/", "/models/a/", "/models/a/b", "/models//infer", "/Models", "/"])
  func notFound(target: String) throws {
    let head = try head("GET", target)
    #expect(throws: HTTPError.notFound(path: target)) { try router.match(head) }
  }

  @Test("lists the allowed methods, also for paths with parameters")
  func notAllowed() throws {
    let wrong = try head("DELETE", "/models/a")
    #expect(throws: HTTPError.methodNotAllowed(allowed: ["GET", "HEAD", "OPTIONS"])) {
      try router.match(wrong)
    }
    let post = try head("GET", "/models/a/infer")
    #expect(throws: HTTPError.methodNotAllowed(allowed: ["OPTIONS", "POST"])) { try router.match(post) }
  }

  @Test("rejects methods of other protocols, and CONNECT", arguments: ["BREW", "get", "PROPFIND"])
  func unknown(method: String) throws {
    let head = try head(method, "/models")
    #expect(throws: HTTPError.unknownMethod(method)) { try router.match(head) }
    let connect = try self.connect()
    #expect(throws: HTTPError.unknownMethod("CONNECT")) { try router.match(connect) }
  }

  private func connect() throws -> RequestHead { try head("CONNECT", "a:443") }
}
