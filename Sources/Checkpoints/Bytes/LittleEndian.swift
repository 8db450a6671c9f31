extension [UInt8] {
  /// Appends the bytes of `value` in little-endian order.
  package mutating func append(little value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }
}
