import CTraining
import Engine

extension TrainingExecutor {
  /// Gives batch normalisations that were folded into convolutions statistics to train from. Each is expected to add its
  /// bias only; its convolution's output has mean m and variance v over `batches`. With weight sqrt(v + epsilon), bias + m,
  /// running mean m and running variance v, inference computes the same outputs, and training normalises to nearly the
  /// same.
  package func unfoldBatchNorm(_ batches: [Tensor]) {
    let normalizations = operators.compactMap { op -> (op: TrainingOperator, operation: BatchNormOperator)? in
      if case .normalization(let operation) = op.kind { (op, operation) } else { nil }
    }
    var sums = normalizations.map { _ in [Double]() }
    var counts = Array(repeating: 0.0, count: normalizations.count)
    for batch in batches {
      // Outputs do not depend on the statistics yet, so that batches can be added up.
      forward(batch, usesRunningStatistics: true)
      for (index, (op, _)) in normalizations.enumerated() {
        let shape = shapes[op.result]
        let x = UnsafePointer(pointer(op.inputs[0]))
        if sums[index].isEmpty { sums[index] = Array(repeating: 0, count: 2 * shape.channels) }
        for channel in 0..<shape.channels {
          var (first, second) = (0.0, 0.0)
          for image in 0..<shape.images {
            yt_moments(x + image * shape.image + channel * shape.plane, shape.plane, 0, &first, &second)
          }
          sums[index][2 * channel] += first
          sums[index][2 * channel + 1] += second
        }
        counts[index] += Double(shape.images * shape.plane)
      }
    }
    for (index, (_, operation)) in normalizations.enumerated() {
      var numbers = sums[index] + [counts[index]]
      team.processes.allReduce(&numbers)
      guard let count = numbers.last, count > 0 else { continue }
      for channel in 0..<numbers.count / 2 {
        let mean = numbers[2 * channel] / count
        let variance = max(0, numbers[2 * channel + 1] / count - mean * mean)
        parameters.pointer[operation.weightOffset + channel] =
          Float((variance + Double(batchNormalizationEpsilon)).squareRoot())
        parameters.pointer[operation.biasOffset + channel] += Float(mean)
        parameters.pointer[operation.meanOffset + channel] = Float(mean)
        parameters.pointer[operation.varianceOffset + channel] = Float(variance)
      }
    }
  }
}
