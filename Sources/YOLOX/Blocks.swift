import Engine

/// Settings of all blocks of a network: the activation, and whether k x k convolutions are depthwise separable.
struct BlockStyle: Sendable {
  let activation: Activation
  let depthwise: Bool
}

// The blocks of network_blocks.py. Scope names are attribute names there, so that paths are state_dict keys.
extension GraphBuilder {
  /// Convolution without bias, batch normalisation, activation.
  mutating func baseConv(
    _ name: String, _ x: Value, to channels: Int, kernel: Int, stride: Int = 1, groups: Int = 1,
    activation: Activation
  ) -> Value {
    scoped(name) { builder in
      let convolved = builder.convolution(
        "conv", x, to: channels, kernel: kernel, stride: stride, groups: groups, bias: false)
      return builder.activation(activation, builder.batchNormalization("bn", convolved))
    }
  }

  /// Depthwise 3x3 and then pointwise 1x1, each a ``baseConv(_:_:to:kernel:stride:groups:activation:)``.
  mutating func dwConv(
    _ name: String, _ x: Value, to channels: Int, kernel: Int, stride: Int = 1, activation: Activation
  ) -> Value {
    scoped(name) { builder in
      let inputChannels = builder.channels(of: x)
      let filtered = builder.baseConv(
        "dconv", x, to: inputChannels, kernel: kernel, stride: stride, groups: inputChannels,
        activation: activation)
      return builder.baseConv("pconv", filtered, to: channels, kernel: 1, activation: activation)
    }
  }

  /// The k x k convolution of a network: separable in the depthwise ones (nano), dense in the others.
  mutating func spatialConv(
    _ name: String, _ x: Value, to channels: Int, kernel: Int, stride: Int = 1, style: BlockStyle
  ) -> Value {
    style.depthwise
      ? dwConv(name, x, to: channels, kernel: kernel, stride: stride, activation: style.activation)
      : baseConv(name, x, to: channels, kernel: kernel, stride: stride, activation: style.activation)
  }

  /// 1x1 then 3x3; `shortcut` adds the input.
  mutating func bottleneck(_ name: String, _ x: Value, shortcut: Bool, style: BlockStyle) -> Value {
    scoped(name) { builder in
      let channels = builder.channels(of: x)
      let reduced = builder.baseConv("conv1", x, to: channels, kernel: 1, activation: style.activation)
      let y = builder.spatialConv("conv2", reduced, to: channels, kernel: 3, style: style)
      return shortcut ? builder.add(y, x) : y
    }
  }

  /// Cross-stage partial block: half of the channels pass through `count` bottlenecks, half bypass them.
  mutating func cspLayer(
    _ name: String, _ x: Value, to channels: Int, bottlenecks count: Int, shortcut: Bool, style: BlockStyle
  ) -> Value {
    scoped(name) { builder in
      var main = builder.baseConv("conv1", x, to: channels / 2, kernel: 1, activation: style.activation)
      let side = builder.baseConv("conv2", x, to: channels / 2, kernel: 1, activation: style.activation)
      for index in 0..<count {
        main = builder.bottleneck("m.\(index)", main, shortcut: shortcut, style: style)
      }
      return builder.baseConv(
        "conv3", builder.concat(main, side), to: channels, kernel: 1, activation: style.activation)
    }
  }

  /// Spatial pyramid pooling: concatenates the input and its maxima over 5x5, 9x9 and 13x13 windows.
  mutating func sppBottleneck(_ name: String, _ x: Value, to channels: Int, activation: Activation) -> Value {
    scoped(name) { builder in
      let hidden = builder.channels(of: x) / 2
      let reduced = builder.baseConv("conv1", x, to: hidden, kernel: 1, activation: activation)
      let pooled = [5, 9, 13].map { builder.maxPool(reduced, kernel: $0) }
      return builder.baseConv(
        "conv2", builder.concat([reduced] + pooled), to: channels, kernel: 1, activation: activation)
    }
  }

  /// Darknet's residual block: 1x1 to half the channels, 3x3 back, input added.
  mutating func resLayer(_ name: String, _ x: Value) -> Value {
    scoped(name) { builder in
      let channels = builder.channels(of: x)
      let reduced = builder.baseConv("layer1", x, to: channels / 2, kernel: 1, activation: .leakyReLU)
      let restored = builder.baseConv("layer2", reduced, to: channels, kernel: 3, activation: .leakyReLU)
      return builder.add(x, restored)
    }
  }
}
