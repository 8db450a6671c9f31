import Engine
import Foundation
import TestSupport
import Testing

/// A graph with one kind of layer behind the first convolution, whose channels need not fill a block.
func graph(_ channels: Int, _ layer: (inout GraphBuilder, Value) -> Value) -> Graph {
  var builder = GraphBuilder()
  let image = builder.input(channels: 3)
  let stem = builder.convolution("stem", image, to: channels, kernel: 3, bias: true)
  builder.output("y", layer(&builder, stem))
  return builder.build()
}

func parameters(of graph: Graph, seed: UInt64 = 1) -> Parameters {
  var generator = SplitMix64(seed: seed)
  return Dictionary(
    uniqueKeysWithValues: graph.parameterShapes.map { name, shape in
      let range: ClosedRange<Float> = name.hasSuffix("running_var") ? 0.5...1.5 : -0.5...0.5
      return (name, Tensor(shape: shape, values: generator.floats(shape.reduce(1, *), in: range)))
    })
}

/// Plans and runs `graph` on `images` and compares every output with the reference operators.
func check(
  _ graph: Graph, height: Int, width: Int, images: Int = 1, instructionSet: String, threads: Int = 2,
  tolerance: Float = 2e-5, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let parameters = parameters(of: graph)
  var generator = SplitMix64(seed: 7)
  let inputs = (0..<images).map { _ in
    Tensor(shape: [3, height, width], values: generator.floats(3 * height * width))
  }
  let plan = try Plan(
    graph, parameters: parameters, height: height, width: width,
    options: PlanOptions(instructionSet: instructionSet))
  #expect(plan.instructionSet == instructionSet, sourceLocation: sourceLocation)
  var executor = Executor(plan, capacity: images, pool: WorkerPool(threads: threads))
  // Twice: the second run must not depend on memory that the first has written.
  executor.run(inputs)
  executor.run(inputs)
  for (image, input) in inputs.enumerated() {
    let batch = Tensor(shape: [1, 3, height, width], values: input.values)
    let expected = graph.referenceForward(batch, parameters: parameters)
    for (output, reference) in zip(graph.outputs, expected) {
      expectClose(
        executor.dense(output.name, image: image), reference.values, within: tolerance,
        "\(output.name) of image \(image), \(height)x\(width), \(instructionSet)",
        sourceLocation: sourceLocation)
    }
  }
}

@Suite("Executor against the reference operators", .computing)
struct ExecutorTests {
  static let sets = InstructionSet.available.map(\.name)

  @Test("the first convolution, at every width up to three tiles", arguments: sets)
  func stem(set: String) throws {
    for width in 1...30 {
      try check(graph(5) { $1 }, height: 3, width: width, instructionSet: set)
    }
  }

  @Test("1x1 convolutions over channels that do not fill their blocks", arguments: sets)
  func pointwise(set: String) throws {
    for (inputs, outputs) in [(1, 1), (16, 16), (17, 3), (24, 48), (40, 80), (33, 65)] {
      try check(
        graph(inputs) { $0.convolution("y", $1, to: outputs, kernel: 1, bias: true) }, height: 5, width: 7,
        instructionSet: set)
    }
  }

  @Test("3x3 and 5x5 convolutions with stride 1 and 2, down to maps of one pixel", arguments: sets)
  func spatial(set: String) throws {
    for (kernel, stride) in [(3, 1), (3, 2), (5, 1), (5, 2)] {
      for (height, width) in [(1, 1), (2, 3), (9, 16), (4, 31)] {
        try check(
          graph(20) { $0.convolution("y", $1, to: 36, kernel: kernel, stride: stride, bias: true) },
          height: height, width: width, instructionSet: set, tolerance: 2e-4)
      }
    }
  }

  @Test("3x3 convolutions in tiles that reach beyond the map, with an addition", arguments: sets)
  func winograd(set: String) throws {
    for (channels, height, width) in [(32, 8, 8), (17, 13, 13), (48, 21, 10), (70, 7, 33)] {
      let block = graph(channels) { builder, x in
        let spread = builder.convolution("y", x, to: channels, kernel: 3, bias: true)
        return builder.add(builder.activation(.silu, spread), x)
      }
      try check(block, height: height, width: width, images: 2, instructionSet: set, tolerance: 2e-4)
    }
  }

