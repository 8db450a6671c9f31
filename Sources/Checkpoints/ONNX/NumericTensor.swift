/// Numbers while a graph is evaluated: weights, shapes, indices, probes. Row-major.
package struct NumericTensor: Sendable, Equatable {
  package enum Storage: Sendable, Equatable {
    /// Of every floating-point type.
    case floats([Float])
    /// Of every integer type, and booleans as 0 and 1.
    case integers([Int])
  }

  package var shape: [Int]
  package var storage: Storage
  /// How the file stores a constant; `nil` for what is computed.
  let elementType: ElementType?

  /// `storage` must fill `shape`.
  package init(shape: [Int], storage: Storage) { self.init(shape: shape, storage: storage, elementType: nil) }

  init(shape: [Int], storage: Storage, elementType: ElementType?) {
    self.shape = shape
    self.storage = storage
    self.elementType = elementType
  }

  package init(shape: [Int], floats: [Float]) { self.init(shape: shape, storage: .floats(floats)) }
  init(shape: [Int], integers: [Int]) { self.init(shape: shape, storage: .integers(integers)) }
  init(integers: [Int]) { self.init(shape: [integers.count], storage: .integers(integers)) }

  package var count: Int {
    switch storage {
    case .floats(let values): values.count
    case .integers(let values): values.count
    }
  }

  var isFloat: Bool { if case .floats = storage { true } else { false } }

  package var floats: [Float] {
    switch storage {
    case .floats(let values): values
    case .integers(let values): values.map(Float.init)
    }
  }

  /// Rounded towards zero; numbers beyond all integers become the nearest one.
  var integers: [Int] {
    switch storage {
    case .floats(let values):
      values.map { $0.isNaN ? 0 : Int(exactly: $0.rounded(.towardZero)) ?? ($0 < 0 ? .min : .max) }
    case .integers(let values): values
    }
  }

  /// The numbers at `offset + sum(index * strides)`, for every index of `shape`: slices, transpositions and repetitions
  /// are all of this kind. Every index must lie within the tensor.
  func strided(_ shape: [Int], _ strides: [Int], offset: Int = 0) -> NumericTensor {
    switch storage {
    case .floats(let values):
      .init(shape: shape, storage: .floats(gather(values, shape: shape, strides: strides, offset: offset)))
    case .integers(let values):
      .init(shape: shape, storage: .integers(gather(values, shape: shape, strides: strides, offset: offset)))
    }
  }

  /// Whole blocks of `length` numbers, from each of `starts`.
  func blocks(at starts: [Int], length: Int, shape: [Int]) -> NumericTensor {
    func copy<Number>(_ values: [Number]) -> [Number] {
      var result: [Number] = []
      result.reserveCapacity(starts.count * length)
      for start in starts { result += values[start..<start + length] }
      return result
    }
    switch storage {
    case .floats(let values): return .init(shape: shape, storage: .floats(copy(values)))
    case .integers(let values): return .init(shape: shape, storage: .integers(copy(values)))
    }
  }
}

/// As ``elementCount(_:what:)``, but the lengths of an empty tensor are bounded, too: operators make strides of them.
func stridedCount(_ shape: [Int], what: String) throws(CheckpointError) -> Int {
  let count = try elementCount(shape, what: what)
  _ = try elementCount(shape.map { max($0, 1) }, what: what)
  return count
}

/// How far apart neighbours of each dimension lie in row-major order.
func contiguousStrides(_ shape: [Int]) -> [Int] {
  var strides: [Int] = []
  var step = 1
  for length in shape.reversed() {
    strides.append(step)
    step *= length
  }
  return strides.reversed()
}

/// Row-major copy of a view.
func gather<Number>(_ values: [Number], shape: [Int], strides: [Int], offset: Int = 0) -> [Number] {
  let count = shape.reduce(1, *)
  guard count > 0 else { return [] }
  guard let length = shape.last, let step = strides.last else { return [values[offset]] }
  var gathered: [Number] = []
  gathered.reserveCapacity(count)
  var index = [Int](repeating: 0, count: shape.count - 1)
  var start = offset
  for _ in 0..<count / length {
    if step == 1 {
      gathered += values[start..<start + length]
    } else {
      var position = start
      for _ in 0..<length {
        gathered.append(values[position])
        position += step
      }
    }
    for dimension in index.indices.reversed() {
      index[dimension] += 1
      start += strides[dimension]
      if index[dimension] < shape[dimension] { break }
      start -= strides[dimension] * shape[dimension]
      index[dimension] = 0
    }
  }
  return gathered
}
