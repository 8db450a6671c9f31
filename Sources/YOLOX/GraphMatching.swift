import Checkpoints
import Engine

/// Finds one of our networks in what a file computes, from the predictions back to the image. The order of the file's
/// nodes and their names do not matter; which value flows where does.
struct GraphMatching {
  private let graph: Graph
  private let file: ExportedNetwork
  /// The file's node for each of ours.
  private var matched: [Int?]
  /// Of our concatenations: which part of the file's comes first, second, ...
  private var partOrder: [Int: [Int]] = [:]
  private var assigned: [Int] = []
  private var budget = 200_000
  private var best = (progress: -1, difference: Difference?.none)

  struct Difference {
    let path: String
    let found: String
    let expected: String
  }

  init(_ graph: Graph, _ file: ExportedNetwork) {
    self.graph = graph
    self.file = file
    matched = [Int?](repeating: nil, count: graph.nodes.count)
  }

  /// The first difference from the attempt that came furthest, and how far that was.
  var difference: (progress: Int, difference: Difference?) { best }

  /// - Parameter outputs: the file's node for each output of ours, by name.
  mutating func matches(_ outputs: [(name: String, node: Int)]) -> Bool {
    for (name, node) in outputs {
      guard let value = graph.output(name), match(value, node) else { return false }
    }
    return true
  }

  /// The activations between the convolutions.
  var activations: Set<ExportedActivation> {
    Set(
      graph.nodes.indices.compactMap { index in
        guard case .activation = graph.nodes[index].operation, let node = matched[index],
          case .activation(let activation) = file.nodes[node].operation
        else { return nil }
        return activation
      })
  }

  /// Our convolutions by their paths, with the file's weights; input channels in our order.
  var convolutions: [(path: String, convolution: ExportedConvolution)] {
    graph.nodes.indices.compactMap { index in
      guard case .convolution = graph.nodes[index].operation, let node = matched[index],
        case .convolution(var convolution) = file.nodes[node].operation
      else { return nil }
      let input = graph.nodes[index].inputs[0]
      if let order = partOrder[input.index], order != Array(order.indices), let concat = matched[input.index]
      {
        convolution.weight = convolution.weight.inputsReordered(
          parts: file.nodes[concat].inputs.map { file.nodes[$0].shape[1] }, order: order)
      }
      return (graph.nodes[index].path, convolution)
    }
  }

  private mutating func match(_ value: Value, _ number: Int) -> Bool {
    if let node = matched[value.index] { return node == number || fail(value, number) }
    budget -= 1
    guard budget > 0, file.nodes.indices.contains(number) else { return false }
    let node = graph[value]
    let other = file.nodes[number]
    let mark = assigned.count
    guard node.operation == .batchNormalization || fits(node, other) else { return fail(value, number) }
    matched[value.index] = number
    assigned.append(value.index)
    let isMatch: Bool =
      switch node.operation {
      case .input, .focus: true
      // The file has it folded into the convolution.
      case .batchNormalization: match(node.inputs[0], number)
      case .add, .concat: matchParts(value, node.inputs, other.inputs)
      default: match(node.inputs[0], other.inputs[0])
      }
    if !isMatch {
      for index in assigned[mark...] {
        matched[index] = nil
        partOrder[index] = nil
      }
      assigned.removeSubrange(mark...)
    }
    return isMatch
  }

  /// Sums and joined maps may come in any order.
  private mutating func matchParts(_ value: Value, _ ours: [Value], _ theirs: [Int]) -> Bool {
    for order in permutations(Array(theirs.indices)) {
      let mark = assigned.count
      if zip(ours, order).allSatisfy({ match($0, theirs[$1]) }) {
        partOrder[value.index] = order
        return true
      }
      for index in assigned[mark...] {
        matched[index] = nil
        partOrder[index] = nil
      }
      assigned.removeSubrange(mark...)
    }
    return false
  }

  private func permutations(_ items: [Int]) -> [[Int]] {
    guard items.count > 1 else { return [items] }
    return items.indices.flatMap { index -> [[Int]] in
      var rest = items
      let first = rest.remove(at: index)
      return permutations(rest).map { [first] + $0 }
    }
  }

  private func fits(_ node: Node, _ other: ExportedNetwork.Node) -> Bool {
    switch (node.operation, other.operation) {
    case (.input, .image), (.focus, .image), (.add, .add), (.upsample2x, .upsample2x),
      (.activation, .activation):
      true
    case (.concat, .concat): node.inputs.count == other.inputs.count
    case (.maxPool(let kernel), .maxPool(let other)): kernel == other
    case (.convolution(let convolution), .convolution(let other)):
      other.weight.shape == convolution.weightShape
        && other.stride == [convolution.stride, convolution.stride]
        && other.padding.allSatisfy({ $0 == convolution.padding }) && other.groups == convolution.groups
    default: false
    }
  }

  private mutating func fail(_ value: Value, _ number: Int) -> Bool {
    guard assigned.count > best.progress else { return false }
    let (node, other) = (graph[value], file.nodes[number])
    var (expected, found) = (node.operation.text, other.operation.text)
    if let earlier = matched[value.index] {
      (expected, found) = ("'\(file.nodes[earlier].name)'", "'\(other.name)'")
    } else if case .convolution(let ours) = node.operation, case .convolution(let theirs) = other.operation,
      ours.weightShape == theirs.weight.shape
    {
      expected += " with stride \(ours.stride), padding \(ours.padding), \(ours.groups) groups"
      found += " with stride \(theirs.stride[0]), padding \(theirs.padding), \(theirs.groups) groups"
    }
    best = (assigned.count, Difference(path: node.path, found: found, expected: expected))
    return false
  }
}

extension Operation {
  fileprivate var text: String {
    switch self {
    case .input: "the image"
    case .convolution(let convolution): "\(convolution.weightShape)"
    case .batchNormalization: "a convolution"
    case .activation: "an activation"
    case .add: "a sum"
    case .concat: "a concatenation"
    case .maxPool(let kernel): "a \(kernel)x\(kernel) maximum"
    case .upsample2x: "a doubled map"
    case .focus: "the image's focus"
    }
  }
}

extension ExportedNetwork.Operation {
  fileprivate var text: String {
    switch self {
    case .image: "the image"
    case .convolution(let convolution): "\(convolution.weight.shape)"
    case .activation: "an activation"
    case .add: "a sum"
    case .concat: "a concatenation"
    case .maxPool(let kernel): "a \(kernel)x\(kernel) maximum"
    case .upsample2x: "a doubled map"
    }
  }
}

extension Tensor {
  /// A convolution's weights for joined maps in another order.
  ///
  /// - Parameters:
  ///   - parts: channels of each map, in the order that the weights are in.
  ///   - order: which of them comes first, second, ...
  fileprivate func inputsReordered(parts: [Int], order: [Int]) -> Tensor {
    let starts = parts.indices.map { parts[..<$0].reduce(0, +) }
    let channels = order.flatMap { starts[$0]..<starts[$0] + parts[$0] }
    guard channels.count == shape[1] else { return self }
    let area = shape[2] * shape[3]
    var values: [Float] = []
    values.reserveCapacity(count)
    for output in 0..<shape[0] {
      for channel in channels {
        let start = (output * shape[1] + channel) * area
        values += self.values[start..<start + area]
      }
    }
    return Tensor(shape: shape, values: values)
  }
}