  @Test("depthwise convolutions", arguments: sets)
  func depthwise(set: String) throws {
    for (kernel, stride) in [(3, 1), (3, 2), (5, 1), (5, 2)] {
      for (channels, width) in [(1, 1), (16, 4), (21, 13)] where channels > 1 {
        try check(
          graph(channels) {
            $0.convolution(
              "y", $1, to: channels, kernel: kernel, stride: stride, groups: channels, bias: true)
          }, height: 6, width: width, instructionSet: set)
      }
    }
  }

  @Test("every activation, fused into a convolution and on its own", arguments: sets)
  func activations(set: String) throws {
    for activation in [Activation.silu, .relu, .leakyReLU, .relu6, .hardSwish, .sigmoid] {
      try check(graph(18) { $0.activation(activation, $1) }, height: 4, width: 5, instructionSet: set)
      try check(
        graph(18) { builder, x in
          let pooled = builder.maxPool(x, kernel: 3)
          return builder.activation(activation, pooled)
        }, height: 4, width: 5, instructionSet: set)
    }
  }

  @Test("normalisation is folded, an addition after it fused", arguments: sets)
  func residual(set: String) throws {
    let block = graph(19) { builder, x in
      let reduced = builder.convolution("a", x, to: 19, kernel: 1, bias: false)
      let a = builder.activation(.silu, builder.batchNormalization("a_bn", reduced))
      let spread = builder.convolution("b", a, to: 19, kernel: 3, bias: false)
      let b = builder.activation(.silu, builder.batchNormalization("b_bn", spread))
      return builder.add(b, x)
    }
    try check(block, height: 5, width: 6, instructionSet: set, tolerance: 5e-5)
  }

  @Test("pooling clips its window at the edges", arguments: sets)
  func maxPool(set: String) throws {
    for kernel in [3, 5, 9, 13] {
      try check(graph(17) { $0.maxPool($1, kernel: kernel) }, height: 7, width: 11, instructionSet: set)
    }
  }

  @Test(
    "concatenations of parts that do not fill their blocks, upsampled maps, values read twice",
    arguments: sets)
  func concat(set: String) throws {
    let network = graph(24) { builder, x in
      let down = builder.convolution("down", x, to: 40, kernel: 3, stride: 2, bias: true)
      let lateral = builder.convolution("lateral", down, to: 12, kernel: 1, bias: true)
      let joined = builder.concat(builder.upsample2x(lateral), x)
      let top = builder.convolution("top", joined, to: 8, kernel: 3, bias: true)
      let again = builder.convolution("again", top, to: 20, kernel: 3, stride: 2, bias: true)
      // `lateral` is read three times, and `x` and `top` end up in two concatenations.
      let bottom = builder.convolution("bottom", builder.concat(again, lateral), to: 9, kernel: 1, bias: true)
      builder.output("bottom", bottom)
      return builder.convolution("y", builder.concat(top, x, top), to: 5, kernel: 3, bias: true)
    }
    // Values near 20 after sums of 360 products, where Winograd's detour costs some ten times a float32's rounding.
    try check(network, height: 6, width: 10, instructionSet: set, tolerance: 1e-3)
  }

  @Test("a focus is folded into the convolution after it, down to images of two pixels", arguments: sets)
  func focus(set: String) throws {
    for (channels, height, width) in [(18, 10, 38), (5, 2, 2), (40, 6, 64), (33, 34, 18), (16, 16, 32)] {
      var builder = GraphBuilder()
      let image = builder.input(channels: 3)
      let stem = builder.convolution("stem", builder.focus(image), to: channels, kernel: 3, bias: true)
      builder.output("y", builder.activation(.silu, stem))
      // The map after it has a border.
      builder.output("z", builder.convolution("z", stem, to: 4, kernel: 3, stride: 2, bias: true))
      try check(
        builder.build(), height: height, width: width, images: 2, instructionSet: set, tolerance: 1e-4)
    }
  }

