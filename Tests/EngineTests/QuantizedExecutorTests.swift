import Engine
import Foundation
import TestSupport
import Testing

/// A network in int8 with one layer under test, and what its maps of bytes hold: an output that multiplies by one shows
/// the numbers that a map's bytes stand for.
private struct QuantizedLayer {
  let graph: Graph
  let parameters: Parameters
  let ranges: ActivationRanges
  let images: [Tensor]

  /// - Parameter layer: made from the first convolution's result, with `channels` channels; `y` is its path.
  init(
    channels: Int, height: Int, width: Int, images count: Int = 1,
    _ layer: (inout GraphBuilder, Value) -> Value
  ) throws {
    var builder = GraphBuilder()
    let image = builder.input(channels: 3)
    let stem = builder.convolution("stem", image, to: channels, kernel: 3, bias: true)
    let result = layer(&builder, stem)
    for (name, value) in [("x", stem), ("result", result)] {
      builder.output(
        name,
        builder.convolution(
          "show.\(name)", value, to: builder.channels(of: value), kernel: 1, bias: true))
    }
    graph = builder.build()

    var generator = SplitMix64(seed: 21)
    var parameters: Parameters = [:]
    for (name, shape) in graph.parameterShapes {
      var tensor = Tensor(shape: shape, values: generator.floats(shape.reduce(1, *)))
      if name.hasPrefix("show") {
        for index in tensor.values.indices {
          tensor.values[index] = shape.count == 4 && index % (shape[1] + 1) == 0 ? 1 : 0
        }
      }
      parameters[name] = tensor
    }
    self.parameters = parameters
    images = (0..<count).map { _ in
      Tensor(shape: [3, height, width], values: generator.floats(3 * height * width))
    }

    var calibrator = try Calibrator(
      graph, parameters: parameters, height: height, width: width, pool: WorkerPool(threads: 1))
    for image in images { calibrator.observeMinMax(image) }
    for image in images { calibrator.observeHistogram(image) }
    // Without means no bias is corrected, so that the expected sums are simple.
    ranges = calibrator.ranges.mapValues { range in
      var range = range
      range.mean = range.mean.map { _ in 0 }
      return range
    }
  }

  func plan(_ instructionSet: String) throws -> Plan {
    let shape = images[0].shape
    return try Plan(
      graph, parameters: parameters, height: shape[1], width: shape[2],
      options: PlanOptions(instructionSet: instructionSet, precision: .int8, ranges: ranges))
  }

