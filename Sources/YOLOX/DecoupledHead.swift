import Engine

extension GraphBuilder {
  /// The decoupled head (YOLOX paper, section 2.1 and figure 2; yolo_head.py): on each level one branch for the
  /// classes and one for box and objectness.
  ///
  /// Nodes are made in the order in which the authors' code runs them. ONNX files lose the names of the weights and
  /// are matched to the graph by that order.
  ///
  /// Declares the outputs `box<k>` `[N, 4, h, w]`, `objectness<k>` `[N, 1, h, w]` and `class<k>` `[N, classes, h, w]`
  /// for level `k` of stride 8, 16, 32: numbers as the last convolution gives them, before sigmoid and decoding.
  mutating func decoupledHead(
    _ features: FeaturePyramid, channels: Int, classCount: Int, style: BlockStyle
  ) {
    for (level, feature) in features.levels.enumerated() {
      let stem = baseConv("stems.\(level)", feature, to: channels, kernel: 1, activation: style.activation)

      let classFeature = branch("cls_convs.\(level)", stem, style: style)
      let classes = convolution("cls_preds.\(level)", classFeature, to: classCount, kernel: 1, bias: true)

      let boxFeature = branch("reg_convs.\(level)", stem, style: style)
      let box = convolution("reg_preds.\(level)", boxFeature, to: 4, kernel: 1, bias: true)
      let objectness = convolution("obj_preds.\(level)", boxFeature, to: 1, kernel: 1, bias: true)

      output(HeadOutput.box.name(level: level), box)
      output(HeadOutput.objectness.name(level: level), objectness)
      output(HeadOutput.classes.name(level: level), classes)
      gate(classes, by: objectness)
    }
  }

  private mutating func branch(_ name: String, _ x: Value, style: BlockStyle) -> Value {
    scoped(name) { builder in
      let first = builder.spatialConv("0", x, to: builder.channels(of: x), kernel: 3, style: style)
      return builder.spatialConv("1", first, to: builder.channels(of: x), kernel: 3, style: style)
    }
  }
}

/// The three predictions of a level, by the names of the graph's outputs.
package enum HeadOutput: String, CaseIterable, Sendable {
  case box
  case objectness
  case classes = "class"

  package func name(level: Int) -> String { "\(rawValue)\(level)" }
}
