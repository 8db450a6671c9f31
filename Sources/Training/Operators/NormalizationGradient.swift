import CTraining
import Engine

/// Batch normalisation over the batch's own statistics (Ioffe and Szegedy 2015) together with the activation after it.
///
/// The normalised values between the two are not kept: the way back works them out again from the convolution's
/// result, which saves a third of the memory of a block.
struct NormalizationGradient {
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
    _ x: UnsafePointer<Float>, _ shape: MapShape, into y: UnsafeMutablePointer<Float>,
    parameters: UnsafeMutablePointer<Float>, statistics: UnsafeMutablePointer<Float>, crew: Crew
  ) {
    crew.share(shape.channels) { _, channels in
      for channel in channels {
        let (mean, variance) = moments(x, shape, channel, parameters)
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
    }
  }

  /// Mean and variance to normalise a channel by. The batch's own also move the running ones.
  private func moments(
    _ x: UnsafePointer<Float>, _ shape: MapShape, _ channel: Int, _ parameters: UnsafeMutablePointer<Float>
  ) -> (mean: Float, variance: Double) {
    let (meanPlace, variancePlace) = (meanOffset + channel, varianceOffset + channel)
    if isStatisticsFrozen { return (parameters[meanPlace], Double(parameters[variancePlace])) }
    let count = Double(shape.images * shape.plane)
    let first = x + channel * shape.plane
    var (sum, squares) = (0.0, 0.0)
    for image in 0..<shape.images {
      // Sums of distances from some value of the channel: squares do not cancel where the mean is large.
      yt_moments(first + image * shape.image, shape.plane, first[0], &sum, &squares)
    }
    let mean = Float(Double(first[0]) + sum / count)
    let variance = max(0, squares / count - (sum / count) * (sum / count))

    let momentum = NormalizationGradient.momentum
    let unbiased = Float(variance * count / max(count - 1, 1))
    parameters[meanPlace] += momentum * (mean - parameters[meanPlace])
    parameters[variancePlace] += momentum * (unbiased - parameters[variancePlace])
    return (mean, variance)
  }

  /// `d` holds the gradient of the result and receives the gradient of `x`.
  func backward(
    _ x: UnsafePointer<Float>, _ shape: MapShape, _ d: UnsafeMutablePointer<Float>,
    parameters: UnsafePointer<Float>, statistics: UnsafePointer<Float>,
    gradients: UnsafeMutablePointer<Float>?, crew: Crew
  ) {
    let count = Float(shape.images * shape.plane)
    crew.share(shape.channels) { _, channels in
      for channel in channels {
        let (mean, reciprocal) = (statistics[2 * channel], statistics[2 * channel + 1])
        let scale = parameters[weightOffset + channel] * reciprocal
        let offset = parameters[biasOffset + channel] - mean * scale
        var (sum, product) = (0.0, 0.0)
        for image in 0..<shape.images {
          let plane = image * shape.image + channel * shape.plane
          yt_affine_activation_backward(
            x + plane, d + plane, shape.plane, scale, offset, mean, code, &sum, &product)
        }
        // dx = scale * (dz - mean(dz) - normalised(x) * mean(dz * normalised(x))); statistics that do not depend on x
        // leave the first part.
        let slope = isStatisticsFrozen ? 0 : -scale * reciprocal * reciprocal * Float(product) / count
        let shift = isStatisticsFrozen ? 0 : -scale * Float(sum) / count - slope * mean
        for image in 0..<shape.images {
          let plane = image * shape.image + channel * shape.plane
          yt_normalization_backward(x + plane, d + plane, shape.plane, scale, slope, shift)
        }
        gradients?[weightOffset + channel] += Float(product) * reciprocal
        gradients?[biasOffset + channel] += Float(sum)
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
