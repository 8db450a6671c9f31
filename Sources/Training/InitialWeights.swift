import Engine

extension TrainingPass {
  /// What PyTorch starts from: convolutions uniform in ± 1 / sqrt(fan-in), normalisation as identity. The class and
  /// objectness biases make every probability 0.01 (yolo_head.py, initialize_biases), or the first steps would only
  /// unlearn objects that are nowhere.
  package func initialize(seed: UInt64) {
    var random = RandomSource(seed, 2)
    for entry in layout.entries {
      let values: [Float]
      if entry.shape.count == 4 {
        let bound = 1 / Float(entry.shape[1] * entry.shape[2] * entry.shape[3]).squareRoot()
        values = entry.range.map { _ in random.uniform(-bound, bound) }
      } else {
        values = Array(repeating: TrainingPass.constant(entry.name), count: entry.range.count)
      }
      parameters.set(values, at: entry.range.lowerBound)
    }
  }

  private static func constant(_ name: String) -> Float {
    if name.hasSuffix(".bn.weight") || name.hasSuffix(".running_var") { return 1 }
    if name.contains("cls_preds") || name.contains("obj_preds") {
      return -naturalLogarithm((1 - 0.01) / 0.01)
    }
    return 0
  }
}
