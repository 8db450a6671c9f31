/// A dense block of float32 numbers, row-major: the last dimension varies fastest.
///
/// Holds weights from checkpoints, and inputs and outputs of networks. A running network does not use it: a plan has its
/// own layouts in one block of memory.
package struct Tensor: Sendable, Equatable {
  /// Extent of each dimension; empty for a scalar. Images are `[N, C, H, W]`, convolution weights
  /// `[output channels, input channels / groups, kernel height, kernel width]`.
  package let shape: [Int]
  package var values: [Float]

  package init(shape: [Int], values: [Float]) {
    precondition(shape.reduce(1, *) == values.count, "a tensor's values must fill its shape \(shape)")
    self.shape = shape
    self.values = values
  }

  package init(shape: [Int], repeating value: Float = 0) {
    self.shape = shape
    self.values = [Float](repeating: value, count: shape.reduce(1, *))
  }

  package var count: Int { values.count }
}

/// Named weights, by their key in the authors' state_dict, e.g. `backbone.backbone.stem.conv.conv.weight`.
package typealias Parameters = [String: Tensor]

extension Tensor {
  /// A tensor `[N, C, H, W]` with `value` of each index.
  package init(shape: [Int], _ value: (_ n: Int, _ channel: Int, _ row: Int, _ column: Int) -> Float) {
    self.init(shape: shape)
    var index = 0
    for n in 0..<shape[0] {
      for channel in 0..<shape[1] {
        for row in 0..<shape[2] {
          for column in 0..<shape[3] {
            values[index] = value(n, channel, row, column)
            index += 1
          }
        }
      }
    }
  }

  package subscript(n: Int, channel: Int, row: Int, column: Int) -> Float {
    values[((n * shape[1] + channel) * shape[2] + row) * shape[3] + column]
  }
}
