/// A convolution's weights with the BatchNorm after it multiplied in.
struct FoldedWeights {
  /// `[output channels, input channels / groups, kernel, kernel]`
  var weight: Tensor
  var bias: [Float]
  /// The convolution after a focus was folded into it: twice the kernel, at stride 2 over the image.
  var geometry: Geometry

  struct Geometry {
    let kernel: Int
    let stride: Int
    let padding: Int
  }
}

extension FoldedWeights {
  /// `BN(w * x + b) = (w s) * x + (b - mean) s + beta` with `s = gamma / sqrt(variance + epsilon)`. If the four
  /// parameters are absent, the checkpoint is already folded.
  mutating func multiply(by normalization: Node, _ parameters: Parameters) {
    guard let gamma = parameters[normalization.path + ".weight"]?.values,
      let beta = parameters[normalization.path + ".bias"]?.values,
      let mean = parameters[normalization.path + ".running_mean"]?.values,
      let variance = parameters[normalization.path + ".running_var"]?.values
    else { return }
    let perChannel = weight.count / bias.count
    for channel in bias.indices {
      let scale = gamma[channel] / (variance[channel] + batchNormalizationEpsilon).squareRoot()
      for index in channel * perChannel..<(channel + 1) * perChannel { weight.values[index] *= scale }
      bias[channel] = (bias[channel] - mean[channel]) * scale + beta[channel]
    }
  }

  /// A focus moves the pixels of each 2x2 square into channels; a k x k convolution of those is a 2k x 2k convolution
  /// with stride 2 of the image, with the same weights in other positions.
  mutating func foldFocus() {
    let (outputs, kernel) = (weight.shape[0], weight.shape[2])
    let channels = weight.shape[1] / FocusPhase.all.count
    var unfolded = Tensor(shape: [outputs, channels, kernel * 2, kernel * 2])
    for output in 0..<outputs {
      for (phaseIndex, phase) in FocusPhase.all.enumerated() {
        for channel in 0..<channels {
          for ky in 0..<kernel {
            for kx in 0..<kernel {
              let row = (output * channels + channel) * kernel * 2 + ky * 2 + phase.row
              unfolded.values[row * kernel * 2 + kx * 2 + phase.column] =
                weight[output, phaseIndex * channels + channel, ky, kx]
            }
          }
        }
      }
    }
    weight = unfolded
    geometry = .init(kernel: kernel * 2, stride: geometry.stride * 2, padding: geometry.padding * 2)
  }
}
