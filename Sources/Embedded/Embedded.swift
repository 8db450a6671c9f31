import CEmbedded

/// Files of the repository inside the binary, so that it answers without any other file.
package enum Embedded {
  /// The demo network as safetensors; `nil` in a binary that was built without it.
  package static var demoNetwork: [UInt8]? {
    let bytes = copy(embedded_demo_network)
    return bytes.isEmpty ? nil : bytes
  }

  package static let demoNetworkName = "yolox-nano-street"

  /// A drawn street as PNG, 960x640.
  package static var street: [UInt8] { copy(embedded_street) }

  private static func copy(_ file: (UnsafeMutablePointer<Int>) -> UnsafePointer<UInt8>?) -> [UInt8] {
    var size = 0
    let start = file(&size)
    return [UInt8](UnsafeBufferPointer(start: start, count: size))
  }
}
