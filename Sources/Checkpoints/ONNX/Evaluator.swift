/// Computes single ONNX operators on small tensors: constants are folded with it, and what a file does to its image and
/// to its predictions is found out with it, by numbers.
///
/// Slow and plain. The numbers that are read and made are counted against `budget`, so that no graph unfolds into more
/// than that.
struct Evaluator {
  let opset: Int
  /// Numbers that may still be read or made.
  private(set) var budget: Int

  /// - Parameters:
  ///   - constants: numbers of all constants in the file. Each is folded a few times.
  ///   - given: numbers of the image, or of the predictions, from which the graph is followed. A focus reads and makes
  ///     about 11 times as many, a decoding up to 100 times.
  init(opset: Int, constants: Int, given: Int) {
    self.opset = opset
    budget = 1 << 22 + 16 * constants + 16 * given + min(128 * given, 1 << 28)
  }

  /// - Returns: the node's outputs; `nil` if this operator is not known here.
  mutating func evaluate(
    _ node: ONNXModel.Node, _ inputs: [NumericTensor?]
  ) throws(CheckpointError) -> [NumericTensor]? {
    let call = Call(node: node, inputs: inputs, opset: opset, limit: budget)
    try spend(inputs.reduce(16) { $0 + ($1?.count ?? 0) }, on: call.what)
    let outputs = try outputs(of: call)
    try spend(outputs?.reduce(0) { $0 + $1.count } ?? 0, on: call.what)
    return outputs
  }

  /// Counts numbers that others make.
  mutating func spend(_ count: Int, on what: String) throws(CheckpointError) {
    budget -= count
    guard budget > 0 else {
      throw .malformed(what: what, reason: "the graph computes more numbers than can be checked")
    }
  }

  private mutating func outputs(of call: Call) throws(CheckpointError) -> [NumericTensor]? {
    let node = call.node
    switch node.domain {
    case "": break
    case "com.microsoft" where node.operation == "QuickGelu":
      let alpha = node.float("alpha") ?? 1.702
      return [try call.map(0) { $0 * logistic(alpha * $0) }]
    default: return nil
    }
    if let function = try call.elementwise() { return [function] }
    switch node.operation {
    case "Add": return [try binary(call, { $0 + $1 }, { $0 &+ $1 })]
    case "Sub": return [try binary(call, { $0 - $1 }, { $0 &- $1 })]
    case "Mul": return [try binary(call, { $0 * $1 }, { $0 &* $1 })]
    case "Div": return [try binary(call, { $0 / $1 }, { $1 == 0 || $1 == -1 ? 0 &- $0 : $0 / $1 })]
    case "Pow":
      return [try binary(call, { power($0, $1) }, { Int(exactly: power(Float($0), Float($1))) ?? 0 })]
    case "Mod":
      return [
        try binary(
          call, { $0 - ($0 / $1).rounded(.down) * $1 }, { $1 == 0 || $1 == -1 ? 0 : ($0 % $1 + $1) % $1 })
      ]
    case "Min": return [try binary(call, { min($0, $1) }, { min($0, $1) })]
    case "Max": return [try binary(call, { max($0, $1) }, { max($0, $1) })]
    case "Equal": return [try compare(call) { $0 == $1 }]
    case "Less": return [try compare(call) { $0 < $1 }]
    case "LessOrEqual": return [try compare(call) { $0 <= $1 }]
    case "Greater": return [try compare(call) { $0 > $1 }]
    case "GreaterOrEqual": return [try compare(call) { $0 >= $1 }]
    case "And": return [try compare(call) { $0 != 0 && $1 != 0 }]
    case "Or": return [try compare(call) { $0 != 0 || $1 != 0 }]
    case "Where": return [try select(call)]
    case "Expand":
      let x = try call.tensor(0)
      let shape = try broadcastShape(x.shape, call.tensor(1).integers, call)
      return [try broadcast(x, to: shape, call)]
    case "Tile": return [try tile(call)]
    case "Range": return [try range(call)]
    case "ConstantOfShape":
      let shape = try call.tensor(0).integers
      let count = try spend(shape, call)
      if case .tensor(let value)? = node.attributes["value"], !value.isFloat {
        return [.init(shape: shape, integers: [Int](repeating: value.integers.first ?? 0, count: count))]
      }
      guard case .tensor(let value)? = node.attributes["value"] else {
        return [.init(shape: shape, floats: [Float](repeating: 0, count: count))]
      }
      return [.init(shape: shape, floats: [Float](repeating: value.floats.first ?? 0, count: count))]
    default: return try call.rearranged()
    }
  }

  /// Counts the numbers of `shape` against the budget.
  private mutating func spend(_ shape: [Int], _ call: Call) throws(CheckpointError) -> Int {
    let count = try stridedCount(shape, what: call.what)
    try spend(count, on: call.what)
    return count
  }

  private func broadcastShape(_ a: [Int], _ b: [Int], _ call: Call) throws(CheckpointError) -> [Int] {
    let rank = max(a.count, b.count)
    let (a, b) = (
      [Int](repeating: 1, count: rank - a.count) + a, [Int](repeating: 1, count: rank - b.count) + b
    )
    var shape: [Int] = []
    for (x, y) in zip(a, b) {
      guard x == y || x == 1 || y == 1 else { throw call.malformed("shapes \(a) and \(b) do not fit") }
      shape.append(x == 1 ? y : x)
    }
    return shape
  }

  private mutating func broadcast(
    _ x: NumericTensor, to shape: [Int], _ call: Call
  ) throws(CheckpointError) -> NumericTensor {
    if x.shape == shape { return x }
    _ = try spend(shape, call)
    let padding = shape.count - x.shape.count
    let strides = contiguousStrides(x.shape)
    return x.strided(
      shape, shape.indices.map { $0 < padding || x.shape[$0 - padding] == 1 ? 0 : strides[$0 - padding] })
  }

