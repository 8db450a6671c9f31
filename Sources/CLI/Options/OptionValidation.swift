import ArgumentParser

func requirePositive(_ options: [(name: String, value: Int)]) throws {
  for (name, value) in options where value < 1 { throw ValidationError("\(name) must be at least 1") }
}

func requireInRange<Value: Comparable>(_ name: String, _ value: Value, _ range: ClosedRange<Value>) throws {
  guard range.contains(value) else {
    throw ValidationError("\(name) must be in \(range.lowerBound)...\(range.upperBound)")
  }
}
