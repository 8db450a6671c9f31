import Engine

/// Raw outputs of the network, for callers with their own decoding.
extension Executor {
  /// The `output` of the authors' ONNX export for one image of the last run: `[anchors, 5 + classes]`, a row for each cell
  /// of each level, finest level first, cells row by row. A row has the box before grid decoding (x, y from the
  /// cell in cells, log of width and height in cells), objectness and a score for each class, these after the sigmoid
  /// (yolo_head.py, forward with `decode_in_inference` off).
  ///
  /// Requires a run without a mask threshold; with one, some class scores are not computed.
  package func predictions(_ architecture: Architecture, image: Int) -> Tensor {
    var values: [Float] = []
    var columns = 0
    for level in architecture.outputStrides.indices {
      withOutput(HeadOutput.box.name(level: level), image: image) { box, boxLayout in
        withOutput(architecture.objectness.name(level: level), image: image) { objectness, layout in
          withOutput(HeadOutput.classes.name(level: level), image: image) { classes, classLayout in
            columns = 5 + classLayout.channels
            for row in 0..<layout.height {
              for column in 0..<layout.width {
                for channel in 0..<4 {
                  values.append(box[boxLayout.index(channel: channel, row: row, column: column)])
                }
                values.append(sigmoid(objectness[layout.index(channel: 0, row: row, column: column)]))
                for channel in 0..<classLayout.channels {
                  values.append(
                    sigmoid(classes[classLayout.index(channel: channel, row: row, column: column)]))
                }
              }
            }
          }
        }
      }
    }
    return Tensor(shape: [values.count / columns, columns], values: values)
  }
}

extension Model {
  /// Shape of ``Prediction/predictions``: `[anchors, 5 + classes]`.
  package var predictionShape: [Int] {
    let anchors = architecture.outputStrides.reduce(0) {
      $0 + (inputSize.height / $1) * (inputSize.width / $1)
    }
    return [anchors, 5 + labels.count]
  }
}
