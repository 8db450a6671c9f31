import Engine

extension Graph {
  /// The whole network of `architecture` for `classCount` classes: image `[N, 3, H, W]` (BGR) to the head's
  /// predictions at strides 8, 16 and 32.
  ///
  /// - Parameter exposingFeatures: also declare the head's inputs as outputs `pan0`, `pan1`, `pan2`.
  package static func yolox(
    _ architecture: Architecture, classCount: Int, exposingFeatures: Bool = false
  ) -> Graph {
    var builder = GraphBuilder()
    let image = builder.input(channels: 3)
    let style: BlockStyle
    let headChannels: Int

    let features: FeaturePyramid
    switch architecture.backbone {
    case .cspDarknet(let baseChannels, let baseDepth, let depthwise):
      style = BlockStyle(activation: architecture.activation, depthwise: depthwise)
      headChannels = baseChannels * 4
      features = builder.scoped("backbone") { builder in
        let backbone = builder.scoped("backbone") {
          $0.cspDarknet(image, baseChannels: baseChannels, baseDepth: baseDepth, style: style)
        }
        return builder.pafpn(backbone, baseChannels: baseChannels, baseDepth: baseDepth, style: style)
      }
    case .darknet53:
      style = BlockStyle(activation: .leakyReLU, depthwise: false)
      headChannels = 256
      features = builder.scoped("backbone") { builder in
        let backbone = builder.scoped("backbone") { $0.darknet53(image) }
        return builder.fpn(backbone)
      }
    }

    if exposingFeatures {
      for (level, feature) in features.levels.enumerated() { builder.output("pan\(level)", feature) }
    }
    builder.scoped("head") { builder in
      switch architecture.head {
      case .decoupled, .nmsFree, .anchoredDecoupled:
        builder.decoupledHead(
          features, channels: headChannels, classCount: classCount, anchors: architecture.head.anchors,
          style: style, selecting: architecture.head == .nmsFree)
      case .coupled, .anchored:
        builder.coupledHead(
          features, channels: headChannels, classCount: classCount,
          anchors: architecture.head.anchors, style: style)
      }
    }
    return builder.build()
  }

  /// Weights and biases; running statistics are not parameters.
  package var parameterCount: Int {
    parameterShapes.filter { !$0.name.hasSuffix("running_mean") && !$0.name.hasSuffix("running_var") }
      .reduce(0) { $0 + $1.shape.reduce(1, *) }
  }
}
