import Engine
import YOLOX

/// What the head gives for one image in training: a row for each anchor, levels after each other, each row-major.
package struct Predictions: Sendable {
  package struct Anchor: Sendable {
    package let stride: Float
    /// Cell of the level's grid.
    package let column: Float
    package let row: Float
    /// Which of the head's outputs it is in: the level, or with anchor shapes the shape.
    package let group: Int

    package init(stride: Float, column: Float, row: Float, group: Int = 0) {
      (self.stride, self.column, self.row, self.group) = (stride, column, row, group)
    }

    /// In pixels of the network's input.
    package var centerX: Float { (column + 0.5) * stride }
    package var centerY: Float { (row + 0.5) * stride }
  }

  package let anchors: [Anchor]
  package let classCount: Int
  /// As the convolution gives them: `[4, anchors]`, offsets in cells, logarithms of sizes in strides.
  package let raw: [Float]
  package let objectness: [Float]
  /// Logits, `[classes, anchors]`.
  package let classes: [Float]
  /// Logits of the choice of one anchor for each object; empty for heads that make none.
  package let selection: [Float]

  package init(
    anchors: [Anchor], classCount: Int, raw: [Float], objectness: [Float], classes: [Float],
    selection: [Float] = []
  ) {
    self.anchors = anchors
    self.classCount = classCount
    self.raw = raw
    self.objectness = objectness
    self.classes = classes
    self.selection = selection
  }

  package var count: Int { anchors.count }

  /// The decoded box of an anchor (yolo_head.py, get_output_and_grid).
  package func box(_ anchor: Int) -> CenteredBox {
    let place = anchors[anchor]
    return CenteredBox(
      x: (raw[anchor] + place.column) * place.stride, y: (raw[count + anchor] + place.row) * place.stride,
      width: exponential(raw[2 * count + anchor]) * place.stride,
      height: exponential(raw[3 * count + anchor]) * place.stride)
  }

  package func classLogit(_ anchor: Int, _ index: Int) -> Float { classes[index * count + anchor] }
}

/// One object of an image, boxes in pixels of the network's input.
package struct Target: Sendable, Equatable {
  package let classIndex: Int
  package let box: CenteredBox

  package init(classIndex: Int, box: CenteredBox) {
    self.classIndex = classIndex
    self.box = box
  }
}
