import Engine
import YOLOX

/// Gradients of the head outputs: added by anchor, set on the executor level by level.
struct HeadGradients {
  private let levels: [HeadOutputs.Level]
  private var values: [HeadOutput: [[Float]]] = [:]
  private let channels: [HeadOutput: Int]
  /// Level of each anchor.
  private let levelOfAnchor: [Int]

  init(_ outputs: HeadOutputs) {
    levels = outputs.levels
    var channels: [HeadOutput: Int] = [:]
    for output in HeadOutput.allCases where outputs.channels(output) > 0 {
      channels[output] = outputs.channels(output)
      values[output] = outputs.levels.map { Array(repeating: 0, count: $0.maps[output]?.count ?? 0) }
    }
    self.channels = channels
    levelOfAnchor = outputs.levels.enumerated().flatMap { index, level in level.anchors.map { _ in index } }
  }

  mutating func add(_ value: Float, _ output: HeadOutput, _ image: Int, _ anchor: Int, channel: Int) {
    let index = levelOfAnchor[anchor]
    let level = levels[index]
    let offset =
      (image * (channels[output] ?? 0) + channel) * level.anchors.count + anchor - level.anchors.lowerBound
    values[output]?[index][offset] += value
  }

  func set(on executor: TrainingExecutor) {
    for (output, maps) in values {
      for (level, gradient) in maps.enumerated() {
        executor.setGradient(of: output.name(level: level), gradient)
      }
    }
  }
}
