import Engine

extension GraphBuilder {
  /// The head of YOLOv3, the paper's baseline: on each level one branch for classes, box and objectness.
  ///
  /// YOLOv3 predicts all outputs of a level with one 1x1 convolution. Here it is split into one for each output and anchor,
  /// with equal results.
  ///
  /// Declares outputs as ``decoupledHead(_:channels:classCount:style:selecting:)`` does, for `level * anchors + anchor`
  /// in place of the level.
  mutating func coupledHead(
    _ features: FeaturePyramid, channels: Int, classCount: Int, anchors: Int, style: BlockStyle
  ) {
    for (level, feature) in features.levels.enumerated() {
      let stem = baseConv("stems.\(level)", feature, to: channels, kernel: 1, activation: style.activation)
      let shared = spatialConv("convs.\(level)", stem, to: 2 * channels, kernel: 3, style: style)
      for group in level * anchors..<(level + 1) * anchors {
        let classes = convolution("cls_preds.\(group)", shared, to: classCount, kernel: 1, bias: true)
        let box = convolution("reg_preds.\(group)", shared, to: 4, kernel: 1, bias: true)
        let objectness = convolution("obj_preds.\(group)", shared, to: 1, kernel: 1, bias: true)
        output(HeadOutput.box.name(level: group), box)
        output(HeadOutput.objectness.name(level: group), objectness)
        output(HeadOutput.classes.name(level: group), classes)
      }
    }
  }
}