  @Test("SiLU from the smallest to the largest numbers", arguments: sets)
  func silu(set: String) throws {
    var builder = GraphBuilder()
    let image = builder.input(channels: 3)
    let same = builder.convolution("same", image, to: 3, kernel: 1, bias: true)
    builder.output("y", builder.activation(.silu, same))
    var numbers: [Float] = [0, 1e-30, 1e-8, 86, 88, 90, 125, 1000, 2e38]
    numbers += (1...87).map { Float($0) * 0.37 }
    numbers += numbers.map { -$0 }
    let plan = try Plan(
      builder.build(),
      parameters: [
        "same.weight": Tensor(shape: [3, 3, 1, 1], values: [1, 0, 0, 0, 1, 0, 0, 0, 1]),
        "same.bias": Tensor(shape: [3]),
      ], height: 3, width: numbers.count / 3, options: PlanOptions(instructionSet: set))
    var executor = Executor(plan, pool: WorkerPool(threads: 1))
    executor.run([Tensor(shape: [3, 3, numbers.count / 3], values: numbers + numbers + numbers)])
    for (x, y) in zip(numbers, executor.dense("y")) {
      let exact = Double(x) / (1 + exp(-Double(x)))
      // Rounding x log2 e to a float costs up to 4e-8 |x|, and no number is multiplied by less than 2^-124.
      let bound = abs(exact) * (1e-6 + 5e-8 * min(abs(Double(x)), 90)) + abs(Double(x)) * 0x1p-123
      #expect(abs(Double(y) - exact) <= bound, "SiLU(\(x)) is \(y) instead of \(exact) with \(set)")
    }
  }

  @Test(
    "a batch gives each image what it gives alone, bit for bit, on any number of threads", arguments: sets)
  func batchInvariance(set: String) throws {
    let network = graph(24) { builder, x in
      let a = builder.activation(.silu, builder.convolution("a", x, to: 40, kernel: 3, stride: 2, bias: true))
      return builder.convolution(
        "y", builder.concat(a, builder.maxPool(a, kernel: 5)), to: 33, kernel: 1, bias: true)
    }
    try check(network, height: 18, width: 22, images: 3, instructionSet: set, threads: 3, tolerance: 1e-4)

    var generator = SplitMix64(seed: 3)
    let inputs = (0..<3).map { _ in Tensor(shape: [3, 18, 22], values: generator.floats(3 * 18 * 22)) }
    let plan = try Plan(
      network, parameters: parameters(of: network), height: 18, width: 22,
      options: PlanOptions(instructionSet: set))
    var together = Executor(plan, capacity: 3, pool: WorkerPool(threads: 2))
    together.run(inputs)
    for (index, input) in inputs.enumerated() {
      var alone = Executor(plan, capacity: 1, pool: WorkerPool(threads: 1))
      alone.run([input])
      #expect(alone.dense("y") == together.dense("y", image: index))
    }
  }
}

