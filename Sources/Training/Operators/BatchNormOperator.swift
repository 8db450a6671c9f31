import CTraining
import Engine

/// Batch normalisation over the batch's own statistics (Ioffe and Szegedy 2015) together with the activation after it.
///
/// The normalised values between the two are not kept: the way back works them out again from the convolution's
/// result, which saves a third of the memory of a block.
struct BatchNormOperator {
  let weightOffset: Int
  let biasOffset: Int
  let meanOffset: Int
  let varianceOffset: Int
  let activation: Activation?
  /// Whether the running statistics are used and kept as they are, instead of the batch's own.
  let isStatisticsFrozen: Bool

  /// Share of a batch's statistics in the running ones; `init_yolo` in the authors' Exp.
  static let momentum: Float = 0.03

  /// - Parameters:
  ///   - parameters: weight and bias are read, the running statistics are moved.
  ///   - statistics: receives mean and reciprocal deviation for each channel, which the way back needs.
  func forward(
    _ x: UnsafePointer<Float>, _ shape: FeatureMapShape, into y: UnsafeMutablePointer<Float>,
    parameters: UnsafeMutablePointer<Float>, statistics: UnsafeMutablePointer<Float>, crew: Crew
  ) {
    let count = Double(shape.images * shape.plane * crew.statisticsPeers.count)
    let isShared = crew.statisticsPeers.count > 1

    func apply(_ channel: Int, _ sums: Sums) {
      let (mean, variance) =
        isStatisticsFrozen
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

    forEachChannel(shape, crew) { channel in
      // Sums of distances from some value of the channel: squares do not cancel where the mean is large.
      let first = x + channel * shape.plane
      var sums = Sums(shift: isShared ? parameters[meanOffset + channel] : first[0])
      if isStatisticsFrozen { return sums }
      for image in 0..<shape.images {
        yt_moments(first + image * shape.image, shape.plane, sums.shift, &sums.first, &sums.second)
      }
      return sums
    } then: {
      apply($0, $1)
    }
  }

  /// What is added up over a channel.
  private struct Sums {
    var shift: Float = 0
    var first = 0.0
    var second = 0.0
  }

  /// Adds up each channel and goes on with its sums; where other processes have a part in them, after asking those.
  private func forEachChannel(
    _ shape: FeatureMapShape, _ crew: Crew, add: (Int) -> Sums, then apply: (Int, Sums) -> Void
  ) {
    guard crew.statisticsPeers.count > 1, !isStatisticsFrozen else {
      crew.share(shape.channels) { _, channels in
        for channel in channels { apply(channel, add(channel)) }
      }
      return
    }
    var sums = (0..<shape.channels).map(add)
    var numbers = sums.flatMap { [$0.first, $0.second] }
    crew.statisticsPeers.sum(&numbers)
    for channel in sums.indices {
      (sums[channel].first, sums[channel].second) = (numbers[2 * channel], numbers[2 * channel + 1])
    }
    crew.share(shape.channels) { _, channels in
      for channel in channels { apply(channel, sums[channel]) }
    }
  }

  /// Mean and variance of a batch, which also move the running ones.
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

  /// `d` holds the gradient of the result and receives the gradient of `x`.
  func backward(
    _ x: UnsafePointer<Float>, _ shape: FeatureMapShape, _ d: UnsafeMutablePointer<Float>,
    parameters: UnsafePointer<Float>, statistics: UnsafePointer<Float>,
    gradients: UnsafeMutablePointer<Float>?, crew: Crew
  ) {
    let count = Float(shape.images * shape.plane * crew.statisticsPeers.count)

    forEachChannel(shape, crew) { channel in
      let (mean, reciprocal) = (statistics[2 * channel], statistics[2 * channel + 1])
      let scale = parameters[weightOffset + channel] * reciprocal
      let offset = parameters[biasOffset + channel] - mean * scale
      var sums = Sums()
      for image in 0..<shape.images {
        let plane = image * shape.image + channel * shape.plane
        yt_affine_activation_backward(
          x + plane, d + plane, shape.plane, scale, offset, mean, code, &sums.first, &sums.second)
      }
      // Those of this process; all processes' gradients are added later.
      gradients?[weightOffset + channel] += Float(sums.second) * reciprocal
      gradients?[biasOffset + channel] += Float(sums.first)
      return sums
    } then: { channel, sums in
      let (mean, reciprocal) = (statistics[2 * channel], statistics[2 * channel + 1])
      let scale = parameters[weightOffset + channel] * reciprocal
      // dx = scale * (dz - mean(dz) - normalised(x) * mean(dz * normalised(x))); statistics that do not depend on x
      // leave the first part.
      let slope =
        isStatisticsFrozen ? 0 : -scale * reciprocal * reciprocal * Float(sums.second) / count
      let shift = isStatisticsFrozen ? 0 : -scale * Float(sums.first) / count - slope * mean
      for image in 0..<shape.images {
        let plane = image * shape.image + channel * shape.plane
        yt_normalization_backward(x + plane, d + plane, shape.plane, scale, slope, shift)
      }
    }
  }

  private var code: Int32 { activation.code }
}

extension Activation? {
  /// How the C loops call it.
  var code: Int32 {
    let kind =
      switch self {
      case nil: YT_IDENTITY
      case .silu: YT_SILU
      case .relu: YT_RELU
      case .leakyReLU: YT_LEAKY_RELU
      case .sigmoid: YT_SIGMOID
      }
    return Int32(kind)
  }
}