  /// The numbers of the map before the layer and of the layer's, each `[1, C, H, W]`.
  func run(_ instructionSet: String, image: Int = 0) throws -> (x: Tensor, result: Tensor) {
    var executor = Executor(try plan(instructionSet), capacity: 1, pool: WorkerPool(threads: 2))
    // Twice: the second run must not depend on memory that the first has written.
    executor.run([images[image]])
    executor.run([images[image]])
    let shape = images[image].shape
    let shapes = graph.shapes(batch: 1, height: shape[1], width: shape[2])
    func tensor(_ name: String) throws -> Tensor {
      Tensor(shape: shapes[try #require(graph.output(name)).index], values: executor.dense(name))
    }
    return (try tensor("x"), try tensor("result"))
  }

  /// Scales of the channels of the result of the layer at `path`.
  func steps(_ path: String) throws -> [Float] {
    let range = try #require(ranges[path])
    return zip(range.lowest, range.highest).map { (max($1, 0) - min($0, 0)) / 255 }
  }

  /// How many steps of its channel each number of a map is from zero.
  func bytes(of map: Tensor, _ path: String) throws -> [Float] {
    let steps = try steps(path)
    let area = map.shape[2] * map.shape[3]
    return map.values.enumerated().map { ($1 / steps[$0 / area]).rounded() }
  }

  /// `path`'s weights as int8 has them: rounded to 127 levels of each output channel's largest, after the steps of the
  /// input were multiplied in.
  func roundedWeights(_ path: String, inputSteps: [Float]) throws -> Tensor {
    var weight = try #require(parameters[path + ".weight"])
    let (inputs, area) = (weight.shape[1], weight.shape[2] * weight.shape[3])
    let perOutput = inputs * area
    for output in 0..<weight.shape[0] {
      let step = { (index: Int) in inputSteps[inputs == 1 ? output % inputSteps.count : index / area] }
      let range = output * perOutput..<(output + 1) * perOutput
      let scale =
        range.map { abs(weight.values[$0] * step($0 - range.lowerBound)) }.max().map { $0 / 127 } ?? 1
      for index in range {
        let inputStep = step(index - range.lowerBound)
        weight.values[index] = (weight.values[index] * inputStep / scale).rounded() * scale / inputStep
      }
    }
    return weight
  }

  /// Compares with `expected`, each number within half a step (and a little, where `slack` says so) of its channel, as
  /// far as the range goes.
  func expectRounded(
    _ actual: Tensor, _ expected: Tensor, path: String, slack: Float = 0, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let range = try #require(ranges[path])
    let steps = try steps(path)
    let area = actual.shape[2] * actual.shape[3]
    var inSteps: [Float] = []
    for (index, number) in expected.values.enumerated() {
      let channel = index / area
      let step = steps[channel]
      let bounded = min(
        max(number, min(range.lowest[channel], 0) - step), max(range.highest[channel], 0) + step)
      inSteps.append((actual.values[index] - bounded) / step)
    }
    // A number beyond the range's end is a whole step beyond at most, as bounded here.
    expectClose(
      inSteps.map { abs($0) > 0.5 ? max(0, abs($0) - 1) : $0 }, inSteps.map { _ in 0 }, within: 0.502 + slack,
      what, sourceLocation: sourceLocation)
  }
}

@Suite("int8 against the reference operators", .computing)
struct QuantizedExecutorTests {
  static let sets = InstructionSet.available.map(\.name)

  /// The layer `y` is a bare convolution of the stem.
  private func checkConvolution(
    _ layer: QuantizedLayer, _ what: String, stride: Int = 1, groups: Int = 1, sets: [String] = Self.sets
  ) throws {
    var portable: [Float]?
    for set in sets.reversed() {
      let (x, result) = try layer.run(set)
      let weight = try layer.roundedWeights("y", inputSteps: layer.steps("stem"))
      let expected = ReferenceOperators.convolution(
        x, weight: weight, bias: layer.parameters["y.bias"], stride: stride, groups: groups)
      try layer.expectRounded(result, expected, path: "y", "\(what), \(set)")
      // Sums are integers and the same on all processors. A number half way between two bytes may go either way, as
      // some processors round a product before they add to it and others do not.
      let bytes = try layer.bytes(of: x, "stem") + layer.bytes(of: result, "y")
      if let portable {
        let differences = zip(bytes, portable).map { abs($0 - $1) }
        #expect(
          differences.allSatisfy { $0 <= 1 } && differences.reduce(0, +) < Float(bytes.count) / 100 + 1,
          "\(what), \(set)")
      } else {
        portable = bytes
      }
    }
  }

  @Test("1x1 convolutions over channels that do not fill their blocks")
  func pointwise() throws {
    for (inputs, outputs) in [(1, 1), (16, 16), (17, 3), (24, 48), (40, 80), (33, 65)] {
      let layer = try QuantizedLayer(channels: inputs, height: 5, width: 7) {
        $0.convolution("y", $1, to: outputs, kernel: 1, bias: true)
      }
      try checkConvolution(layer, "\(inputs) to \(outputs)")
    }
  }

  @Test("3x3 and 5x5 convolutions with stride 1 and 2, down to maps of one pixel, at every width of a tile")
  func spatial() throws {
    for (kernel, stride) in [(3, 1), (3, 2), (5, 1)] {
      for (height, width) in [(1, 1), (2, 3), (9, 16), (4, 31)] {
        let layer = try QuantizedLayer(channels: 20, height: height, width: width) {
          $0.convolution("y", $1, to: 36, kernel: kernel, stride: stride, bias: true)
        }
        try checkConvolution(
          layer, "\(kernel)x\(kernel) stride \(stride), \(height)x\(width)", stride: stride)
      }
    }
    for width in 1...30 {
      let layer = try QuantizedLayer(channels: 5, height: 2, width: width) {
        $0.convolution("y", $1, to: 18, kernel: 3, bias: true)
      }
      try checkConvolution(layer, "3x3, width \(width)")
    }
  }

  @Test("depthwise convolutions at every width up to two tiles")
  func depthwise() throws {
    for stride in [1, 2] {
      for width in 1...17 {
        let layer = try QuantizedLayer(channels: 21, height: 5, width: width) {
          $0.convolution("y", $1, to: 21, kernel: 3, stride: stride, groups: 21, bias: true)
        }
        try checkConvolution(layer, "stride \(stride), width \(width)", stride: stride, groups: 21)
      }
    }
  }

  @Test("every activation, and an addition after it, within a step", arguments: sets)
  func activations(set: String) throws {
    for activation in [Activation.silu, .relu, .leakyReLU, .relu6, .hardSwish, .sigmoid] {
      let layer = try QuantizedLayer(channels: 19, height: 6, width: 9) { builder, x in
        builder.add(
          builder.activation(activation, builder.convolution("y", x, to: 19, kernel: 3, bias: true)), x)
      }
      let (x, result) = try layer.run(set)
      let sums = ReferenceOperators.convolution(
        x, weight: try layer.roundedWeights("y", inputSteps: layer.steps("stem")),
        bias: layer.parameters["y.bias"])
      let expected = ReferenceOperators.add(ReferenceOperators.activation(activation, sums), x)
      // SiLU is rough where a byte cannot tell (see rough_silu).
      try layer.expectRounded(
        result, expected, path: "y", slack: activation == .silu ? 0.25 : 0, "\(activation), \(set)")
    }
  }

  @Test("pooling, upsampling and concatenation copy bytes without change", arguments: sets)
  func moving(set: String) throws {
    for kernel in [3, 5, 13] {
      let pooled = try QuantizedLayer(channels: 17, height: 7, width: 11) { $0.maxPool($1, kernel: kernel) }
      let (x, result) = try pooled.run(set)
      expectClose(result.values, ReferenceOperators.maxPool(x, kernel: kernel).values, within: 1e-5, set)
    }
    let upsampled = try QuantizedLayer(channels: 17, height: 3, width: 4) { $0.upsample2x($1) }
    let (small, large) = try upsampled.run(set)
    expectClose(large.values, ReferenceOperators.upsample2x(small).values, within: 1e-5, set)
    // The second `x` cannot be where the first one is, and is copied.
    let joined = try QuantizedLayer(channels: 20, height: 4, width: 5) { builder, x in
      builder.concat(x, builder.maxPool(x, kernel: 3), x)
    }
    let (part, whole) = try joined.run(set)
    let expected = ReferenceOperators.concat([part, ReferenceOperators.maxPool(part, kernel: 3), part])
    expectClose(whole.values, expected.values, within: 1e-5, set)
  }

  @Test("the first convolution keeps 15 bits of its weights, after a focus too", arguments: sets)
  func stem(set: String) throws {
    for width in [2, 16, 30, 62] {
      var builder = GraphBuilder()
      let image = builder.input(channels: 3)
      builder.output("y", builder.convolution("y", builder.focus(image), to: 18, kernel: 3, bias: true))
      let graph = builder.build()
      var generator = SplitMix64(seed: 4)
      let parameters = Dictionary(
        uniqueKeysWithValues: graph.parameterShapes.map { name, shape in
          (name, Tensor(shape: shape, values: generator.floats(shape.reduce(1, *))))
        })
      // Bytes, as in an image, so that only the weights are rounded.
      let pixels = generator.floats(3 * 6 * width, in: 0...255).map { $0.rounded() }
      let range = ActivationRange(lowest: [0, 0, 0], highest: [255, 255, 255], mean: [0, 0, 0])
      let plan = try Plan(
        graph, parameters: parameters, height: 6, width: width,
        options: PlanOptions(instructionSet: set, precision: .int8, ranges: ["input": range]))
      var executor = Executor(plan, pool: WorkerPool(threads: 2))
      executor.run([Tensor(shape: [3, 6, width], values: pixels)])
      let expected = graph.referenceForward(
        Tensor(shape: [1, 3, 6, width], values: pixels), parameters: parameters)[0].values
      // 108 products of up to 255 with weights that are off by up to 2^-15 each, at random.
      expectClose(executor.dense("y"), expected, within: 0.12, "width \(width), \(set)")
    }
  }

  @Test(
    "a batch gives each image what it gives alone, bit for bit, on any number of threads", arguments: sets)
  func batchInvariance(set: String) throws {
    let layer = try QuantizedLayer(channels: 24, height: 18, width: 22, images: 3) { builder, x in
      let down = builder.convolution("down", x, to: 40, kernel: 3, stride: 2, bias: true)
      let a = builder.activation(.silu, down)
      return builder.convolution(
        "y", builder.concat(a, builder.maxPool(a, kernel: 5)), to: 33, kernel: 1, bias: true)
    }
    let plan = try layer.plan(set)
    var together = Executor(plan, capacity: 3, pool: WorkerPool(threads: 2))
    together.run(layer.images)
    for (index, image) in layer.images.enumerated() {
      var alone = Executor(plan, capacity: 1, pool: WorkerPool(threads: 1))
      alone.run([image])
      #expect(alone.dense("result") == together.dense("result", image: index))
    }
  }

  @Test("int8 without ranges is rejected with the names of the layers")
  func missingRanges() throws {
    let layer = try QuantizedLayer(channels: 4, height: 4, width: 4) {
      $0.convolution("y", $1, to: 4, kernel: 1, bias: true)
    }
    #expect(throws: PlanError.ranges(["input", "stem", "y"])) {
      try Plan(
        layer.graph, parameters: layer.parameters, height: 4, width: 4, options: PlanOptions(precision: .int8)
      )
    }
    var ranges = layer.ranges
    ranges["y"] = ActivationRange(lowest: [0], highest: [1], mean: [0])
    #expect(throws: PlanError.ranges(["y"])) {
      try Plan(
        layer.graph, parameters: layer.parameters, height: 4, width: 4,
        options: PlanOptions(precision: .int8, ranges: ranges))
    }
  }
}

