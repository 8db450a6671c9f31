import COpenBLAS
import CTraining
import Engine

/// A convolution as matrix products (Chellapilla et al. 2006: im2col), or plane by plane where it is depthwise.
struct ConvolutionOperator {
  let convolution: Convolution
  let weightOffset: Int
  let biasOffset: Int?

  private var groups: Int { convolution.groups }
  private var outputs: Int { convolution.outputChannels / groups }
  private var inputs: Int { convolution.inputChannels / groups }
  /// Rows of the im2col matrix.
  private var depth: Int { inputs * convolution.kernel * convolution.kernel }
  private var isPointwise: Bool { convolution.kernel == 1 && convolution.stride == 1 }

  /// Output rows per matrix product: few enough that the columns stay in the L2 cache, enough to amortise packing.
  private func tile(_ yShape: FeatureMapShape) -> Int {
    if isPointwise { return yShape.height }
    let (cached, efficient) = (131_072 / (depth * yShape.width), (255 + yShape.width) / yShape.width)
    return min(yShape.height, max(1, cached, efficient))
  }

  private func forEachTile(_ yShape: FeatureMapShape, _ body: (_ rows: Range<Int>) -> Void) {
    let tile = tile(yShape)
    for top in stride(from: 0, to: yShape.height, by: tile) { body(top..<min(yShape.height, top + tile)) }
  }

