/// Storage of a map's numbers.
enum ElementSize: Int {
  case byte = 1
  case float = 4

  /// Memory of `count` numbers, in floats, rounded up to cache lines. Kernels for bytes read a little beyond the end, so a
  /// map of bytes ends in an unused line.
  func floats(for count: Int) -> Int {
    switch self {
    case .float: count
    case .byte: (count + 127) / 64 * 16
    }
  }
}
