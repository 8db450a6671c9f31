import HTTPServer
import HTTPTypes
import OrderedJSON

extension Response {
  /// A response in JSON with members in the order in which their types encode them, whatever type `fields` may name. Status
  /// 500 if the value has numbers that JSON cannot express.
  static func json(
    _ value: some Encodable, status: HTTPResponse.Status = .ok, fields: HTTPFields = [:],
    keyStyle: OrderedJSONEncoder.KeyStyle = .verbatim
  ) -> Response {
    var fields = fields
    fields[.contentType] = "application/json"
    guard let body = try? OrderedJSONEncoder(keyStyle: keyStyle).encode(value) else {
      return Problem.notEncodable.response
    }
    return Response(status, fields: fields, body: body)
  }
}

extension Problem {
  package var response: Response {
    var fields = fields
    fields[.contentType] = "application/problem+json"
    // Strings and an integer, which always encode.
    return Response(
      .init(code: status), fields: fields, body: (try? OrderedJSONEncoder().encode(self)) ?? [])
  }

  fileprivate static let notEncodable = Problem(
    "internal-error", "Internal error", .internalServerError, "The response has numbers that are not finite.")
}
