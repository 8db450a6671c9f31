import Engine

extension Graph {
  /// Random weights that keep a network's values in a normal range, for timing without a file. The same `seed` gives the
  /// same weights, on all platforms and in all versions, so that timings can be compared.
  package func randomParameters(seed: UInt64 = 1) -> Parameters {
    var parameters: Parameters = [:]
    var state = seed
    func unit() -> Float {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407  // Knuth, TAOCP 3.3.4, MMIX
      return Float(state >> 40) / Float(1 << 24)
    }
    for (name, shape) in parameterShapes {
      var tensor = Tensor(shape: shape)
      let range: (center: Float, spread: Float) =
        if shape.count == 4 {
          // He initialisation's variance, spread evenly.
          (0, 2 * (6 / Float(shape[1] * shape[2] * shape[3])).squareRoot())
        } else if name.hasSuffix("running_var") || name.hasSuffix("bn.weight") {
          (1, 0.4)
        } else {
          (0, 0.2)
        }
      for index in tensor.values.indices {
        tensor.values[index] = range.center + range.spread * (unit() - 0.5)
      }
      parameters[name] = tensor
    }
    return parameters
  }
}
