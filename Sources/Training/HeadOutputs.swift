import Engine
import YOLOX

/// The head's outputs of a batch, level by level, and how anchors lie in them.
struct HeadOutputs {
  struct Level {
    let stride: Int
    let maps: [HeadOutput: Tensor]
    /// The level's anchors among all.
    let anchors: Range<Int>
    let width: Int
  }

  let levels: [Level]

  /// - Parameter strides: of the groups of outputs.
  init(_ pass: TrainingExecutor, strides: [Int]) {
    var levels: [Level] = []
    var start = 0
    for (index, stride) in strides.enumerated() {
      var maps: [HeadOutput: Tensor] = [:]
      for output in HeadOutput.allCases where pass.graph.output(output.name(level: index)) != nil {
        maps[output] = pass.output(output.name(level: index))
      }
      let shape = maps[.box]?.shape ?? [0, 0, 0, 0]
      let end = start + shape[2] * shape[3]
      levels.append(Level(stride: stride, maps: maps, anchors: start..<end, width: shape[3]))
      start = end
    }
    self.levels = levels
  }

  var anchorCount: Int { levels.last?.anchors.upperBound ?? 0 }

  func channels(_ output: HeadOutput) -> Int { levels.first?.maps[output]?.shape[1] ?? 0 }

  /// Image `image` with its levels one after the other.
  func predictions(_ image: Int) -> Predictions {
    func joined(_ output: HeadOutput) -> [Float] {
      var values: [Float] = []
      values.reserveCapacity(anchorCount * channels(output))
      for channel in 0..<channels(output) {
        for level in levels {
          guard let map = level.maps[output] else { continue }
          let start = (image * map.shape[1] + channel) * level.anchors.count
          values += map.values[start..<start + level.anchors.count]
        }
      }
      return values
    }
    let anchors = levels.enumerated().flatMap { group, level in
      (0..<level.anchors.count).map { index in
        Predictions.Anchor(
          stride: Float(level.stride), column: Float(index % level.width), row: Float(index / level.width),
          group: group)
      }
    }
    return Predictions(
      anchors: anchors, classCount: channels(.classes), raw: joined(.box), objectness: joined(.objectness),
      classes: joined(.classes), selection: joined(.selection))
  }
}

/// Gradients of the head's outputs, written by anchor and given to the pass level by level.
struct HeadGradients {
  private let levels: [HeadOutputs.Level]
  private var values: [HeadOutput: [[Float]]] = [:]
  private let channels: [HeadOutput: Int]
  /// Level of each anchor.
  private let levelOfAnchor: [Int]

  init(_ maps: HeadOutputs) {
    levels = maps.levels
    var channels: [HeadOutput: Int] = [:]
    for output in HeadOutput.allCases where maps.channels(output) > 0 {
      channels[output] = maps.channels(output)
      values[output] = maps.levels.map { Array(repeating: 0, count: $0.maps[output]?.count ?? 0) }
    }
    self.channels = channels
    levelOfAnchor = maps.levels.enumerated().flatMap { index, level in level.anchors.map { _ in index } }
  }

  mutating func add(_ value: Float, _ output: HeadOutput, _ image: Int, _ anchor: Int, channel: Int) {
    let index = levelOfAnchor[anchor]
    let level = levels[index]
    let place =
      (image * (channels[output] ?? 0) + channel) * level.anchors.count + anchor - level.anchors.lowerBound
    values[output]?[index][place] += value
  }

  func set(on pass: TrainingExecutor) {
    for (output, maps) in values {
      for (level, gradient) in maps.enumerated() {
        pass.setGradient(of: output.name(level: level), gradient)
      }
    }
  }
}