@Suite("int8 with ranges and weights that are not finite")
struct QuantizedInvalidNumberTests {
  @Test(
    "plans and runs without a trap",
    arguments: [Float.nan, .infinity, -.infinity, 3e38, .leastNonzeroMagnitude])
  func nonsense(number: Float) throws {
    let layer = try QuantizedLayer(channels: 4, height: 4, width: 4) {
      $0.convolution("y", $1, to: 4, kernel: 1, bias: true)
    }
    for field in [\ActivationRange.lowest, \.highest, \.mean] {
      var ranges = layer.ranges
      ranges["stem"]?[keyPath: field][0] = number
      let plan = try Plan(
        layer.graph, parameters: layer.parameters, height: 4, width: 4,
        options: PlanOptions(precision: .int8, ranges: ranges))
      var executor = Executor(plan, pool: WorkerPool(threads: 1))
      executor.run(layer.images)
    }
    var parameters = layer.parameters
    parameters["y.weight"]?.values[0] = number
    let plan = try Plan(
      layer.graph, parameters: parameters, height: 4, width: 4,
      options: PlanOptions(precision: .int8, ranges: layer.ranges))
    #expect(plan.precision == .int8)
  }
}

@Suite("Calibrator", .computing)
struct CalibratorTests {
  /// The ranges of a convolution that copies its three channels of one row.
  private func ranges(_ image: Tensor) throws -> ActivationRange {
    var builder = GraphBuilder()
    let x = builder.convolution("copy", builder.input(channels: 3), to: 3, kernel: 1, bias: true)
    builder.output("y", builder.convolution("y", x, to: 1, kernel: 1, bias: true))
    let identity: [Float] = [1, 0, 0, 0, 1, 0, 0, 0, 1]
    let parameters: Parameters = [
      "copy.weight": Tensor(shape: [3, 3, 1, 1], values: identity), "copy.bias": Tensor(shape: [3]),
      "y.weight": Tensor(shape: [1, 3, 1, 1], repeating: 1), "y.bias": Tensor(shape: [1]),
    ]
    var calibrator = try Calibrator(
      builder.build(), parameters: parameters, height: image.shape[1], width: image.shape[2],
      pool: WorkerPool(threads: 1))
    calibrator.observeMinMax(image)
    calibrator.observeHistogram(image)
    #expect(calibrator.ranges.keys.sorted() == ["copy", "input"])
    return try #require(calibrator.ranges["copy"])
  }