  func forward(
    _ x: UnsafePointer<Float>, _ xShape: FeatureMapShape, into y: UnsafeMutablePointer<Float>,
    _ yShape: FeatureMapShape,
    weights: UnsafePointer<Float>, team: ThreadTeam
  ) {
    if convolution.isDepthwise {
      forwardDepthwise(x, xShape, into: y, yShape, weights: weights, team: team)
    } else {
      let columns = columnScratch(yShape, team)
      team.parallelFor(xShape.images) { thread, images in
        for image in images {
          for group in 0..<groups {
            let source = x + image * xShape.image + group * inputs * xShape.plane
            let target = y + image * yShape.image + group * outputs * yShape.plane
            forEachTile(yShape) { rows in
              let count = Int32(rows.count * yShape.width)
              cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(outputs), count, Int32(depth), 1,
                weights + weightOffset + group * outputs * depth, Int32(depth),
                matrix(source, xShape, rows, columns[thread]), count, 0,
                target + rows.lowerBound * yShape.width, Int32(yShape.plane))
            }
          }
        }
      }
    }
    guard let biasOffset else { return }
    for plane in 0..<yShape.images * yShape.channels {
      let bias = weights[biasOffset + plane % yShape.channels]
      for index in plane * yShape.plane..<(plane + 1) * yShape.plane { y[index] += bias }
    }
  }

  /// Adds the gradients of weight and bias to `gradients`. Writes the gradient of `x` to `dx` if given, or adds it if
  /// `accumulating`.
  func backward(
    _ x: UnsafePointer<Float>, _ xShape: FeatureMapShape, _ dy: UnsafePointer<Float>,
    _ yShape: FeatureMapShape,
    into dx: UnsafeMutablePointer<Float>?, accumulating: Bool, weights: UnsafePointer<Float>,
    gradients: UnsafeMutablePointer<Float>?, team: ThreadTeam
  ) {
    if let biasOffset, let gradients {
      for plane in 0..<yShape.images * yShape.channels {
        var sum = 0.0
        yt_sum(dy + plane * yShape.plane, yShape.plane, &sum)
        gradients[biasOffset + plane % yShape.channels] += Float(sum)
      }
    }
    if convolution.isDepthwise {
      return backwardDepthwise(
        x, xShape, dy, yShape, into: dx, accumulating: accumulating, weights: weights, gradients: gradients,
        team: team)
    }
    let weightCount = convolution.outputChannels * depth
    let columns = columnScratch(yShape, team)
    let sums = team.scratch(slot: 1, count: weightCount)
    for sum in sums { sum.update(repeating: 0, count: weightCount) }
    team.parallelFor(xShape.images) { thread, images in
      for image in images {
        for group in 0..<groups {
          let source = x + image * xShape.image + group * inputs * xShape.plane
          let outputGradient = dy + image * yShape.image + group * outputs * yShape.plane
          let target = dx.map { $0 + image * xShape.image + group * inputs * xShape.plane }
          if let target, !isPointwise, !accumulating {
            target.update(repeating: 0, count: inputs * xShape.plane)
          }
          forEachTile(yShape) { rows in
            let count = Int32(rows.count * yShape.width)
            let part = outputGradient + rows.lowerBound * yShape.width
            if gradients != nil {
              cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, Int32(outputs), Int32(depth), count, 1, part,
                Int32(yShape.plane), matrix(source, xShape, rows, columns[thread]), count, 1,
                sums[thread] + group * outputs * depth, Int32(depth))
            }
            guard let target else { return }
            let weight = weights + weightOffset + group * outputs * depth
            cblas_sgemm(
              CblasRowMajor, CblasTrans, CblasNoTrans, Int32(depth), count, Int32(outputs), 1, weight,
              Int32(depth), part, Int32(yShape.plane), isPointwise && accumulating ? 1 : 0,
              isPointwise ? target : columns[thread], count)
            if isPointwise { return }
            yt_col2im(
              columns[thread], target, Int32(inputs), Int32(xShape.height), Int32(xShape.width),
              Int32(convolution.kernel), Int32(convolution.stride), Int32(rows.lowerBound),
              Int32(rows.upperBound))
          }
        }
      }
    }
    if let gradients {
      for sum in sums { yt_add(gradients + weightOffset, sum, weightCount) }
    }
  }

  private func columnScratch(_ yShape: FeatureMapShape, _ team: ThreadTeam) -> [UnsafeMutablePointer<Float>] {
    team.scratch(slot: 0, count: isPointwise ? 0 : depth * tile(yShape) * yShape.width)
  }

  /// The im2col matrix for output `rows`. The input of a pointwise convolution is its own matrix.
  private func matrix(
    _ x: UnsafePointer<Float>, _ shape: FeatureMapShape, _ rows: Range<Int>,
    _ columns: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    if isPointwise { return x }
    yt_im2col(
      x, columns, Int32(inputs), Int32(shape.height), Int32(shape.width), Int32(convolution.kernel),
      Int32(convolution.stride), Int32(rows.lowerBound), Int32(rows.upperBound))
    return UnsafePointer(columns)
  }

  private func forwardDepthwise(
    _ x: UnsafePointer<Float>, _ xShape: FeatureMapShape, into y: UnsafeMutablePointer<Float>,
    _ yShape: FeatureMapShape,
    weights: UnsafePointer<Float>, team: ThreadTeam
  ) {
    let padded = team.scratch(slot: 0, count: paddedPlane(xShape, yShape))
    let area = convolution.kernel * convolution.kernel
    team.parallelFor(xShape.images * xShape.channels) { thread, planes in
      for plane in planes {
        yt_depthwise(
          x + plane * xShape.plane, weights + weightOffset + plane % xShape.channels * area,
          y + plane * yShape.plane, Int32(xShape.height), Int32(xShape.width), Int32(convolution.kernel),
          Int32(convolution.stride), padded[thread])
      }
    }
  }

  private func backwardDepthwise(
    _ x: UnsafePointer<Float>, _ xShape: FeatureMapShape, _ dy: UnsafePointer<Float>,
    _ yShape: FeatureMapShape,
    into dx: UnsafeMutablePointer<Float>?, accumulating: Bool, weights: UnsafePointer<Float>,
    gradients: UnsafeMutablePointer<Float>?, team: ThreadTeam
  ) {
    let padded = team.scratch(slot: 0, count: paddedPlane(xShape, yShape))
    let area = convolution.kernel * convolution.kernel
    let discarded = team.scratch(slot: 1, count: area)
    // Split over channels, so that no two threads write the same weight gradients.
    team.parallelFor(xShape.channels) { thread, channels in
      for channel in channels {
        let weight = weightOffset + channel * area
        for image in 0..<xShape.images {
          let plane = image * xShape.channels + channel
          yt_depthwise_backward(
            x + plane * xShape.plane, weights + weight, dy + plane * yShape.plane,
            dx.map { $0 + plane * xShape.plane }, gradients.map { $0 + weight } ?? discarded[thread],
            Int32(xShape.height), Int32(xShape.width), Int32(convolution.kernel), Int32(convolution.stride),
            accumulating ? 1 : 0, padded[thread])
        }
      }
    }
  }

  private func paddedPlane(_ x: FeatureMapShape, _ y: FeatureMapShape) -> Int {
    (x.height + convolution.kernel - 1) * (x.width + convolution.kernel - 1)
  }
}
