import Engine
import YOLOX

/// The head outputs of a batch, level by level, and the layout of anchors in them.
struct HeadOutputs {
  struct Level {
    let stride: Int
    let maps: [HeadOutput: Tensor]
    /// Indices of the level's anchors.
    let anchors: Range<Int>
    let width: Int
  }

  let levels: [Level]

  /// - Parameter strides: stride of each head output.
  init(_ executor: TrainingExecutor, strides: [Int]) {
    var levels: [Level] = []
    var start = 0
    for (index, stride) in strides.enumerated() {
      var maps: [HeadOutput: Tensor] = [:]
      for output in HeadOutput.allCases where executor.graph.output(output.name(level: index)) != nil {
        maps[output] = executor.output(output.name(level: index))
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

  /// The predictions of one image, its levels concatenated.
  func predictions(_ image: Int) -> AnchorPredictions {
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
        AnchorPredictions.Anchor(
          stride: Float(level.stride), column: Float(index % level.width), row: Float(index / level.width),
          group: group)
      }
    }
    return AnchorPredictions(
      anchors: anchors, classCount: channels(.classes), raw: joined(.box), objectness: joined(.objectness),
      classes: joined(.classes), selection: joined(.selection))
  }
}
