import Engine

// Recognises the network of a weights file from the shapes of its tensors, so that users need not specify it.

extension Architecture {
  /// The network whose state_dict has these `shapes` (by key), and its class count.
  ///
  /// - Returns: `nil` if no YOLOX network has these shapes.
  static func inferred(fromNamed shapes: [String: [Int]]) -> (architecture: Architecture, classCount: Int)? {
    guard let classCount = shapes["head.cls_preds.0.weight"]?.first, classCount > 0 else { return nil }
    let head = Architecture.Head(named: shapes)
    if shapes["backbone.backbone.stem.0.conv.weight"] != nil {
      return (Architecture(backbone: .darknet53, head: head), classCount)
    }
    guard let baseChannels = shapes["backbone.backbone.stem.conv.conv.weight"]?.first, baseChannels > 0 else {
      return nil
    }
    // dark2 has as many bottlenecks as the network's base depth.
    var baseDepth = 0
    while shapes["backbone.backbone.dark2.1.m.\(baseDepth).conv1.conv.weight"] != nil { baseDepth += 1 }
    guard baseDepth > 0 else { return nil }
    let depthwise = shapes["backbone.backbone.dark2.0.dconv.conv.weight"] != nil
    return (
      Architecture(
        backbone: .cspDarknet(baseChannels: baseChannels, baseDepth: baseDepth, depthwise: depthwise),
        head: head),
      classCount
    )
  }

  /// The network whose convolutions, in order of execution, have weights of these `shapes`, and its class count. Used for
  /// ONNX files, which have no weight names.
  static func inferred(
    fromConvolutions shapes: [[Int]]
  ) -> (architecture: Architecture, classCount: Int)? {
    guard let stem = shapes.first, stem.count == 4, shapes.count > 6 else { return nil }
    // From the end: the last level's objectness, box, two (separable: four) branch convolutions, then the classes.
    for candidate in candidates(stem: stem, convolutionCount: shapes.count) {
      let depthwise = candidate.isDepthwise
      let classCount = shapes[shapes.count - (depthwise ? 7 : 5)][0]
      let expected = Graph.yolox(candidate, classCount: classCount).convolutionShapes
      if expected.map(\.shape) == shapes { return (candidate, classCount) }
    }
    return nil
  }

  private static func candidates(stem: [Int], convolutionCount: Int) -> [Architecture] {
    if stem[1] == 3 { return [Architecture(backbone: .darknet53)] }
    let deepest = 16
    return [false, true].flatMap { depthwise in
      (1...deepest).map { depth in
        Architecture(
          backbone: .cspDarknet(baseChannels: stem[0], baseDepth: depth, depthwise: depthwise))
      }
    }.filter { Graph.yolox($0, classCount: 1).convolutionShapes.count == convolutionCount }
  }

  private var isDepthwise: Bool {
    if case .cspDarknet(_, _, depthwise: true) = backbone { true } else { false }
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
