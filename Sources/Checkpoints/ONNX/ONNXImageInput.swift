/// The input of an ONNX file that takes the image, and a made-up image to follow through the file.
struct ONNXImageInput {
  let name: String
  /// `[N, C, H, W]` whatever the layout; `nil` for lengths that are left open.
  let shape: [Int?]
  let isByte: Bool
  /// Whether the file has the channels last.
  private let isChannelsLast: Bool
  /// In the file's layout.
  let probe: NumericTensor
  private let batch: Int
  private let channels: Int
  private let height: Int
  private let width: Int

  /// The longest side that is followed.
  private static let limit = 4096
  /// Where the file leaves its size open; sides differ so that nothing passes by accident.
  private static let openSize = (height: 96, width: 64)

  init(_ model: ONNXModel) throws(CheckpointError) {
    // Old exporters list the weights among the inputs.
    let candidates = model.inputs.filter {
      model.constants[$0.name] == nil && ($0.shape.count == 4 || model.inputs.count == 1)
    }
    guard let input = candidates.first, candidates.count == 1, input.shape.count == 4 else {
      let found = model.inputs.filter { model.constants[$0.name] == nil }.map {
        "'\($0.name)' \(text($0.shape))"
      }
      throw .unusable("the file takes \(found.joined(separator: ", ")); one image [N, 3, H, W] is expected")
    }
    // TensorProto.DataType: FLOAT 1, UINT8 2, FLOAT16 10
    guard [1, 2, 10].contains(input.elementType) else {
      throw .unusable(
        "the file's input has element type \(input.elementType); float32, float16 or uint8 is expected")
    }
    name = input.name
    isByte = input.elementType == 2
    let lengths = input.shape
    isChannelsLast = lengths[3] == 3 && lengths[1] != 3
    shape = isChannelsLast ? [lengths[0], lengths[3], lengths[1], lengths[2]] : lengths
    let channels = shape[1] ?? 3
    guard channels == 3 || channels == 12 else {
      throw .unusable("the file's input \(text(lengths)) has \(channels) channels; images have 3")
    }
    let scale = channels == 12 ? 2 : 1
    batch = shape[0] ?? 1
    height = shape[2] ?? ONNXImageInput.openSize.height / scale
    width = shape[3] ?? ONNXImageInput.openSize.width / scale
    guard batch <= 256, max(height, width) <= ONNXImageInput.limit,
      batch * channels * height * width <= 1 << 26
    else { throw .unusable("the file's input \(text(lengths)) is larger than any that can be followed") }
    self.channels = channels
    probe = NumericTensor(
      shape: isChannelsLast ? [batch, height, width, channels] : [batch, channels, height, width],
      floats: ONNXImageInput.numbers(batch * channels * height * width))
  }

  /// The image's size if that is no multiple of the coarsest stride, and the next one that is; `nil` otherwise.
  var sizeOffGrid: (height: Int, width: Int, roundedHeight: Int, roundedWidth: Int)? {
    let factor = channels == 12 ? 2 : 1
    let (height, width) = (height * factor, width * factor)
    guard !height.isMultiple(of: 32) || !width.isMultiple(of: 32) else { return nil }
    return (height, width, (height + 31) / 32 * 32, (width + 31) / 32 * 32)
  }

  /// Whole numbers of 0 to 255, which stay what they are as bytes.
  private static func numbers(_ count: Int) -> [Float] {
    var state: UInt64 = 1
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407  // Knuth, TAOCP 3.3.4, MMIX
      return Float(state >> 56)
    }
  }

  /// Tells from `seen`, what the first convolution reads of the probe, where each of its channels comes from.
  func described(_ seen: NumericTensor, byNode node: String) throws(CheckpointError) -> ExportedImage {
    let unknown = CheckpointError.unusable(
      "what the file does to its image before the first convolution ('\(node)') is not understood: each channel should be one channel of the image, scaled"
    )
    guard seen.shape.count == 4, seen.shape[0] == batch, seen.shape[1] <= 64, seen.shape[2] > 0,
      seen.shape[3] > 0
    else {
      throw unknown
    }
    let (rows, columns) = (seen.shape[2], seen.shape[3])
    let step = height / rows
    guard step == 1 || step == 2, rows * step == height, columns * step == width else { throw unknown }
    let (pixels, values) = (probe.floats, seen.floats)
    let strides =
      isChannelsLast
      ? (channel: 1, row: width * channels, column: channels)
      : (channel: height * width, row: width, column: 1)

    func match(_ output: Int, _ channel: Int, _ row: Int, _ column: Int) -> ExportedImage.Channel? {
      func pair(_ y: Int, _ x: Int) -> (pixel: Float, value: Float) {
        let pixel =
          channel * strides.channel + (y * step + row) * strides.row + (x * step + column) * strides.column
        return (pixels[pixel], values[(output * rows + y) * columns + x])
      }
      let first = pair(0, 0)
      guard
        let second = (0..<rows * columns).lazy.map({ pair($0 / columns, $0 % columns) }).first(where: {
          abs($0.pixel - first.pixel) > 32
        })
      else { return nil }
      let scale = (second.value - first.value) / (second.pixel - first.pixel)
      guard scale != 0, scale.isFinite else { return nil }
      let offset = first.value - scale * first.pixel
      let tolerance = 1e-3 * max(abs(scale) * 255, abs(offset), 1e-6)
      for y in 0..<rows {
        for x in stride(from: y % 3, to: columns, by: 3) {
          let (pixel, value) = pair(y, x)
          guard abs(value - scale * pixel - offset) <= tolerance else { return nil }
        }
      }
      let isPlain = abs(offset) <= tolerance
      return .init(channel: channel, row: row, column: column, scale: scale, offset: isPlain ? 0 : offset)
    }
    var found: [ExportedImage.Channel] = []
    for output in 0..<seen.shape[1] {
      var channel: ExportedImage.Channel?
      search: for candidate in 0..<channels {
        for phase in 0..<step * step {
          channel = match(output, candidate, phase % step, phase / step)
          if channel != nil { break search }
        }
      }
      guard let channel else { throw unknown }
      found.append(channel)
    }
    return ExportedImage(shape: shape, isByte: isByte, step: step, channels: found)
  }
}

private func text(_ shape: [Int?]) -> String {
  "[" + shape.map { $0.map(String.init) ?? "?" }.joined(separator: ", ") + "]"
}
