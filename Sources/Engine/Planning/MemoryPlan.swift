/// Assigns a place in the memory of one image to every value of a network.
///
/// A concatenation costs nothing, because its parts are written side by side. Memory is reused after the last reader of a
/// value.
struct MemoryPlan {
  /// The layers in order, with copies for the rare parts of concatenations that cannot be written in place.
  let layers: [FusedLayer]
  /// Floats for one image.
  let size: Int
  private let slots: [Value: Slot]
  private let buffers: [Buffer]
  private let segments: [[BlockedLayout.Segment]]
  private let shapes: [[Int]]
  private let outputs: Set<Value>

  private struct Slot {
    let buffer: Int
    let firstBlock: Int
    var firstLane = 0
  }

  /// A block of memory that holds one value, or the parts of one concatenation.
  struct Buffer {
    let blocks: Int
    let height: Int
    let width: Int
    var border = 0
    /// Positions in ``layers`` from the first write to the last read.
    var firstUse = Int.max
    var lastUse = -1
    /// In floats, from the start of the image's memory.
    var offset = 0
    var elementSize = ElementSize.float

    /// In floats.
    var size: Int {
      elementSize.floats(for: blocks * (height + 2 * border) * (width + 2 * border) * channelBlock)
    }

    func isAlive(with other: Buffer) -> Bool { firstUse <= other.lastUse && other.firstUse <= lastUse }
  }

  func layout(of value: Value) -> BlockedLayout {
    let slot = slot(of: value)
    let shape = shapes[value.index]
    return BlockedLayout(
      channels: shape[1], height: shape[2], width: shape[3], border: buffers[slot.buffer].border,
      segments: segments[value.index], firstBlock: slot.firstBlock, firstLane: slot.firstLane)
  }

  /// Offset of the memory that the layout of `value` refers to, in floats from the start of the image's memory.
  func offset(of value: Value) -> Int { buffers[slot(of: value).buffer].offset }

  /// Whether `value` is an output of the network.
  func isOutput(_ value: Value) -> Bool { outputs.contains(value) }

  /// Bytes of a value without borders and unused lanes.
  func byteCount(of value: Value) -> Int {
    let elementSize = slots[value].map { buffers[$0.buffer].elementSize } ?? .float
    return shapes[value.index].reduce(1, *) * elementSize.rawValue
  }

  private func slot(of value: Value) -> Slot {
    guard let slot = slots[value] else {
      preconditionFailure("value \(value.index) has no memory of its own")
    }
    return slot
  }

