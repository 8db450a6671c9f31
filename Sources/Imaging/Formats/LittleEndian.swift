extension [UInt8] {
  /// The unsigned number of `count` bytes at `offset`, 0 where the array ends before.
  func littleEndian(at offset: Int, bytes count: Int) -> Int {
    guard offset >= 0, offset <= self.count - count else { return 0 }
    var value = 0
    for byte in 0..<count { value |= Int(self[offset + byte]) << (8 * byte) }
    return value
  }
}
