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

  /// Share of a batch's statistics in the running ones; `init_yolo` in the authors' Exp.
  static let momentum: Float = 0.03

  /// - Parameters:
  ///   - parameters: weight and bias are read, the running statistics are moved.
  ///   - statistics: receives mean and reciprocal deviation for each channel, which the way back needs.
  func forward(
    _ x: UnsafePointer<Float>, _ shape: MapShape, into y: UnsafeMutablePointer<Float>,
    parameters: UnsafeMutablePointer<Float>, statistics: UnsafeMutablePointer<Float>, crew: Crew
  ) {
    let count = Double(shape.images * shape.plane)
    crew.share(shape.channels) { _, channels in
      for channel in channels {
        let first = x + channel * shape.plane
        var (sum, squares) = (0.0, 0.0)
        for image in 0..<shape.images {
          // Sums of distances from some value of the channel: squares do not cancel where the mean is large.
          yt_moments(first + image * shape.image, shape.plane, first[0], &sum, &squares)
        }
        let mean = Float(Double(first[0]) + sum / count)
        let variance = max(0, squares / count - (sum / count) * (sum / count))
        let reciprocal = Float(1 / (variance + Double(batchNormalizationEpsilon)).squareRoot())
        statistics[2 * channel] = mean
        statistics[2 * channel + 1] = reciprocal

        let momentum = NormalizationGradient.momentum
        let unbiased = Float(variance * count / max(count - 1, 1))
        parameters[meanOffset + channel] += momentum * (mean - parameters[meanOffset + channel])
        parameters[varianceOffset + channel] += momentum * (unbiased - parameters[varianceOffset + channel])

        let scale = parameters[weightOffset + channel] * reciprocal
        let offset = parameters[biasOffset + channel] - mean * scale
        for image in 0..<shape.images {
          let plane = image * shape.image + channel * shape.plane
          yt_affine_activation(x + plane, y + plane, shape.plane, scale, offset, code)
        }
      }
    }
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
        // dx = scale * (dz - mean(dz) - normalised(x) * mean(dz * normalised(x)))
        let slope = -scale * reciprocal * reciprocal * Float(product) / count
        let shift = -scale * Float(sum) / count - slope * mean
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
