import FoundationCompatibility

/// Files beside an ONNX file that hold its large constants. Only files of the same folder are read, whatever the ONNX
/// file says.
final class ExternalData {
  private let folder: URL?
  private var files: [String: [UInt8]] = [:]
  /// Bytes of all files that were read.
  private(set) var size = 0

  /// - Parameter modelPath: of the ONNX file; `nil` where there are only its bytes.
  init(modelPath: String?) {
    folder = modelPath.map { URL(filePath: $0).deletingLastPathComponent() }
  }

  /// - Parameter entry: what TensorProto.external_data says: `location`, and where it is not the whole file, `offset`
  ///   and `length`.
  func bytes(
    of entry: [String: String], count: Int, what: String
  ) throws(CheckpointError) -> ArraySlice<UInt8> {
    guard let location = entry["location"] else {
      throw .malformed(what: what, reason: "external data without a location")
    }
    let file = try file(location, what: what)
    let offset = entry["offset"].map { Int($0) ?? -1 } ?? 0
    guard offset >= 0, offset <= file.count else {
      throw .malformed(
        what: what, reason: "offset \(entry["offset"] ?? "") in '\(location)' of \(file.count) bytes")
    }
    let length = entry["length"].map { Int($0) ?? -1 } ?? count
    guard length == count else {
      throw .malformed(
        what: what, reason: "\(entry["length"] ?? "") bytes of external data where \(count) are needed")
    }
    guard count <= file.count - offset else {
      throw .truncated(what: "\(what) in '\(location)'", needed: count, available: file.count - offset)
    }
    return file[offset..<offset + count]
  }

  private func file(_ location: String, what: String) throws(CheckpointError) -> [UInt8] {
    let name = location.hasPrefix("./") ? String(location.dropFirst(2)) : location
    if let file = files[name] { return file }
    guard !name.isEmpty, name != ".", name != "..", !name.contains(where: { "/\\\0".contains($0) }) else {
      throw .unusable("\(what) is in '\(location)'; only files of the same folder are read")
    }
    guard let folder else {
      throw .unusable("\(what) is in the file '\(name)'; open the model from a folder that has both")
    }
    guard files.count < 10_000 else {
      throw .malformed(what: "ONNX model", reason: "external data in more than 10000 files")
    }
    // A link may lead elsewhere: its owner made it, not the model.
    let path = folder.appending(path: name).path
    let bytes: [UInt8]
    do throws(CheckpointError) {
      bytes = try FileContents.read(path, limit: FileContents.limit - size)
    } catch {
      throw .unreadable(
        path: path, reason: "\(what) is in '\(name)' (\(error)); keep that file beside the .onnx file")
    }
    size += bytes.count
    files[name] = bytes
    return bytes
  }
}