  private mutating func binary(
    _ call: Call, _ floats: (Float, Float) -> Float, _ integers: (Int, Int) -> Int
  ) throws(CheckpointError) -> NumericTensor {
    var result = try call.tensor(0)
    for index in 1..<max(call.inputs.count, 1) {
      let other = try call.tensor(index)
      let shape = try broadcastShape(result.shape, other.shape, call)
      // Most of these have a scalar on one side, which needs no copies.
      if other.count == 1, result.shape == shape {
        if result.isFloat || other.isFloat {
          let scalar = other.floats[0]
          result = .init(shape: shape, floats: result.floats.map { floats($0, scalar) })
        } else {
          let scalar = other.integers[0]
          result = .init(shape: shape, integers: result.integers.map { integers($0, scalar) })
        }
        continue
      }
      let (x, y) = (try broadcast(result, to: shape, call), try broadcast(other, to: shape, call))
      result =
        x.isFloat || y.isFloat
        ? .init(shape: shape, floats: zip(x.floats, y.floats).map(floats))
        : .init(shape: shape, integers: zip(x.integers, y.integers).map(integers))
    }
    return result
  }

  private mutating func compare(
    _ call: Call, _ holds: (Float, Float) -> Bool
  ) throws(CheckpointError) -> NumericTensor {
    let result = try binary(call, { holds($0, $1) ? 1 : 0 }, { holds(Float($0), Float($1)) ? 1 : 0 })
    return .init(shape: result.shape, integers: result.integers)
  }

  private mutating func select(_ call: Call) throws(CheckpointError) -> NumericTensor {
    let (condition, x, y) = (try call.tensor(0), try call.tensor(1), try call.tensor(2))
    let shape = try broadcastShape(broadcastShape(condition.shape, x.shape, call), y.shape, call)
    let chosen = try broadcast(condition, to: shape, call).integers
    let (a, b) = (try broadcast(x, to: shape, call), try broadcast(y, to: shape, call))
    if a.isFloat || b.isFloat {
      let (a, b) = (a.floats, b.floats)
      return .init(shape: shape, floats: chosen.indices.map { chosen[$0] != 0 ? a[$0] : b[$0] })
    }
    let (c, d) = (a.integers, b.integers)
    return .init(shape: shape, integers: chosen.indices.map { chosen[$0] != 0 ? c[$0] : d[$0] })
  }

  private mutating func tile(_ call: Call) throws(CheckpointError) -> NumericTensor {
    let (x, repeats) = (try call.tensor(0), try call.tensor(1).integers)
    guard repeats.count == x.shape.count, repeats.allSatisfy({ $0 >= 0 && $0 < 1 << 30 }) else {
      throw call.malformed("repeats \(repeats) of shape \(x.shape)")
    }
    // Each dimension becomes two, of which the outer one repeats.
    let strides = contiguousStrides(x.shape)
    let wide = zip(repeats, x.shape).flatMap { [$0, $1] }
    _ = try spend(wide.count <= 16 ? wide : [Int.max], call)
    return x.strided(wide, strides.flatMap { [0, $0] }).reshaped(zip(repeats, x.shape).map { $0 &* $1 })
  }

  private mutating func range(_ call: Call) throws(CheckpointError) -> NumericTensor {
    let (start, limit, delta) = (try call.tensor(0), try call.tensor(1), try call.tensor(2))
    guard let first = start.floats.first, let end = limit.floats.first, let step = delta.floats.first,
      step != 0
    else { throw call.malformed("a range without start, end or step") }
    let length = max(0, ((end - first) / step).rounded(.up))
    guard let count = Int(exactly: length) else { throw call.malformed("a range of \(length)") }
    _ = try spend([count], call)
    return start.isFloat || delta.isFloat
      ? .init(shape: [count], floats: (0..<count).map { first + Float($0) * step })
      : .init(
        shape: [count],
        integers: (0..<count).map { (start.integers.first ?? 0) &+ $0 &* (delta.integers.first ?? 0) })
  }
}

/// One node with the tensors that it reads.
struct Call {
  let node: ONNXModel.Node
  let inputs: [NumericTensor?]
  let opset: Int
  /// Numbers that the result may have.
  let limit: Int

  var what: String { "ONNX node '\(node.label)' (\(node.operation))" }

  func malformed(_ reason: String) -> CheckpointError { .malformed(what: what, reason: reason) }

  func tensor(_ index: Int) throws(CheckpointError) -> NumericTensor {
    guard index < inputs.count, let tensor = inputs[index] else {
      throw malformed("input \(index) is missing")
    }
    return tensor
  }

  func optional(_ index: Int) -> NumericTensor? { index < inputs.count ? inputs[index] : nil }

  /// An axis counted from the front.
  func axis(_ axis: Int, rank: Int) throws(CheckpointError) -> Int {
    guard axis >= -rank, axis < rank else { throw malformed("axis \(axis) of \(rank) dimensions") }
    return axis < 0 ? axis + rank : axis
  }

  /// Integers that older versions have as an attribute, newer ones as an input.
  func integers(_ index: Int, or attribute: String) -> [Int]? {
    optional(index)?.integers ?? node.ints(attribute)
  }

  func map(_ index: Int, _ function: (Float) -> Float) throws(CheckpointError) -> NumericTensor {
    let x = try tensor(index)
    return .init(shape: x.shape, floats: x.floats.map(function))
  }
}

extension NumericTensor {
  func reshaped(_ shape: [Int]) -> NumericTensor { .init(shape: shape, storage: storage) }
}