@Suite("bfloat16 against the reference operators", .computing)
struct BFloat16Tests {
  @Test(
    "differs from float32 by no more than the rounding of its factors, equally in any batch",
    arguments: InstructionSet.available.map(\.name))
  func closeness(set: String) throws {
    for (height, width) in [(2, 2), (10, 38), (34, 18)] {
      var builder = GraphBuilder()
      let image = builder.input(channels: 3)
      let stem = builder.convolution("stem", builder.focus(image), to: 18, kernel: 3, bias: true)
      let a = builder.activation(.silu, stem)
      let down = builder.convolution("down", a, to: 40, kernel: 3, stride: 2, bias: true)
      let b = builder.convolution("b", builder.concat(down, down), to: 40, kernel: 1, bias: true)
      builder.output("stem", stem)
      builder.output("y", builder.add(b, down))
      let graph = builder.build()
      let parameters = parameters(of: graph)
      var generator = SplitMix64(seed: 11)
      let inputs = (0..<3).map { _ in
        Tensor(shape: [3, height, width], values: generator.floats(3 * height * width))
      }
      let plan = try Plan(
        graph, parameters: parameters, height: height, width: width,
        options: PlanOptions(instructionSet: set, precision: .bfloat16))
      var together = Executor(plan, capacity: 3, pool: WorkerPool(threads: 2))
      together.run(inputs)
      for (index, input) in inputs.enumerated() {
        var alone = Executor(plan, capacity: 1, pool: WorkerPool(threads: 1))
        alone.run([input])
        let batch = Tensor(shape: [1, 3, height, width], values: input.values)
        let expected = graph.referenceForward(batch, parameters: parameters)
        for (output, reference) in zip(graph.outputs, expected) {
          #expect(alone.dense(output.name) == together.dense(output.name, image: index))
          // A factor is off by at most 2^-9 of itself; over random signs the sum is off by less than its largest value's.
          let largest = reference.values.map(abs).max() ?? 0
          expectClose(
            alone.dense(output.name), reference.values, within: largest * 0.01,
            "\(output.name), \(height)x\(width), \(set)")
        }
      }
    }
  }

  @Test("sums of few factors with few bits are exact")
  func exactness() throws {
    let graph = graph(64) { $0.convolution("y", $1, to: 16, kernel: 1, bias: true) }
    var parameters = parameters(of: graph)
    var generator = SplitMix64(seed: 5)
    for (name, tensor) in parameters {
      parameters[name] = Tensor(
        shape: tensor.shape, values: generator.floats(tensor.count, in: -2...2).map { $0.rounded() / 2 })
    }
    let input = Tensor(shape: [3, 4, 9], values: generator.floats(108, in: -2...2).map { $0.rounded() })
    let expected = graph.referenceForward(
      Tensor(shape: [1, 3, 4, 9], values: input.values), parameters: parameters)
    for set in InstructionSet.available.map(\.name) {
      let plan = try Plan(
        graph, parameters: parameters, height: 4, width: 9,
        options: PlanOptions(instructionSet: set, precision: .bfloat16))
      var executor = Executor(plan, capacity: 1, pool: WorkerPool(threads: 1))
      executor.run([input])
      #expect(executor.dense("y") == expected[0].values, "\(set)")
    }
  }
}

@Suite("Plan")
struct PlanTests {
  @Test("names every weight that is missing or has another shape")
  func weights() throws {
    let graph = graph(8) { $0.convolution("y", $1, to: 4, kernel: 1, bias: true) }
    var parameters = parameters(of: graph)
    parameters["stem.bias"] = nil
    parameters["y.weight"] = Tensor(shape: [4, 9, 1, 1])
    #expect(
      throws: PlanError.weights(["stem.bias is missing", "y.weight is [4, 9, 1, 1] instead of [4, 8, 1, 1]"])
    ) {
      try Plan(graph, parameters: parameters, height: 8, width: 8)
    }
  }

  @Test("rejects a size that halving and upsampling do not restore")
  func oddSize() throws {
    let graph = graph(8) { builder, x in
      let down = builder.convolution("down", x, to: 8, kernel: 3, stride: 2, bias: true)
      return builder.add(builder.upsample2x(down), x)
    }
    let parameters = parameters(of: graph)
    #expect(throws: PlanError.self) { try Plan(graph, parameters: parameters, height: 7, width: 8) }
  }
}

@Suite("WorkerPool")
struct WorkerPoolTests {
  @Test("runs the body on the caller's thread, and at most once on each other, thousands of times")
  func runs() {
    let pool = WorkerPool(threads: 3)
    for round in 0..<3000 {
      let counts = UnsafeMutablePointer<Int>.allocate(capacity: 3)
      counts.initialize(repeating: 0, count: 3)
      // Each worker writes its own place only.
      nonisolated(unsafe) let places = counts
      pool.run { places[$0] += 1 }
      #expect(places[0] == 1 && places[1] <= 1 && places[2] <= 1, "round \(round)")
      counts.deallocate()
    }
  }
}
