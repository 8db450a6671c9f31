import Engine
import TestSupport
import Testing

@Suite("Graph optimizations against the reference operators", .computing)
struct GraphOptimizationsTests {
  static let sets = InstructionSet.available.map(\.name)

  /// The names of the kernels that run for `graph`.
  private func kernels(_ graph: Graph, height: Int, width: Int) throws -> [String] {
    let plan = try Plan(graph, parameters: parameters(of: graph), height: height, width: width)
    var executor = Executor(plan, pool: WorkerPool(threads: 1))
    return executor.profile([Tensor(shape: [3, height, width])], runs: 1).map(\.kernel)
  }

  /// Two 1x1 convolutions of an upsampled map concatenated with `large` channels of the full size.
  private func pyramid(small: Int, large: Int, outputs: (Int, Int)) -> Graph {
    graph(large) { builder, x in
      let down = builder.convolution("down", x, to: small, kernel: 3, stride: 2, bias: true)
      let joined = builder.concat(builder.upsample2x(down), x)
      let a = builder.convolution("a", joined, to: outputs.0, kernel: 1, bias: true)
      builder.output("a", builder.activation(.silu, a))
      return builder.convolution("b", joined, to: outputs.1, kernel: 1, bias: true)
    }
  }

  @Test("1x1 convolutions of an upsampled, concatenated map run before upsampling", arguments: sets)
  func upsampling(set: String) throws {
    for (small, large, height, width) in [(16, 16, 2, 2), (24, 40, 6, 10), (70, 17, 2, 30), (33, 64, 10, 58)]
    {
      let network = pyramid(small: small, large: large, outputs: (32, 16))
      #expect(try !kernels(network, height: height, width: width).contains("upsample"))
      try check(
        network, height: height, width: width, images: 2, instructionSet: set, threads: 3, tolerance: 2e-4)
    }
  }

  @Test("upsampling stays where a reader's channels do not fill their blocks", arguments: sets)
  func upsamplingStays(set: String) throws {
    let network = pyramid(small: 24, large: 20, outputs: (32, 24))
    #expect(try kernels(network, height: 6, width: 10).contains("upsample"))
    try check(network, height: 6, width: 10, instructionSet: set, tolerance: 2e-4)
  }

  @Test("in bfloat16 too, 1x1 convolutions run before upsampling", arguments: sets)
  func bfloat16Upsampling(set: String) throws {
    let network = pyramid(small: 96, large: 80, outputs: (48, 16))
    let parameters = parameters(of: network)
    var generator = SplitMix64(seed: 13)
    let input = Tensor(shape: [3, 10, 30], values: generator.floats(900))
    let plan = try Plan(
      network, parameters: parameters, height: 10, width: 30,
      options: PlanOptions(instructionSet: set, precision: .bfloat16))
    var executor = Executor(plan, pool: WorkerPool(threads: 2))
    executor.run([input])
    let expected = network.referenceForward(
      Tensor(shape: [1, 3, 10, 30], values: input.values), parameters: parameters)
    for (output, reference) in zip(network.outputs, expected) {
      let largest = reference.values.map(abs).max() ?? 0
      expectClose(executor.dense(output.name), reference.values, within: largest * 0.01, output.name)
    }
  }

  @Test("outputs with few channels share a block", arguments: sets)
  func sharedBlocks(set: String) throws {
    for channels in [[4, 1], [16, 1], [4, 1, 7, 9], [15, 2, 1]] {
      let network = graph(24) { builder, x in
        for (index, count) in channels.enumerated() {
          builder.output(
            "\(index)", builder.convolution("\(index)", x, to: count, kernel: 1, bias: true))
        }
        return builder.convolution("y", x, to: 40, kernel: 1, bias: true)
      }
      try check(network, height: 5, width: 9, images: 2, instructionSet: set)
    }
  }

  @Test("max-pooling with large windows equals repeated max-pooling, at the edges too", arguments: sets)
  func pools(set: String) throws {
    let network = graph(17) { builder, x in
      let pools = [5, 9, 13].map { builder.maxPool(x, kernel: $0) }
      return builder.convolution("y", builder.concat([x] + pools), to: 16, kernel: 1, bias: true)
    }
    for (height, width) in [(1, 1), (3, 20), (20, 4), (13, 13)] {
      try check(network, height: height, width: width, instructionSet: set, tolerance: 1e-4)
    }
  }
}
