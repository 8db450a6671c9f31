import Engine

extension GraphBuilder {
  /// The decoupled head (YOLOX paper, section 2.1 and figure 2; yolo_head.py): on each level one branch for the
  /// classes and one for box and objectness.
  ///
  /// Nodes are added in the authors' order of execution, because ONNX files have no weight names and are matched by that
  /// order.
  ///
  /// Declares the outputs `box<k>` `[N, 4, h, w]`, `objectness<k>` `[N, 1, h, w]` and `class<k>` `[N, classes, h, w]`
  /// for level `k` of stride 8, 16, 32: results of the last convolution, before sigmoid and decoding.
  ///
  /// - Parameters:
  ///   - anchors: predictions for each cell; with several, outputs are numbered `level * anchors + anchor`.
  ///   - selecting: also declare `selection<k>` `[N, 1, h, w]`, an objectness that only one anchor of an object
  ///   has, from two more convolutions (the paper's "end-to-end" option). Its gradient does not reach earlier layers.
  mutating func decoupledHead(
    _ features: FeaturePyramid, channels: Int, classCount: Int, anchors: Int = 1, style: BlockStyle,
    selecting: Bool = false
  ) {
    for (level, feature) in features.levels.enumerated() {
      let stem = baseConv("stems.\(level)", feature, to: channels, kernel: 1, activation: style.activation)

      let groups = level * anchors..<(level + 1) * anchors
      let classFeature = branch("cls_convs.\(level)", stem, style: style)
      let classes = groups.map {
        convolution("cls_preds.\($0)", classFeature, to: classCount, kernel: 1, bias: true)
      }

      let boxFeature = branch("reg_convs.\(level)", stem, style: style)
      for (group, classes) in zip(groups, classes) {
        let box = convolution("reg_preds.\(group)", boxFeature, to: 4, kernel: 1, bias: true)
        let objectness = convolution("obj_preds.\(group)", boxFeature, to: 1, kernel: 1, bias: true)
        output(HeadOutput.box.name(level: group), box)
        output(HeadOutput.objectness.name(level: group), objectness)
        output(HeadOutput.classes.name(level: group), classes)
        if !selecting { mask(classes, by: objectness) }
      }
      guard selecting else { continue }
      let selected = branch("selection_convs.\(level)", boxFeature, style: style)
      let selection = convolution("selection_preds.\(level)", selected, to: 1, kernel: 1, bias: true)
      output(HeadOutput.selection.name(level: level), selection)
      // Scores use this in place of objectness.
      for classes in classes { mask(classes, by: selection) }
    }
  }

  private mutating func branch(_ name: String, _ x: Value, style: BlockStyle) -> Value {
    scoped(name) { builder in
      let first = builder.spatialConv("0", x, to: builder.channels(of: x), kernel: 3, style: style)
      return builder.spatialConv("1", first, to: builder.channels(of: x), kernel: 3, style: style)
    }
  }
}

/// The predictions of a level, by the names of the graph's outputs.
package enum HeadOutput: String, CaseIterable, Sendable {
  case box
  case objectness
  case classes = "class"
  /// Only of the head without suppression.
  case selection

  package func name(level: Int) -> String { "\(rawValue)\(level)" }
}
