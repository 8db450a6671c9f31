import Checkpoints
import Engine

/// The predictions of an exported network by level: which convolution gives classes, which boxes, which objectness.
struct ExportedPredictions {
  struct Level {
    let classes: Int
    let box: Int
    let objectness: Int
  }

  /// Strides 8, 16, 32.
  let levels: [Level]
  let classCount: Int

  /// Of the three convolutions of a level, box and objectness read the same map.
  init(_ network: ExportedNetwork) throws(ModelError) {
    let height = network.imageHeight
    var levels: [Level] = []
    var counts = Set<Int>()
    for stride in Stride.levels {
      let nodes = network.predictions.filter { network.nodes[$0].shape[2] * stride == height }
      func channels(_ number: Int) -> Int { network.nodes[number].shape[1] }
      let found = nodes.lazy.compactMap { box -> Level? in
        guard channels(box) == 4 else { return nil }
        let input = network.nodes[box].inputs
        guard
          let objectness = nodes.first(where: {
            $0 != box && channels($0) == 1 && network.nodes[$0].inputs == input
          }), let classes = nodes.first(where: { $0 != box && $0 != objectness })
        else { return nil }
        return Level(classes: classes, box: box, objectness: objectness)
      }.first
      guard nodes.count == 3, let found else {
        throw .unusable(
          "not an export of a YOLOX network with the authors' head: at stride \(stride) its last convolutions give "
            + "\(nodes.map(channels)) channels where classes, 4 and 1 are expected")
      }
      counts.insert(channels(found.classes))
      levels.append(found)
    }
    guard network.predictions.count == 9, counts.count == 1, let count = counts.first else {
      throw .unusable(
        "not an export of a YOLOX network with the authors' head: it has \(network.predictions.count) last convolutions and classes \(counts.sorted())"
      )
    }
    self.levels = levels
    classCount = count
  }

  /// The file's node for each output of our graph.
  var outputs: [(name: String, node: Int)] {
    levels.indices.flatMap { index in
      [
        (HeadOutput.classes.name(level: index), levels[index].classes),
        (HeadOutput.box.name(level: index), levels[index].box),
        (HeadOutput.objectness.name(level: index), levels[index].objectness),
      ]
    }
  }
}

extension ExportedNetwork {
  /// The image is given as its four phases: the focus is not in the file.
  var hasFocusOutside: Bool { image.step == 1 && image.channels.count == 4 * 3 }

  /// In pixels, of the image with which the file was followed.
  var imageHeight: Int { nodes[0].shape[2] * image.step * (hasFocusOutside ? 2 : 1) }
}
