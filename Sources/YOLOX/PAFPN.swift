import Engine

extension GraphBuilder {
  /// Path aggregation: coarse features flow down to fine ones and back up again (yolo_pafpn.py).
  mutating func pafpn(
    _ features: FeaturePyramid, baseChannels: Int, baseDepth: Int, style: BlockStyle
  ) -> FeaturePyramid {
    let (narrow, middle, wide) = (baseChannels * 4, baseChannels * 8, baseChannels * 16)

    let lateral32 = baseConv(
      "lateral_conv0", features.stride32, to: middle, kernel: 1, activation: style.activation)
    let down16 = cspLayer(
      "C3_p4", concat(upsample2x(lateral32), features.stride16), to: middle, bottlenecks: baseDepth,
      shortcut: false, style: style)

    let lateral16 = baseConv("reduce_conv1", down16, to: narrow, kernel: 1, activation: style.activation)
    let out8 = cspLayer(
      "C3_p3", concat(upsample2x(lateral16), features.stride8), to: narrow, bottlenecks: baseDepth,
      shortcut: false, style: style)

    let up16 = spatialConv("bu_conv2", out8, to: narrow, kernel: 3, stride: 2, style: style)
    let out16 = cspLayer(
      "C3_n3", concat(up16, lateral16), to: middle, bottlenecks: baseDepth, shortcut: false, style: style)

    let up32 = spatialConv("bu_conv1", out16, to: middle, kernel: 3, stride: 2, style: style)
    let out32 = cspLayer(
      "C3_n4", concat(up32, lateral32), to: wide, bottlenecks: baseDepth, shortcut: false, style: style)

    return FeaturePyramid(stride8: out8, stride16: out16, stride32: out32)
  }
}
