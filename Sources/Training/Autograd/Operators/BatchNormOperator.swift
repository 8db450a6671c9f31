import CTraining
import Engine

/// Batch normalisation with batch statistics (Ioffe and Szegedy 2015), fused with the activation after it.
///
/// The normalised values are not stored: the backward pass recomputes them from the convolution's result, which saves a
/// third of the memory of a block.
struct BatchNormOperator {
  let weightOffset: Int
  let biasOffset: Int
  let meanOffset: Int
  let varianceOffset: Int
  let activation: Activation?
  /// Whether to normalise by the running statistics without updating them.
  let isBatchNormFrozen: Bool

  /// Weight of a batch in the running statistics; `init_yolo` in the authors' Exp.
  static let momentum: Float = 0.03

  /// - Parameters:
  ///   - parameters: weight and bias are read, the running statistics updated.
  ///   - statistics: receives mean and reciprocal standard deviation of each channel for the backward pass.
  ///   - isFrozen: whether to normalise by the running statistics without updating them.
  func forward(
    _ x: UnsafePointer<Float>, _ shape: FeatureMapShape, into y: UnsafeMutablePointer<Float>,
    parameters: UnsafeMutablePointer<Float>, statistics: UnsafeMutablePointer<Float>, isFrozen: Bool,
    team: ThreadTeam
  ) {
    let count = Double(shape.images * shape.plane * team.batchNormProcesses.count)
    let isSynchronized = team.batchNormProcesses.count > 1

    func apply(_ channel: Int, _ sums: Sums) {
      let (mean, variance) =
        isFrozen
        ? (parameters[meanOffset + channel], Double(parameters[varianceOffset + channel]))
        : moments(sums, count, channel, parameters)
      let reciprocal = Float(1 / (variance + Double(batchNormalizationEpsilon)).squareRoot())
      statistics[2 * channel] = mean
      statistics[2 * channel + 1] = reciprocal
      let scale = parameters[weightOffset + channel] * reciprocal
      let offset = parameters[biasOffset + channel] - mean * scale
      for image in 0..<shape.images {
        let plane = image * shape.image + channel * shape.plane
        yt_affine_activation(x + plane, y + plane, shape.plane, scale, offset, code)
      }
    }

    forEachChannel(shape, team, isFrozen: isFrozen) { channel in
      // Shifted by a value of the channel, so that the squares do not cancel where the mean is large.
      let first = x + channel * shape.plane
      var sums = Sums(shift: isSynchronized ? parameters[meanOffset + channel] : first[0])
      if isFrozen { return sums }
      for image in 0..<shape.images {
        yt_moments(first + image * shape.image, shape.plane, sums.shift, &sums.first, &sums.second)
      }
      return sums
    } then: {
      apply($0, $1)
    }
  }

  /// Sums over a channel.
  private struct Sums {
    var shift: Float = 0
    var first = 0.0
    var second = 0.0
  }

  /// Calls `apply` with the sums of each channel, reduced over all processes if batch normalisation is synchronised.
  private func forEachChannel(
    _ shape: FeatureMapShape, _ team: ThreadTeam, isFrozen: Bool, add: (Int) -> Sums,
    then apply: (Int, Sums) -> Void
  ) {
    guard team.batchNormProcesses.count > 1, !isFrozen else {
      team.parallelFor(shape.channels) { _, channels in
        for channel in channels { apply(channel, add(channel)) }
      }
      return
    }
    var sums = (0..<shape.channels).map(add)
    var numbers = sums.flatMap { [$0.first, $0.second] }
    team.batchNormProcesses.allReduce(&numbers)
    for channel in sums.indices {
      (sums[channel].first, sums[channel].second) = (numbers[2 * channel], numbers[2 * channel + 1])
    }
    team.parallelFor(shape.channels) { _, channels in
      for channel in channels { apply(channel, sums[channel]) }
    }
  }

  /// Mean and variance of the batch; also updates the running statistics.
  private func moments(
    _ sums: Sums, _ count: Double, _ channel: Int, _ parameters: UnsafeMutablePointer<Float>
  ) -> (mean: Float, variance: Double) {
    let mean = Float(Double(sums.shift) + sums.first / count)
    let variance = max(0, sums.second / count - (sums.first / count) * (sums.first / count))
    let momentum = BatchNormOperator.momentum
    let unbiased = Float(variance * count / max(count - 1, 1))
    parameters[meanOffset + channel] += momentum * (mean - parameters[meanOffset + channel])
    parameters[varianceOffset + channel] += momentum * (unbiased - parameters[varianceOffset + channel])
    return (mean, variance)
  }

  /// `d` holds the gradient of the result and is overwritten with the gradient of `x`.
  func backward(
    _ x: UnsafePointer<Float>, _ shape: FeatureMapShape, _ d: UnsafeMutablePointer<Float>,
    parameters: UnsafePointer<Float>, statistics: UnsafePointer<Float>,
    gradients: UnsafeMutablePointer<Float>?, team: ThreadTeam
  ) {
    let count = Float(shape.images * shape.plane * team.batchNormProcesses.count)

    forEachChannel(shape, team, isFrozen: isBatchNormFrozen) { channel in
      let (mean, reciprocal) = (statistics[2 * channel], statistics[2 * channel + 1])
      let scale = parameters[weightOffset + channel] * reciprocal
      let offset = parameters[biasOffset + channel] - mean * scale
      var sums = Sums()
      for image in 0..<shape.images {
        let plane = image * shape.image + channel * shape.plane
        yt_affine_activation_backward(
          x + plane, d + plane, shape.plane, scale, offset, mean, code, &sums.first, &sums.second)
      }
      // Of this process only; GradientAllReduce sums them over processes.
      gradients?[weightOffset + channel] += Float(sums.second) * reciprocal
      gradients?[biasOffset + channel] += Float(sums.first)
      return sums
    } then: { channel, sums in
      let (mean, reciprocal) = (statistics[2 * channel], statistics[2 * channel + 1])
      let scale = parameters[weightOffset + channel] * reciprocal
      // dx = scale * (dz - mean(dz) - normalised(x) * mean(dz * normalised(x))); with frozen statistics only the first
      // term remains.
      let inputScale =
        isBatchNormFrozen ? 0 : -scale * reciprocal * reciprocal * Float(sums.second) / count
      let shift = isBatchNormFrozen ? 0 : -scale * Float(sums.first) / count - inputScale * mean
      for image in 0..<shape.images {
        let plane = image * shape.image + channel * shape.plane
        yt_normalization_backward(x + plane, d + plane, shape.plane, scale, inputScale, shift)
      }
    }
  }

  private var code: Int32 { activation.code }
}

extension Activation? {
  /// The value of the C kernels' enumeration.
  var code: Int32 {
    let kind =
      switch self {
      case nil: YT_IDENTITY
      case .silu: YT_SILU
      case .relu: YT_RELU
      case .leakyReLU: YT_LEAKY_RELU
      case .relu6: YT_RELU6
      case .hardSwish: YT_HARD_SWISH
      case .sigmoid: YT_SIGMOID
      }
    return Int32(kind)
  }
}
