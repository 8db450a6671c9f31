import Engine
import YOLOX

extension TrainingExecutor {
  /// Initialises the parameters as PyTorch does: convolutions uniform in ± 1 / sqrt(fan-in), normalisation as identity.
  /// Class and objectness biases set every probability to 0.01 (yolo_head.py, initialize_biases); otherwise the first
  /// steps would be spent on lowering the scores of the background.
  package func initialize(seed: UInt64) {
    var random = RandomSource(seed, 2)
    for entry in layout.entries {
      let values: [Float]
      if entry.shape.count == 4 {
        let bound = 1 / Float(entry.shape[1] * entry.shape[2] * entry.shape[3]).squareRoot()
        values = entry.range.map { _ in random.uniform(-bound, bound) }
      } else {
        values =
          shapeBiases(entry)
          ?? Array(repeating: TrainingExecutor.constant(entry.name), count: entry.range.count)
      }
      parameters.set(values, at: entry.range.lowerBound)
    }
  }

  /// Heads with anchor shapes start from boxes of those shapes: biases are logarithms of sizes in strides.
  private func shapeBiases(_ entry: ParameterLayout.Entry) -> [Float]? {
    let strides = Architecture(backbone: .darknet53, head: .anchored).outputStrides
    guard graph.output(HeadOutput.box.name(level: strides.count - 1)) != nil else { return nil }
    for (group, shape) in YOLOv3Assigner.shapes.enumerated()
    where entry.name == "head.reg_preds.\(group).bias" {
      let stride = Float(strides[group])
      return [0, 0, naturalLogarithm(shape.width / stride), naturalLogarithm(shape.height / stride)]
    }
    return nil
  }

  private static func constant(_ name: String) -> Float {
    if name.hasSuffix(".bn.weight") || name.hasSuffix(".running_var") { return 1 }
    if ["cls_preds", "obj_preds", "selection_preds"].contains(where: name.contains) {
      return -naturalLogarithm((1 - 0.01) / 0.01)
    }
    return 0
  }
}
