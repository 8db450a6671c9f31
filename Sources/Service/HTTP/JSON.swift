import HTTPServer
import HTTPTypes
import OrderedJSON

extension Response {
  /// A response in JSON, whatever type `fields` may name.
  static func json(
    _ value: some Encodable, status: HTTPResponse.Status = .ok, fields: HTTPFields = [:],
    keyStyle: OrderedJSONEncoder.KeyStyle = .verbatim
  ) -> Response {
    var fields = fields
    fields[.contentType] = "application/json"
    return Response(status, fields: fields, body: encodeJSON(value, keyStyle: keyStyle))
  }
}

/// JSON with members in the order in which their types declare them.
func encodeJSON(
  _ value: some Encodable, keyStyle: OrderedJSONEncoder.KeyStyle = .verbatim
) -> [UInt8] {
  do { return try OrderedJSONEncoder(keyStyle: keyStyle).encode(value) } catch {
    // Only numbers that are not finite make encoding fail; no response has any.
    assertionFailure("\(error)")
    return Array("{}".utf8)
  }
}
