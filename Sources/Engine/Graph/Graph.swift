/// A network as data: nodes in topological order, each naming the weights that it reads.
///
/// Inference turns the graph into a ``Plan`` (folded, fused, packed) and runs it; training executes the same nodes forward
/// and then in reverse. A graph fixes channels, but neither batch size nor image size: see
/// ``shapes(batch:height:width:)``.
package struct Graph: Sendable {
  package let nodes: [Node]
  /// The network's outputs by name, in order of declaration.
  package let outputs: [(name: String, value: Value)]
  /// Values that are needed only where another value reaches a threshold, which the caller of a run chooses.
  package let masks: [(masked: Value, by: Value)]

  package subscript(_ value: Value) -> Node { nodes[value.index] }

  package func output(_ name: String) -> Value? { outputs.first { $0.name == name }?.value }
}

/// The result of the node at `index`. Every node has exactly one result.
package struct Value: Hashable, Sendable {
  package let index: Int
}

package struct Node: Sendable {
  package let operation: Operation
  package let inputs: [Value]
  /// Channels of this node's result.
  package let channels: Int
  /// The node's place in the network; for nodes with weights, their prefix in the checkpoint, such as
  /// `backbone.backbone.dark2.0.conv`.
  package let path: String
}

package enum Operation: Sendable, Hashable {
  /// The image batch, `[N, channels, H, W]`.
  case input(channels: Int)
  /// Reads `<path>.weight` and, with a bias, `<path>.bias`.
  case convolution(Convolution)
  /// Reads `<path>.weight`, `.bias`, `.running_mean`, `.running_var`. Where a checkpoint was exported with
  /// normalisation already folded, those are absent, the convolution before has a bias, and this is the identity.
  case batchNormalization
  case activation(Activation)
  case add
  /// Concatenates channels.
  case concat
  /// Stride 1, padded with minus infinity so that the size stays.
  case maxPool(kernel: Int)
  /// Nearest neighbour.
  case upsample2x
  /// Space to depth by 2: `[N, C, H, W]` becomes `[N, 4C, H/2, W/2]`, the four phases in the authors' order
  /// (top-left, bottom-left, top-right, bottom-right; network_blocks.py, Focus).
  case focus
}

/// A square convolution with padding `(kernel - 1) / 2` on each side.
package struct Convolution: Sendable, Hashable {
  package let inputChannels: Int
  package let outputChannels: Int
  package let kernel: Int
  package let stride: Int
  package let groups: Int
  package let hasBias: Bool

  package var padding: Int { (kernel - 1) / 2 }
  package var isDepthwise: Bool { groups == inputChannels && groups == outputChannels && groups > 1 }
  package var weightShape: [Int] { [outputChannels, inputChannels / groups, kernel, kernel] }

  package func outputLength(_ length: Int) -> Int { (length + 2 * padding - kernel) / stride + 1 }
}

package enum Activation: Sendable, Hashable {
  case silu
  case relu
  /// Slope 0.1 below zero, as the authors' `lrelu`.
  case leakyReLU
  /// `min(max(x, 0), 6)`
  case relu6
  /// `x min(max(x / 6 + 1/2, 0), 1)`
  case hardSwish
  case sigmoid
}

/// Batch normalisation divides by `sqrt(variance + epsilon)`; the authors set epsilon in Exp.get_model.
package let batchNormalizationEpsilon: Float = 1e-3

extension Graph {
  /// Every weight that the network reads, with its shape, in the order of the nodes.
  package var parameterShapes: [(name: String, shape: [Int])] {
    nodes.flatMap { node -> [(name: String, shape: [Int])] in
      switch node.operation {
      case .convolution(let convolution):
        let weight = (name: node.path + ".weight", shape: convolution.weightShape)
        return convolution.hasBias ? [weight, (node.path + ".bias", [convolution.outputChannels])] : [weight]
      case .batchNormalization:
        return ["weight", "bias", "running_mean", "running_var"].map {
          (node.path + "." + $0, [node.channels])
        }
      default:
        return []
      }
    }
  }

  /// The shape `[N, C, H, W]` of every node's result for a batch of images of `height` x `width` pixels.
  package func shapes(batch: Int, height: Int, width: Int) -> [[Int]] {
    var shapes: [[Int]] = []
    shapes.reserveCapacity(nodes.count)
    for node in nodes {
      let source = node.inputs.first.map { shapes[$0.index] } ?? [batch, node.channels, height, width]
      let size: (height: Int, width: Int) =
        switch node.operation {
        case .convolution(let convolution):
          (convolution.outputLength(source[2]), convolution.outputLength(source[3]))
        case .upsample2x: (source[2] * 2, source[3] * 2)
        case .focus: (source[2] / 2, source[3] / 2)
        default: (source[2], source[3])
        }
      shapes.append([batch, node.channels, size.height, size.width])
    }
    return shapes
  }
}
