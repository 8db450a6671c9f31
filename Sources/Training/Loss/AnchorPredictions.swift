import Engine
import YOLOX

/// The raw head outputs of one image, anchor by anchor: level after level, each level row-major.
package struct AnchorPredictions: Sendable {
  package struct Anchor: Sendable {
    package let stride: Float
    /// Cell in the level's grid.
    package let column: Float
    package let row: Float
    /// Index of the head output: the level, or the anchor shape for heads that have shapes.
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
  /// Raw box outputs `[4, anchors]`: offsets in cells, logarithms of sizes in strides.
  package let raw: [Float]
  package let objectness: [Float]
  /// Logits, `[classes, anchors]`.
  package let classes: [Float]
  /// Logits of the one-to-one branch; empty for heads without NMS-free output.
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

  /// The logarithm of sizes up to which areas of boxes are finite.
  private static let maxLogSize: Float = 40

  /// Whether all outputs, and the areas of all boxes, are finite.
  var isFinite: Bool {
    !(raw.contains { !$0.isFinite } || raw[(2 * count)...].contains { $0 > AnchorPredictions.maxLogSize }
      || objectness.contains { !$0.isFinite } || classes.contains { !$0.isFinite }
      || selection.contains { !$0.isFinite })
  }

  /// The decoded box of an anchor (yolo_head.py, get_output_and_grid).
  package func box(_ anchor: Int) -> CenteredBox {
    let cell = anchors[anchor]
    return CenteredBox(
      x: (raw[anchor] + cell.column) * cell.stride, y: (raw[count + anchor] + cell.row) * cell.stride,
      width: exponential(raw[2 * count + anchor]) * cell.stride,
      height: exponential(raw[3 * count + anchor]) * cell.stride)
  }

  package func classLogit(_ anchor: Int, _ index: Int) -> Float { classes[index * count + anchor] }
}
