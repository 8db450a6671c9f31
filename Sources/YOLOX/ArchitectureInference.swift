import Engine

// The network of a weights file is read from the weights themselves; no option has to name it.

extension Architecture {
  /// Six times the width and four times the depth of the authors' largest network. Wider and deeper files are rejected before
  /// a network of their size is built.
  private static let widest = 512
  private static let deepest = 16

  /// The network whose state_dict has these `shapes` (by key), and its class count.
  ///
  /// - Returns: `nil` if no YOLOX network has these shapes.
  static func inferred(fromNamed shapes: [String: [Int]]) -> (architecture: Architecture, classCount: Int)? {
    guard let classCount = shapes["head.cls_preds.0.weight"]?.first, classCount > 0 else { return nil }
    let head = Architecture.Head(named: shapes)
    if shapes["backbone.backbone.stem.0.conv.weight"] != nil {
      return (Architecture(backbone: .darknet53, head: head), classCount)
    }
    guard let baseChannels = shapes["backbone.backbone.stem.conv.conv.weight"]?.first, baseChannels > 0,
      baseChannels <= widest
    else { return nil }
    // dark2 has as many bottlenecks as the network's base depth.
    var baseDepth = 0
    while shapes["backbone.backbone.dark2.1.m.\(baseDepth).conv1.conv.weight"] != nil { baseDepth += 1 }
    guard baseDepth > 0, baseDepth <= deepest else { return nil }
    let depthwise = shapes["backbone.backbone.dark2.0.dconv.conv.weight"] != nil
    return (
      Architecture(
        backbone: .cspDarknet(baseChannels: baseChannels, baseDepth: baseDepth, depthwise: depthwise),
        head: head),
      classCount
    )
  }

  /// Networks whose first convolution has weights of the shape `stem`, with as many convolutions as there are, or as near
  /// to that as possible.
  static func candidates(stem: [Int], convolutionCount: Int) -> [Architecture] {
    guard stem.count == 4 else { return [] }
    if stem[1] == 3 { return [Architecture(backbone: .darknet53)] }
    guard stem[1] == 12, stem[0] <= widest else { return [] }
    func network(depth: Int, depthwise: Bool) -> Architecture {
      Architecture(backbone: .cspDarknet(baseChannels: stem[0], baseDepth: depth, depthwise: depthwise))
    }
    let candidates = [false, true].map { depthwise in
      // Each further bottleneck adds the same number of convolutions.
      let counts = [1, 2].map {
        Graph.yolox(network(depth: $0, depthwise: depthwise), classCount: 1).convolutionShapes.count
      }
      let step = counts[1] - counts[0]
      let depth = min(max(1 + (convolutionCount - counts[0] + step / 2) / step, 1), deepest)
      return (
        network: network(depth: depth, depthwise: depthwise),
        distance: abs(counts[0] + (depth - 1) * step - convolutionCount)
      )
    }
    let nearest = candidates.map(\.distance).min()
    return candidates.filter { $0.distance == nearest }.map(\.network)
  }
}

extension Architecture.Head {
  fileprivate init(named shapes: [String: [Int]]) {
    let hasShapes = shapes["head.cls_preds.3.weight"] != nil
    if shapes["head.selection_preds.0.weight"] != nil {
      self = .nmsFree
    } else if shapes.keys.contains(where: { $0.hasPrefix("head.convs.0.") }) {
      self = hasShapes ? .anchored : .coupled
    } else {
      self = hasShapes ? .anchoredDecoupled : .decoupled
    }
  }
}

extension Graph {
  /// Path and weight shape of every convolution, in order of execution.
  var convolutionShapes: [(path: String, shape: [Int])] {
    nodes.compactMap { node in
      guard case .convolution(let convolution) = node.operation else { return nil }
      return (node.path, convolution.weightShape)
    }
  }
}
