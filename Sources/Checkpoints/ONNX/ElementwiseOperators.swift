import PlatformC

func logistic(_ x: Float) -> Float { 1 / (1 + exp(-x)) }

func power(_ base: Float, _ exponent: Float) -> Float { pow(base, exponent) }

extension Call {
  /// Operators that make each number from one number (onnx.ai/onnx/operators).
  func elementwise() throws(CheckpointError) -> NumericTensor? {
    switch node.operation {
    case "Sigmoid": return try map(0, logistic)
    case "Relu": return try map(0) { max($0, 0) }
    case "LeakyRelu":
      let slope = node.float("alpha") ?? 0.01
      return try map(0) { $0 < 0 ? slope * $0 : $0 }
    case "PRelu":
      let slope = try tensor(1)
      guard slope.count == 1 else { return nil }
      return try map(0) { $0 < 0 ? slope.floats[0] * $0 : $0 }
    case "Elu":
      let alpha = node.float("alpha") ?? 1
      return try map(0) { $0 < 0 ? alpha * (exp($0) - 1) : $0 }
    case "HardSigmoid":
      let (alpha, beta) = (node.float("alpha") ?? 0.2, node.float("beta") ?? 0.5)
      return try map(0) { max(0, min(1, alpha * $0 + beta)) }
    case "HardSwish": return try map(0) { $0 * max(0, min(1, $0 / 6 + 0.5)) }
    case "Swish":
      let alpha = node.float("alpha") ?? 1
      return try map(0) { $0 * logistic(alpha * $0) }
    case "Softplus": return try map(0) { log1p(exp($0)) }
    case "Mish": return try map(0) { $0 * tanh(log1p(exp($0))) }
    case "Gelu": return try map(0) { $0 * 0.5 * (1 + erf($0 / Float(2).squareRoot())) }
    case "Tanh": return try map(0) { tanh($0) }
    case "Erf": return try map(0) { erf($0) }
    case "Exp": return try map(0) { exp($0) }
    case "Log": return try map(0) { log($0) }
    case "Sqrt": return try map(0) { $0.squareRoot() }
    case "Reciprocal": return try map(0) { 1 / $0 }
    case "Clip": return try clip()
    case "Abs", "Neg", "Floor", "Ceil", "Round", "Not": return try simple(tensor(0))
    case "Cast": return try cast()
    default: return nil
    }
  }

  private func clip() throws(CheckpointError) -> NumericTensor {
    let x = try tensor(0)
    if !x.isFloat {
      let (low, high) = (optional(1)?.integers.first ?? .min, optional(2)?.integers.first ?? .max)
      return .init(shape: x.shape, integers: x.integers.map { min(max($0, low), high) })
    }
    let low = optional(1)?.floats.first ?? node.float("min") ?? -.infinity
    let high = optional(2)?.floats.first ?? node.float("max") ?? .infinity
    return .init(shape: x.shape, floats: x.floats.map { min(max($0, low), high) })
  }

  private func simple(_ x: NumericTensor) -> NumericTensor {
    if !x.isFloat {
      let function: (Int) -> Int =
        switch node.operation {
        case "Abs": { $0 < 0 ? 0 &- $0 : $0 }
        case "Neg": { 0 &- $0 }
        case "Not": { $0 == 0 ? 1 : 0 }
        default: { $0 }
        }
      return .init(shape: x.shape, integers: x.integers.map(function))
    }
    let function: (Float) -> Float =
      switch node.operation {
      case "Abs": { abs($0) }
      case "Neg": { -$0 }
      case "Floor": { $0.rounded(.down) }
      case "Ceil": { $0.rounded(.up) }
      case "Round": { $0.rounded(.toNearestOrEven) }
      default: { $0 }
      }
    return .init(shape: x.shape, floats: x.floats.map(function))
  }

  private func cast() throws(CheckpointError) -> NumericTensor {
    let x = try tensor(0)
    let number = node.int("to") ?? 0
    guard let type = TensorReader.elementTypes[number] else {
      throw .unsupported(what: "\(what): a cast to type \(number)")
    }
    if type.isFloat { return .init(shape: x.shape, floats: x.floats) }
    if type == .bool { return .init(shape: x.shape, integers: x.floats.map { $0 == 0 ? 0 : 1 }) }
    return .init(shape: x.shape, integers: x.integers)
  }
}
