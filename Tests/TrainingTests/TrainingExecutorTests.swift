import Engine
import TestSupport
import Testing
import Training

@Suite("Training executor", .computing)
struct TrainingExecutorTests {
  /// Small networks that between them have every operation, alone and where a value is read twice.
  static let networks: [(name: String, graph: Graph)] = [
    network("focus, strided 3x3, SiLU") { builder, x in
      builder.block("a", builder.focus(x), to: 6, kernel: 3, stride: 2, activation: .silu)
    },
    network("residual, leaky ReLU, normalisation without activation") { builder, x in
      let first = builder.block("a", x, to: 4, kernel: 1, activation: .leakyReLU)
      let second = builder.convolution("b.conv", first, to: 4, kernel: 3, bias: false)
      return builder.add(builder.batchNormalization("b.bn", second), first)
    },
    network("depthwise 3x3 and 5x5, both strides") { builder, x in
      let a = builder.block("a", x, to: 3, kernel: 3, groups: 3, activation: .silu)
      let b = builder.block("b", a, to: 3, kernel: 5, groups: 3, activation: .silu)
      return builder.block("c", b, to: 3, kernel: 3, stride: 2, groups: 3, activation: .silu)
    },
    network("groups, bias, sigmoid, ReLU") { builder, x in
      let a = builder.convolution("a", x, to: 4, kernel: 1, bias: true)
      let b = builder.activation(
        .sigmoid, builder.convolution("b", a, to: 6, kernel: 3, groups: 2, bias: true))
      return builder.block("c", b, to: 2, kernel: 3, activation: .relu)
    },
    network("pools, concatenation, upsampling") { builder, x in
      let a = builder.block("a", x, to: 3, kernel: 3, activation: .silu)
      let pooled = builder.concat(a, builder.maxPool(a, kernel: 5), builder.maxPool(a, kernel: 3))
      return builder.block("b", builder.upsample2x(pooled), to: 2, kernel: 1, activation: .silu)
    },
  ]

  private static func network(
    _ name: String, _ body: (inout GraphBuilder, Value) -> Value
  ) -> (name: String, graph: Graph) {
    var builder = GraphBuilder()
    let x = builder.input(channels: 3)
    // A first layer with weights: what is being tested then has an input that wants a gradient.
    let stem = builder.convolution("stem", x, to: 3, kernel: 1, bias: true)
    let result = body(&builder, stem)
    builder.output("y", result)
    return (name, builder.build())
  }

