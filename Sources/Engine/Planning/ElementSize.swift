/// How a map's numbers are stored.
enum ElementSize: Int {
  case byte = 1
  case float = 4

  /// How many floats take as much memory as `count` numbers, in whole cache lines. Kernels for bytes read a little
  /// beyond the end, so that a map of bytes ends in an unused line.
  func floats(for count: Int) -> Int {
    switch self {
    case .float: count
    case .byte: (count + 127) / 64 * 16
    }
  }
}
