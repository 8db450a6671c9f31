/// Files that people give in place of weights, told by their first bytes.
struct ForeignFormat {
  /// What the file is, and what to do.
  let advice: String

  init?(_ bytes: [UInt8]) {
    let found =
      ForeignFormat.signatures.first { bytes.dropFirst($0.offset).starts(with: $0.bytes) }?.advice
      ?? ForeignFormat.text(bytes)
    guard let found else { return nil }
    advice = found
  }

  private static let archive = "unpack it and give the file inside"
  private static let network = "give the .onnx or .pth file that it was made of"

  private static let signatures: [(offset: Int, bytes: [UInt8], advice: String)] = [
    (
      0, Array("version https://git-lfs".utf8),
      "a Git LFS pointer, not the file itself; run 'git lfs pull' in its repository"
    ),
    (0, [0x1F, 0x8B], "a gzip archive; \(archive)"),
    (0, [0x42, 0x5A, 0x68], "a bzip2 archive; \(archive)"),
    (0, [0xFD, 0x37, 0x7A, 0x58, 0x5A], "an xz archive; \(archive)"),
    (0, [0x28, 0xB5, 0x2F, 0xFD], "a Zstandard archive; \(archive)"),
    (0, [0x37, 0x7A, 0xBC, 0xAF], "a 7-Zip archive; \(archive)"),
    (0, Array("Rar!".utf8), "a RAR archive; \(archive)"),
    (257, Array("ustar".utf8), "a tar archive; \(archive)"),
    (4, Array("TFL3".utf8), "a TensorFlow Lite model; \(network)"),
    (0, Array("7767517".utf8), "an ncnn model; \(network)"),
    (0, Array("ftrt".utf8), "a TensorRT engine, which runs on one kind of GPU; \(network)"),
    (0, Array("ptrt".utf8), "a TensorRT engine, which runs on one kind of GPU; \(network)"),
    (0, [0x89, 0x48, 0x44, 0x46], "an HDF5 file, such as Keras writes; \(network)"),
    (0, Array("RKNN".utf8), "a Rockchip RKNN model; \(network)"),
    (0, Array("GGUF".utf8), "a GGUF model; \(network)"),
    (0, [0x93] + Array("NUMPY".utf8), "a NumPy array; give the whole checkpoint"),
    (0, Array("%PDF".utf8), "a PDF document"),
    (0, [0x89, 0x50, 0x4E, 0x47], "a PNG image, not weights"),
    (0, [0xFF, 0xD8, 0xFF], "a JPEG image, not weights"),
  ]

  private static func text(_ bytes: [UInt8]) -> String? {
    guard !bytes.isEmpty else { return "an empty file; copy or download it again" }
    let start = String(decoding: bytes.prefix(2000), as: UTF8.self).lowercased()
      .drop { $0.isWhitespace || $0 == "\u{FEFF}" }
    if start.hasPrefix("<!doctype html") || start.hasPrefix("<html") {
      return "an HTML page, which a server gave in place of the file; download the file itself"
    }
    if start.hasPrefix("<?xml"), start.contains("<net") { return "an OpenVINO model; \(network)" }
    if start.hasPrefix("<?xml") {
      return "an XML document, which a server may have given in place of the file"
    }
    // A program of operators, each with its name as text.
    if bytes[0] == 0x0A, start.contains("feed") || start.contains("conv2d") {
      return "a PaddlePaddle program; \(network)"
    }
    if bytes[0] == 0x80 {
      let isPaddle = String(decoding: bytes.prefix(1 << 20), as: UTF8.self).contains(
        "StructuredToParameterName@@")
      return isPaddle
        ? "PaddlePaddle parameters; \(network)"
        : "a Python pickle that torch.save did not write; save the state_dict with torch.save"
    }
    return nil
  }
}
