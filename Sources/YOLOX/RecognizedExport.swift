import Checkpoints
import Engine
import Imaging

/// An ONNX file recognised as one of our networks: its weights under our names, for images as we prepare them.
struct RecognizedExport {
  let architecture: Architecture
  let classCount: Int
  /// Normalisation folded: a weight and a bias for each convolution.
  let parameters: Parameters
  /// `nil` if the file takes any.
  let inputSize: InputSize?
  /// `nil` if the file does not say.
  let preprocessing: Preprocessing?

  init(_ network: ExportedNetwork) throws(ModelError) {
    let predictions = try ExportedPredictions(network)
    let (architecture, match) = try RecognizedExport.match(network.withoutWideStem, predictions)
    try DecodingCheck(network, predictions).run()
    classCount = predictions.classCount

    let activations = match.activations
    guard let activation = activations.first, activations.count == 1 else {
      throw .unusable(
        "its activations differ from layer to layer (\(activations.map(\.text).sorted().joined(separator: ", "))); a YOLOX network has one kind"
      )
    }
    guard let known = activation.known,
      known == architecture.activation || architecture.backbone != .darknet53
    else {
      throw .unusable(
        "its activation is \(activation.text); those that can be run are \(Activation.named.map(\.name).joined(separator: ", ")), in DarkNet53 only lrelu"
      )
    }
    self.architecture = architecture.with(activation: known)

    let input = try PreparedInput(network)
    preprocessing = input.preprocessing
    var parameters: Parameters = [:]
    for (index, (path, convolution)) in match.convolutions.enumerated() {
      let weight = index == 0 ? input.adapted(convolution.weight) : convolution.weight
      parameters[path + ".weight"] = weight
      parameters[path + ".bias"] = Tensor(shape: [convolution.bias.count], values: convolution.bias)
    }
    self.parameters = parameters
    inputSize = try network.inputSize()
  }

  private static func match(
    _ network: ExportedNetwork, _ predictions: ExportedPredictions
  ) throws(ModelError) -> (Architecture, GraphMatching) {
    let reached = network.reachedConvolutions
    guard let stem = reached.first(where: { network.nodes[$0.node].inputs == [0] })?.convolution else {
      throw .unusable("its predictions do not depend on its image")
    }
    var nearest: (model: Architecture, progress: Int, difference: GraphMatching.Difference?)?
    for candidate in Architecture.candidates(stem: stem.weight.shape, convolutionCount: reached.count) {
      var matching = GraphMatching(Graph.yolox(candidate, classCount: predictions.classCount), network)
      if matching.matches(predictions.outputs) { return (candidate, matching) }
      let (progress, difference) = matching.difference
      if progress > nearest?.progress ?? -1 { nearest = (candidate, progress, difference) }
    }
    let difference = nearest?.difference
    throw .unlike(
      convolutions: reached.count, nearest: nearest?.model.modelName ?? "yolox",
      path: difference?.path ?? "its structure", found: difference?.found ?? "other operations",
      expected: difference?.expected ?? "those of the network")
  }
}

extension ExportedNetwork {
  /// Convolutions on which the predictions depend, in the order of the file's nodes.
  fileprivate var reachedConvolutions: [(node: Int, convolution: ExportedConvolution)] {
    var seen = Set(predictions)
    var waiting = predictions
    while let number = waiting.popLast() {
      for input in nodes[number].inputs where seen.insert(input).inserted { waiting.append(input) }
    }
    return seen.sorted().compactMap { number in
      if case .convolution(let convolution) = nodes[number].operation { (number, convolution) } else { nil }
    }
  }

  /// A focus and a k x k convolution may be written as one 2k x 2k convolution of the image with stride 2; here it is
  /// taken apart again.
  fileprivate var withoutWideStem: ExportedNetwork {
    guard image.step == 1, image.channels.count == 3,
      let stem = nodes.firstIndex(where: { $0.inputs == [0] }),
      case .convolution(let convolution) = nodes[stem].operation, convolution.stride == [2, 2],
      convolution.groups == 1, convolution.weight.shape[1...] == [3, 6, 6],
      convolution.padding == [2, 2, 2, 2]
    else { return self }
    let outputs = convolution.weight.shape[0]
    var weight = Tensor(shape: [outputs, 12, 3, 3])
    for output in 0..<outputs {
      for (phase, place) in focusPhases.enumerated() {
        for channel in 0..<3 {
          let from = (output * 3 + channel) * 36 + place.row * 6 + place.column
          let to = (output * 12 + phase * 3 + channel) * 9
          for index in 0..<9 {
            weight.values[to + index] = convolution.weight.values[from + index / 3 * 12 + index % 3 * 2]
          }
        }
      }
    }
    var changed = nodes
    changed[stem] = Node(
      operation: .convolution(
        ExportedConvolution(
          weight: weight, bias: convolution.bias, stride: [1, 1], padding: [1, 1, 1, 1], groups: 1)),
      inputs: [0], shape: nodes[stem].shape, name: nodes[stem].name)
    return replacing(nodes: changed)
  }

  /// What the file says of its input's size; it is believed or refused.
  fileprivate func inputSize() throws(ModelError) -> InputSize? {
    let factor = hasFocusOutside ? 2 : 1
    guard image.shape.count == 4, image.shape[2] != nil || image.shape[3] != nil else { return nil }
    let sides = [image.shape[2] ?? image.shape[3], image.shape[3] ?? image.shape[2]].compactMap {
      $0.map { $0 * factor }
    }
    let size = InputSize(height: sides[0], width: sides[1])
    guard size.isValid else { throw .inputSize(size.description) }
    return size
  }
}

