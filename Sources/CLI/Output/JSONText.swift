import OrderedJSON

/// `value` as one line of JSON, members in the order in which they are declared.
func jsonText(of value: some Encodable) throws -> String {
  String(decoding: try OrderedJSONEncoder().encode(value), as: UTF8.self)
}
