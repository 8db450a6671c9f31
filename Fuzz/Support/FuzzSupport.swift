/// The bytes of one input.
public func fuzzInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> [UInt8] {
  Array(UnsafeBufferPointer(start: data, count: size))
}

/// Traps if a property does not hold; libFuzzer then keeps the input.
public func require(_ condition: Bool, _ property: @autoclosure () -> String) {
  if !condition { fatalError("violated: \(property())") }
}
