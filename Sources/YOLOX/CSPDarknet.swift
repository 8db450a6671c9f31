import Engine

/// Three feature maps at strides 8, 16 and 32.
struct FeaturePyramid {
  let stride8: Value
  let stride16: Value
  let stride32: Value

  var levels: [Value] { [stride8, stride16, stride32] }
}

extension GraphBuilder {
  /// The backbone of YOLOX-Nano to X (darknet.py, CSPDarknet): a Focus stem and four stages that each halve the
  /// map and double the channels. Returns the last three.
  mutating func cspDarknet(_ image: Value, baseChannels: Int, baseDepth: Int, style: BlockStyle)
    -> FeaturePyramid
  {
    let stem = scoped("stem") { builder in
      builder.baseConv(
        "conv", builder.focus(image), to: baseChannels, kernel: 3, activation: style.activation)
    }
    let dark2 = darkStage("dark2", stem, to: baseChannels * 2, bottlenecks: baseDepth, style: style)
    let dark3 = darkStage("dark3", dark2, to: baseChannels * 4, bottlenecks: baseDepth * 3, style: style)
    let dark4 = darkStage("dark4", dark3, to: baseChannels * 8, bottlenecks: baseDepth * 3, style: style)
    let dark5 = scoped("dark5") { builder in
      let channels = baseChannels * 16
      let down = builder.spatialConv("0", dark4, to: channels, kernel: 3, stride: 2, style: style)
      let pooled = builder.sppBottleneck("1", down, to: channels, activation: style.activation)
      return builder.cspLayer(
        "2", pooled, to: channels, bottlenecks: baseDepth, shortcut: false, style: style)
    }
    return FeaturePyramid(stride8: dark3, stride16: dark4, stride32: dark5)
  }

  private mutating func darkStage(
    _ name: String, _ x: Value, to channels: Int, bottlenecks: Int, style: BlockStyle
  ) -> Value {
    scoped(name) { builder in
      let down = builder.spatialConv("0", x, to: channels, kernel: 3, stride: 2, style: style)
      return builder.cspLayer(
        "1", down, to: channels, bottlenecks: bottlenecks, shortcut: true, style: style)
    }
  }
}
