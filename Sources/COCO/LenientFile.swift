/// A COCO "instances" file of which malformed records are left out.
struct LenientFile: Decodable {
  /// A record, or the reason why it could not be decoded.
  struct Record<Value: Decodable>: Decodable {
    let value: Value?
    let reason: String

    init(from decoder: any Decoder) throws {
      do {
        (value, reason) = (try Value(from: decoder), "")
      } catch let error as DecodingError {
        (value, reason) = (nil, error.recordReason(depth: decoder.codingPath.count))
      }
    }
  }

  let images: [Record<Annotations.Image>]
  let categories: [Record<Annotations.Category>]
  let objects: [Record<Annotations.Object>]

  enum CodingKeys: String, CodingKey {
    case images, categories
    case objects = "annotations"
  }

  static func issues<Value>(_ list: String, _ records: [Record<Value>]) -> [String] {
    records.enumerated().compactMap { index, record in
      record.value == nil ? "\(list)[\(index)]: \(record.reason); left out" : nil
    }
  }
}

extension DecodingError {
  /// - Parameter depth: length of the record's own path.
  fileprivate func recordReason(depth: Int) -> String {
    func place(_ path: [any CodingKey]) -> String {
      path.dropFirst(depth).reduce(into: "") { text, key in
        if let index = key.intValue {
          text += "[\(index)]"
        } else {
          text += (text.isEmpty ? "" : ".") + key.stringValue
        }
      }
    }
    switch self {
    case .keyNotFound(let key, let context): return "\(place(context.codingPath + [key])) is missing"
    case .valueNotFound(_, let context): return "\(place(context.codingPath)) is null or not a number"
    case .typeMismatch(_, let context), .dataCorrupted(let context):
      let name = place(context.codingPath)
      return (name.isEmpty ? "" : name + ": ") + context.debugDescription
    @unknown default: return "\(self)"
    }
  }
}

/// Replaces the NaN and Infinity that Python's json module writes, which JSON (RFC 8259) lacks, by null.
func replacingNonNumbers(_ text: some Sequence<UInt8>) -> [UInt8] {
  let source = Array(text)
  var result: [UInt8] = []
  result.reserveCapacity(source.count)
  let words = ["NaN", "-Infinity", "Infinity"].map { Array($0.utf8) }
  var isInString = false
  var index = 0
  while index < source.count {
    let byte = source[index]
    if isInString {
      result.append(byte)
      if byte == UInt8(ascii: "\\"), index + 1 < source.count {
        index += 1
        result.append(source[index])
      } else if byte == UInt8(ascii: "\"") {
        isInString = false
      }
    } else if let word = words.first(where: { source[index...].starts(with: $0) }) {
      result += "null".utf8
      index += word.count - 1
    } else {
      isInString = byte == UInt8(ascii: "\"")
      result.append(byte)
    }
    index += 1
  }
  return result
}
