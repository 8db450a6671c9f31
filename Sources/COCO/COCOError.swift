import FoundationCompatibility

/// Reasons why a COCO file could not be read or written.
package enum COCOError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  /// The content is not as expected. `place` is a path such as `annotations[17].bbox`, or empty for the whole file.
  case malformed(path: String, place: String, reason: String)
  case unwritable(path: String, reason: String)

  package var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path): \(reason)"
    case .malformed(let path, "", let reason): "\(path): \(reason)"
    case .malformed(let path, let place, let reason): "\(path): \(place): \(reason)"
    case .unwritable(let path, let reason): "\(path): cannot be written: \(reason)"
    }
  }
}

/// - Parameter allowsNonNumbers: whether NaN and Infinity are read as null.
func readJSON<Value: Decodable>(
  _ path: String, allowsNonNumbers: Bool = false
) throws(COCOError) -> Value {
  var data: Data
  do {
    data = try Data(contentsOf: URL(filePath: path))
  } catch {
    throw .unreadable(path: path, reason: fileErrorReason(error))
  }
  let hasNonNumbers =
    allowsNonNumbers && ["NaN", "Infinity"].contains { data.firstRange(of: Data($0.utf8)) != nil }
  if hasNonNumbers { data = Data(replacingNonNumbers(data)) }
  do {
    return try JSONDecoder().decode(Value.self, from: data)
  } catch DecodingError.keyNotFound(let key, let context) {
    throw .malformed(path: path, place: place(context.codingPath + [key]), reason: "is missing")
  } catch DecodingError.valueNotFound(_, let context) {
    throw .malformed(path: path, place: place(context.codingPath), reason: "is null")
  } catch DecodingError.typeMismatch(_, let context), DecodingError.dataCorrupted(let context) {
    throw .malformed(path: path, place: place(context.codingPath), reason: context.debugDescription)
  } catch {
    throw .malformed(path: path, place: "", reason: "\(error)")
  }
}

func writeJSON(_ value: some Encodable, to path: String) throws(COCOError) {
  do {
    try JSONEncoder().encode(value).write(to: URL(filePath: path), options: .atomic)
  } catch EncodingError.invalidValue(_, let context) {
    throw .unwritable(
      path: path, reason: "\(place(context.codingPath)): \(context.debugDescription)")
  } catch {
    throw .unwritable(path: path, reason: fileErrorReason(error))
  }
}

/// `annotations[17].bbox`
private func place(_ path: [any CodingKey]) -> String {
  path.reduce(into: "") { text, key in
    if let index = key.intValue {
      text += "[\(index)]"
    } else {
      text += (text.isEmpty ? "" : ".") + key.stringValue
    }
  }
}
