/// A dense block of float32 numbers, row-major: the last dimension varies fastest.
///
/// It carries weights from a checkpoint and values in and out of a network. The running network does not use it:
/// a plan lays its values out in an arena of its own.
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