  @Test("covers the full range of uniform numbers, and measures their mean")
  func evenly() throws {
    var generator = SplitMix64(seed: 2)
    let values = generator.floats(3 * 5000, in: -1...3)
    let range = try ranges(Tensor(shape: [3, 50, 100], values: values))
    for channel in 0..<3 {
      #expect(abs(range.lowest[channel] + 1) < 0.01 && abs(range.highest[channel] - 3) < 0.01)
      #expect(abs(range.mean[channel] - 1) < 0.05)
    }
  }

  @Test("clips a rare large number, in its channel only")
  func outlier() throws {
    var generator = SplitMix64(seed: 2)
    var values = generator.floats(3 * 200_000, in: 0...1)
    values[17] = 2
    let range = try ranges(Tensor(shape: [3, 400, 500], values: values))
    // Where the squared clipping error equals the squared gain of the other numbers.
    #expect(abs(range.highest[0] - 1.6) < 0.05)
    // 2 to the power of a fifth: channel 0 is the widest.
    #expect(abs(range.highest[1] - pow(1.6, 0.2)) < 0.02)
  }

  @Test("widens channels with a small range towards the largest range")
  func equalized() throws {
    var generator = SplitMix64(seed: 2)
    var values = generator.floats(3 * 5000, in: 0...1)
    for index in 5000..<10000 { values[index] /= 32 }
    let range = try ranges(Tensor(shape: [3, 50, 100], values: values))
    // 32 to the power of a fifth is 2.
    #expect(abs(range.highest[1] - 1 / 16) < 0.002 && abs(range.highest[0] - 1) < 0.01)
  }
}