/// Rows and columns of the pixels that the authors' focus moves into channels, in their order (network_blocks.py, Focus).
let focusPhases = [(row: 0, column: 0), (row: 1, column: 0), (row: 0, column: 1), (row: 1, column: 1)]

/// What the file's first convolution sees of an image, and how its weights must change to see the same of ours.
struct PreparedInput {
  let preprocessing: Preprocessing?
  /// For each input channel of the file's first convolution: the channel that we have in its place, and a factor.
  private let channels: [(ours: Int, scale: Float)]

  private static let mean: [Float] = [0.485, 0.456, 0.406]
  private static let deviation: [Float] = [0.229, 0.224, 0.225]

  init(_ network: ExportedNetwork) throws(ModelError) {
    let seen = network.image.channels
    if network.hasFocusOutside {
      channels = seen.map { ($0.channel, $0.scale) }
      preprocessing = nil
      guard seen.allSatisfy({ $0.offset == 0 }) else { throw PreparedInput.unknownNormalization }
      return
    }
    // Factors of about 255 make 0...255 of an input that has 0...1.
    let range: Float = !network.image.isByte && seen.contains(where: { abs($0.scale) >= 16 }) ? 255 : 1
    let scales = seen.map { $0.scale / range }
    let color: [Int]
    if seen.contains(where: { $0.offset != 0 }) {
      color = try PreparedInput.legacyColors(seen, range: range)
      preprocessing = .legacy
    } else {
      // A file that swaps red and blue takes RGB, and its network the authors' BGR.
      color = PreparedInput.swapsColors(seen) ? [2, 1, 0] : [0, 1, 2]
      preprocessing = nil
    }
    let isLegacy = preprocessing == .legacy
    channels = zip(seen, scales).map { channel, scale in
      let isFocused = network.image.step == 2
      let phase = focusPhases.firstIndex { isFocused && $0.row == channel.row && $0.column == channel.column }
      let place = (phase ?? 0) * 3 + color[channel.channel]
      return (place, isLegacy || abs(scale - 1) < 1e-5 ? 1 : scale)
    }
  }

  /// `[C, inputs, k, k]` of the file to the same for images as we prepare them.
  func adapted(_ weight: Tensor) -> Tensor {
    if channels.indices.allSatisfy({ channels[$0].ours == $0 && channels[$0].scale == 1 }) { return weight }
    // A stem that does the focus's work reads three channels; taken apart, it reads them once for each phase.
    let count = channels.count
    let places = (0..<weight.shape[1]).map { channel in
      (ours: channel / count * count + channels[channel % count].ours, scale: channels[channel % count].scale)
    }
    let area = weight.shape[2] * weight.shape[3]
    var result = Tensor(shape: weight.shape)
    for output in 0..<weight.shape[0] {
      for (channel, place) in places.enumerated() where place.ours < weight.shape[1] {
        let (from, to) = (
          (output * weight.shape[1] + channel) * area, (output * weight.shape[1] + place.ours) * area
        )
        for index in 0..<area { result.values[to + index] = weight.values[from + index] * place.scale }
      }
    }
    return result
  }

  /// Whether the channels of each phase come in falling order.
  private static func swapsColors(_ seen: [ExportedImage.Channel]) -> Bool {
    var last: [Int: Int] = [:]
    var isFalling = true
    for channel in seen {
      let phase = channel.row * 2 + channel.column
      if let before = last[phase], before <= channel.channel { isFalling = false }
      last[phase] = channel.channel
    }
    return isFalling
  }

  /// Our colour (red first) of each channel of the file's input, by which of ImageNet's means is taken from it.
  private static func legacyColors(
    _ seen: [ExportedImage.Channel], range: Float
  ) throws(ModelError) -> [Int] {
    var colors = [Int?](repeating: nil, count: 3)
    let unit: Float = range == 255 ? 1 : seen.allSatisfy { abs($0.scale) > 1 } ? 1 : 255
    for channel in seen where channel.channel < 3 {
      let found = (0..<3).first {
        abs(channel.scale * deviation[$0] * unit - 1) < 1e-2
          && abs(channel.offset + mean[$0] / deviation[$0]) < 2e-2
      }
      guard let found, colors[channel.channel] ?? found == found else { throw unknownNormalization }
      colors[channel.channel] = found
    }
    let known = colors.compactMap(\.self)
    guard Set(known).count == 3, known.count == 3 else { throw unknownNormalization }
    return known
  }

  private static let unknownNormalization = ModelError.unusable(
    "it normalises its image in a way that is not known here: YOLOX networks take 0...255 as it is, or with ImageNet's mean and deviation"
  )
}

extension ExportedActivation {
  /// `nil` for one that no kernel computes.
  fileprivate var known: Activation? {
    switch self {
    case .silu: .silu
    case .relu: .relu
    case .relu6: .relu6
    case .hardSwish: .hardSwish
    // What float32 and float16 make of the authors' 0.1.
    case .leakyReLU(let slope): abs(slope - 0.1) < 1e-3 ? .leakyReLU : nil
    default: nil
    }
  }

  var text: String {
    switch self {
    case .silu: "SiLU"
    case .relu: "ReLU"
    case .relu6: "ReLU6"
    case .hardSwish: "HardSwish"
    case .leakyReLU(let slope): "LeakyReLU \(slope)"
    case .unknown(let operators): operators
    }
  }
}
