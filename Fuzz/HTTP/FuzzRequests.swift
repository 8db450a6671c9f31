import FuzzSupport
import HTTPServer
import HTTPTypes

/// Checks the properties of the request parser: the same events and error however the bytes are split, at most a line and a
/// piece buffered, nothing beyond the limits, and a permanent error.
func fuzzRequests(_ bytes: ArraySlice<UInt8>, seed: UInt8, limits choice: UInt8) {
  var limits = RequestLimits()
  if choice & 1 == 1 {
    limits.requestLine = 16 + Int(choice)
    limits.fields = 32 + Int(choice)
    limits.fieldCount = 1 + Int(choice % 8)
    limits.body = Int(choice)
  }
  let whole = read(bytes, limits: limits) { _ in bytes.count }
  require(read(bytes, limits: limits) { _ in 1 } == whole, "the same result byte by byte")
  var state = UInt32(seed) | 1
  let pieces = read(bytes, limits: limits) { _ in
    state = state &* 1_664_525 &+ 1_013_904_223
    return 1 + Int(state >> 24) % 23
  }
  require(pieces == whole, "the same result in pieces")
  for case .complete(let head, let body) in whole.events {
    require(body.count <= limits.body, "bodies within the limit")
    require(head.fields.count <= limits.fieldCount, "fields within the limit")
    require(head.isHTTP10 || head.fields[values: HTTPField.Name("Host")!].count == 1, "one Host")
    require(head.target.path.utf8.count <= limits.requestLine, "paths within the limit")
    require(!head.target.path.utf8.contains(0), "no NUL in a path")
    _ = head.keepsAlive
    _ = try? router.match(head)
  }
}

private let router: Router = {
  var router = Router()
  router.on(.get, "/healthz", .immediate { _ in Response(.ok) })
  router.on(.post, "/detect", .immediate { _ in Response(.ok) })
  return router
}()

private struct Reading: Equatable {
  var events: [RequestParser.Event] = []
  var error: HTTPError?
}

private func read(
  _ bytes: ArraySlice<UInt8>, limits: RequestLimits, pieceSize: (Int) -> Int
) -> Reading {
  var parser = RequestParser(limits: limits)
  var reading = Reading()
  var rest = bytes
  while !rest.isEmpty {
    let piece = rest.prefix(max(1, pieceSize(rest.count)))
    rest = rest.dropFirst(piece.count)
    parser.feed(piece)
    do {
      while let event = try parser.next() { reading.events.append(event) }
      require(
        parser.bufferedCount <= max(limits.requestLine + 2, limits.fields) + piece.count,
        "at most a line and a piece buffered")
    } catch {
      reading.error = error
      parser.feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
      require((try? parser.next()) == nil, "a permanent error")
      return reading
    }
  }
  return reading
}
