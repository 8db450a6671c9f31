import Engine

/// A network as an ONNX file computes it, in the few operations that detection networks are made of. What belongs to
/// exporters is gone: constants are folded, biases and normalisations are part of their convolutions, activations have
/// names, pools are as wide as their sum.
package struct ExportedNetwork: Sendable {
  package enum Operation: Sendable, Equatable {
    /// What the first convolution reads.
    case image
    case convolution(ExportedConvolution)
    case activation(ExportedActivation)
    case add
    /// Joins along the channels.
    case concat
    /// Stride 1, the size stays.
    case maxPool(kernel: Int)
    /// Nearest neighbour.
    case upsample2x
  }

  package struct Node: Sendable, Equatable {
    package let operation: Operation
    package let inputs: [Int]
    /// `[N, C, H, W]` for an image of the size that the file was followed with.
    package let shape: [Int]
    /// Of the file's value, for errors.
    package let name: String

    package init(operation: Operation, inputs: [Int], shape: [Int], name: String) {
      self.operation = operation
      self.inputs = inputs
      self.shape = shape
      self.name = name
    }
  }

  /// In an order in which they can run.
  package let nodes: [Node]
  package let image: ExportedImage
  /// Convolutions whose results the file decodes, or gives as they are.
  package let predictions: [Int]
  /// What the file makes of them.
  package let decoding: ExportedDecoding
  /// The file's `metadata_props`.
  package let metadata: [String: String]
  /// What is suspicious about the file's numbers, a line each.
  package let warnings: [String]

  /// The same file with its network written in other nodes.
  package func replacing(nodes: [Node]) -> ExportedNetwork {
    ExportedNetwork(
      nodes: nodes, image: image, predictions: predictions, decoding: decoding, metadata: metadata,
      warnings: warnings)
  }
}

package struct ExportedConvolution: Sendable, Equatable {
  /// `[output channels, input channels / groups, height, width]`
  package var weight: Tensor
  package var bias: [Float]
  package let stride: [Int]
  /// Top, left, bottom, right.
  package let padding: [Int]
  package let groups: Int

  package init(weight: Tensor, bias: [Float], stride: [Int], padding: [Int], groups: Int) {
    self.weight = weight
    self.bias = bias
    self.stride = stride
    self.padding = padding
    self.groups = groups
  }
}

package enum ExportedActivation: Sendable, Hashable {
  case silu
  case relu
  case leakyReLU(slope: Float)
  case relu6
  case hardSwish
  /// The operators that make it.
  case unknown(operators: String)
}

/// What an ONNX file takes as its image, and what its first convolution sees of it.
package struct ExportedImage: Sendable, Equatable {
  /// One channel that the first convolution reads: `scale * pixel + offset`, of the pixels in rows `row`, `row + step`,
  /// ... and columns `column`, ...
  package struct Channel: Sendable, Equatable {
    package let channel: Int
    package let row: Int
    package let column: Int
    package let scale: Float
    package let offset: Float
  }

  /// Of the input, `[N, C, H, W]` whatever its layout in the file; `nil` for lengths that are left open.
  package let shape: [Int?]
  /// Whether the input holds bytes.
  package let isByte: Bool
  /// 2 after a focus, otherwise 1.
  package let step: Int
  package let channels: [Channel]
}