  @Test(
    "the gradient of every parameter agrees with finite differences", arguments: 0..<networks.count,
    [(threads: 1, isFrozen: false), (2, false), (2, true)])
  func gradients(network: Int, run: (threads: Int, isFrozen: Bool)) {
    let (name, graph) = TrainingExecutorTests.networks[network]
    var random = SplitMix64(seed: UInt64(network + 1))
    let executor = TrainingExecutor(
      graph, team: ThreadTeam(threads: run.threads), isBatchNormFrozen: run.isFrozen)
    executor.parameters.set(random.floats(executor.layout.count, in: -0.8...0.8))
    for entry in executor.layout.entries where entry.name.hasSuffix(".running_var") {
      executor.parameters.set(
        executor.parameters.values(entry.range).map { 1 + $0 / 2 }, at: entry.range.lowerBound)
    }
    let images = Tensor(shape: [3, 3, 10, 14], values: random.floats(3 * 3 * 10 * 14))
    executor.forward(images)
    let weighting = random.floats(executor.output("y").count)

    func result() -> Double {
      executor.forward(images)
      return zip(executor.output("y").values, weighting).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }

    executor.setGradient(of: "y", weighting)
    executor.backward()
    for entry in executor.layout.entries where entry.range.upperBound <= executor.layout.trainableCount {
      let gradient = executor.gradients.values(entry.range)
      let start = executor.parameters.values(entry.range)
      let direction = random.floats(entry.range.count)
      let step: Float = 3e-4
      executor.parameters.set(zip(start, direction).map { $0 + step * $1 }, at: entry.range.lowerBound)
      let above = result()
      executor.parameters.set(zip(start, direction).map { $0 - step * $1 }, at: entry.range.lowerBound)
      let below = result()
      executor.parameters.set(start, at: entry.range.lowerBound)
      let measured = (above - below) / Double(2 * step)
      let computed = zip(gradient, direction).reduce(0) { $0 + Double($1.0) * Double($1.1) }
      let size = gradient.reduce(0) { $0 + Double($1 * $1) }.squareRoot()
      #expect(
        abs(measured - computed) <= 0.02 * max(abs(measured), size) + 0.02,
        "\(name), \(entry.name): \(computed) computed, \(measured) measured")
    }
  }

  @Test("the result equals that of the reference operators without batch statistics")
  func forwardMatchesReference() {
    var builder = GraphBuilder()
    let x = builder.input(channels: 3)
    let a = builder.activation(
      .silu, builder.convolution("a", builder.focus(x), to: 8, kernel: 3, bias: true))
    let b = builder.convolution("b", a, to: 8, kernel: 5, groups: 8, bias: true)
    builder.output("y", builder.upsample2x(builder.concat(builder.maxPool(b, kernel: 5), a)))
    let graph = builder.build()
    var random = SplitMix64(seed: 5)
    let executor = TrainingExecutor(graph, team: ThreadTeam(threads: 2))
    executor.parameters.set(random.floats(executor.layout.count))
    let images = Tensor(shape: [2, 3, 20, 12], values: random.floats(2 * 3 * 20 * 12))
    executor.forward(images)
    let expected = graph.referenceForward(images, parameters: executor.layout.parameters(executor.parameters))
    expectClose(executor.output("y").values, expected[0].values, within: 2e-5, "y")
  }

  @Test("frozen statistics are kept, and normalise as in inference")
  func frozenStatistics() {
    let graph = TrainingExecutorTests.networks[0].graph
    var random = SplitMix64(seed: 9)
    let executor = TrainingExecutor(graph, team: ThreadTeam(threads: 2), isBatchNormFrozen: true)
    executor.parameters.set(random.floats(executor.layout.count, in: 0.5...1.5))
    let start = executor.parameters.values
    let images = Tensor(shape: [2, 3, 8, 8], values: random.floats(384))
    executor.forward(images)
    #expect(executor.parameters.values == start)
    let expected = graph.referenceForward(images, parameters: executor.layout.parameters(executor.parameters))
    expectClose(executor.output("y").values, expected[0].values, within: 2e-5, "y")
  }

  @Test("frozen nodes and the nodes before them get no gradient")
  func frozen() {
    let graph = TrainingExecutorTests.networks[1].graph
    let executor = TrainingExecutor(graph, team: ThreadTeam(threads: 1)) { $0 != "b.bn" }
    var random = SplitMix64(seed: 7)
    executor.parameters.set(random.floats(executor.layout.count))
    executor.forward(Tensor(shape: [1, 3, 8, 8], values: random.floats(192)))
    executor.setGradient(of: "y", random.floats(executor.output("y").count))
    executor.backward()
    for entry in executor.layout.entries where entry.range.upperBound <= executor.layout.trainableCount {
      let isZero = executor.gradients.values(entry.range).allSatisfy { $0 == 0 }
      #expect(isZero == !entry.name.hasPrefix("b.bn"), "\(entry.name)")
    }
  }
}

extension GraphBuilder {
  fileprivate mutating func block(
    _ name: String, _ x: Value, to channels: Int, kernel: Int, stride: Int = 1, groups: Int = 1,
    activation: Activation
  ) -> Value {
    let result = convolution(
      name + ".conv", x, to: channels, kernel: kernel, stride: stride, groups: groups, bias: false)
    return self.activation(activation, batchNormalization(name + ".bn", result))
  }
}