  /// - Parameter bytes: the values that are stored as bytes; all others are float32.
  init(
    _ graph: Graph, layers fused: [FusedLayer], height: Int, width: Int, bytes: Set<Value> = []
  ) {
    var shapes = graph.shapes(batch: 1, height: height, width: width)
    var segments = graph.segments()
    var slots: [Value: Slot] = [:]
    var buffers: [Buffer] = []
    var layers = fused
    let results = Set(fused.map(\.result))
    let used = Set(fused.flatMap(\.values) + graph.outputs.map(\.value))

    // Values that optimizations added have higher indices than the graph's; convolutions that keep the size compute them.
    for layer in fused where layer.result.index >= graph.nodes.count {
      guard case .convolution(let convolution, _, _, _) = layer.work, layer.result.index == shapes.count
      else {
        preconditionFailure("an added value is the result of a 1x1 convolution, in order")
      }
      let size = shapes[layer.input.index]
      shapes.append([1, convolution.outputChannels, size[2], size[3]])
      segments.append([.init(channels: convolution.outputChannels)])
      slots[layer.result] = Slot(buffer: buffers.count, firstBlock: 0)
      buffers.append(
        Buffer(
          blocks: (convolution.outputChannels + channelBlock - 1) / channelBlock, height: size[2],
          width: size[3]))
    }

    // A concatenation comes after its parts, so the reverse order visits it first.
    for (index, node) in graph.nodes.enumerated().reversed() {
      let value = Value(index: index)
      let isConcat = node.operation == .concat && (used.contains(value) || slots[value] != nil)
      guard results.contains(value) || isConcat else { continue }
      if slots[value] == nil {
        let blocks = segments[index].reduce(0) { $0 + $1.blocks }
        buffers.append(
          Buffer(
            blocks: blocks, height: shapes[index][2], width: shapes[index][3],
            elementSize: bytes.contains(value) ? .byte : .float))
        slots[value] = Slot(buffer: buffers.count - 1, firstBlock: 0)
      }
      guard node.operation == .concat, let whole = slots[value] else { continue }
      var block = 0
      for part in node.inputs {
        if slots[part] == nil {
          slots[part] = Slot(buffer: whole.buffer, firstBlock: whole.firstBlock + block)
        } else {
          layers.append(FusedLayer(work: .copy(toBlock: block), input: part, result: value, path: node.path))
        }
        block += segments[part.index].reduce(0) { $0 + $1.blocks }
      }
    }
    for layer in layers {
      guard let slot = slots[layer.result] else { continue }
      for packed in layer.packedOutputs {
        slots[packed.value] = Slot(
          buffer: slot.buffer, firstBlock: slot.firstBlock, firstLane: packed.firstLane)
      }
    }
    // A layer's inputs have lower indices than its result, so this order is a valid order of execution.
    layers.sort { ($0.order, $0.result.index) < ($1.order, $1.result.index) }

    for (position, layer) in layers.enumerated() {
      for value in layer.values {
        guard let slot = slots[value] else { continue }  // the image has memory of its own
        buffers[slot.buffer].firstUse = min(buffers[slot.buffer].firstUse, position)
        buffers[slot.buffer].lastUse = max(buffers[slot.buffer].lastUse, position)
      }
      if let padding = layer.padding, let slot = slots[layer.input] {
        buffers[slot.buffer].border = max(buffers[slot.buffer].border, padding)
      }
    }
    for output in graph.outputs {
      if let slot = slots[output.value] { buffers[slot.buffer].lastUse = layers.count }
    }

    size = MemoryPlan.assignOffsets(&buffers)
    outputs = Set(graph.outputs.map(\.value))
    self.shapes = shapes
    self.segments = segments
    self.slots = slots
    self.buffers = buffers
    self.layers = layers
  }

  /// Greedy by size: largest first, each at the lowest offset that overlaps no slot with an intersecting lifetime.
  ///
  /// - Returns: size of the memory in floats.
  static func assignOffsets(_ buffers: inout [Buffer]) -> Int {
    var placed: [Int] = []
    var end = 0
    for index in buffers.indices.sorted(by: { buffers[$0].size > buffers[$1].size }) {
      let rivals = placed.filter { buffers[$0].isAlive(with: buffers[index]) }
        .sorted { buffers[$0].offset < buffers[$1].offset }
      var offset = 0
      for rival in rivals {
        if offset + buffers[index].size <= buffers[rival].offset { break }
        offset = max(offset, buffers[rival].offset + buffers[rival].size)
      }
      buffers[index].offset = offset
      placed.append(index)
      end = max(end, offset + buffers[index].size)
    }
    return end
  }
}

extension FusedLayer {
  func reads(_ value: Value) -> Bool { value != result && values.contains(value) }

  /// The maps that the layer reads and writes.
  var maps: [Value] {
    let more: Value? =
      switch work {
      case .convolution(_, _, _, let residual): residual
      case .add(let other): other
      default: nil
      }
    return [input, result] + [more, upsampledInit?.value].compactMap(\.self)
  }

  /// All values that the layer reads or writes.
  fileprivate var values: [Value] { maps + [spanMask?.by].compactMap(\.self) }

  /// Number of pixels that the layer reads beyond the edges of its input.
  fileprivate var padding: Int? {
    guard case .convolution(_, let weights, _, _) = work, weights.geometry.padding > 0 else { return nil }
    return weights.geometry.padding
  }
}

extension Graph {
  /// The runs of channels of every node's value: those of its parts for a concatenation, otherwise one.
  fileprivate func segments() -> [[BlockedLayout.Segment]] {
    var segments: [[BlockedLayout.Segment]] = []
    for node in nodes {
      switch node.operation {
      case .concat: segments.append(node.inputs.flatMap { segments[$0.index] })
      case .convolution, .input, .focus: segments.append([.init(channels: node.channels)])
      case .batchNormalization, .activation, .add, .maxPool, .upsample2x:
        segments.append(segments[node.inputs[0].index])
      }
    }
    return segments
  }
}
