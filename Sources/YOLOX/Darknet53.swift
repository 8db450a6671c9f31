import Engine

extension GraphBuilder {
  /// DarkNet53 with spatial pyramid pooling (darknet.py, Darknet): the paper's baseline backbone.
  mutating func darknet53(_ image: Value) -> FeaturePyramid {
    let stem = scoped("stem") { builder in
      let first = builder.leakyConv("0", image, to: 32, kernel: 3)
      return builder.residualStage(first, to: 64, blocks: 1, firstIndex: 1)
    }
    let dark2 = scoped("dark2") { $0.residualStage(stem, to: 128, blocks: 2) }
    let dark3 = scoped("dark3") { $0.residualStage(dark2, to: 256, blocks: 8) }
    let dark4 = scoped("dark4") { $0.residualStage(dark3, to: 512, blocks: 8) }
    let dark5 = scoped("dark5") { builder in
      let deep = builder.residualStage(dark4, to: 1024, blocks: 4)
      var x = builder.leakyConv("5", deep, to: 512, kernel: 1)
      x = builder.leakyConv("6", x, to: 1024, kernel: 3)
      x = builder.sppBottleneck("7", x, to: 512, activation: .leakyReLU)
      x = builder.leakyConv("8", x, to: 1024, kernel: 3)
      return builder.leakyConv("9", x, to: 512, kernel: 1)
    }
    return FeaturePyramid(stride8: dark3, stride16: dark4, stride32: dark5)
  }

  /// Top-down feature pyramid (yolo_fpn.py): 128, 256 and 512 channels at strides 8, 16 and 32.
  mutating func fpn(_ features: FeaturePyramid) -> FeaturePyramid {
    let lateral32 = leakyConv("out1_cbl", features.stride32, to: 256, kernel: 1)
    let out16 = embedding("out1", concat(upsample2x(lateral32), features.stride16), narrow: 256, wide: 512)
    let lateral16 = leakyConv("out2_cbl", out16, to: 128, kernel: 1)
    let out8 = embedding("out2", concat(upsample2x(lateral16), features.stride8), narrow: 128, wide: 256)
    return FeaturePyramid(stride8: out8, stride16: out16, stride32: features.stride32)
  }

  /// Halves the map, then `blocks` residual layers, numbered as in the authors' `nn.Sequential`.
  private mutating func residualStage(_ x: Value, to channels: Int, blocks: Int, firstIndex: Int = 0) -> Value
  {
    var x = baseConv("\(firstIndex)", x, to: channels, kernel: 3, stride: 2, activation: .leakyReLU)
    for block in 1...blocks { x = resLayer("\(firstIndex + block)", x) }
    return x
  }

  private mutating func embedding(_ name: String, _ x: Value, narrow: Int, wide: Int) -> Value {
    scoped(name) { builder in
      var x = builder.leakyConv("0", x, to: narrow, kernel: 1)
      for index in [1, 3] {
        x = builder.leakyConv("\(index)", x, to: wide, kernel: 3)
        x = builder.leakyConv("\(index + 1)", x, to: narrow, kernel: 1)
      }
      return x
    }
  }

  private mutating func leakyConv(_ name: String, _ x: Value, to channels: Int, kernel: Int) -> Value {
    baseConv(name, x, to: channels, kernel: kernel, activation: .leakyReLU)
  }
}
