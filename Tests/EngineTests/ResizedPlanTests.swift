import Engine
import TestSupport
import Testing

/// A network with every kind of layer: two upsamplings, whose paths are equal, dense and depthwise convolutions, a pyramid's
/// concatenations, pools, additions.
private let pyramid: Graph = {
  var builder = GraphBuilder()
  func convolution(_ name: String, _ x: Value, _ channels: Int, _ kernel: Int = 1, stride: Int = 1) -> Value {
    builder.activation(
      .silu, builder.convolution(name, x, to: channels, kernel: kernel, stride: stride, bias: true))
  }
  let image = builder.input(channels: 3)
  let fine = convolution("fine", image, 16, 3, stride: 2)
  let middle = convolution("middle", fine, 32, 3, stride: 2)
  let dense = builder.add(convolution("dense", middle, 32, 3), middle)
  let coarse = convolution("coarse", dense, 32, 3, stride: 2)
  let pooled = convolution("pooled", builder.concat(coarse, builder.maxPool(coarse, kernel: 5)), 32)
  let first = convolution("first", builder.concat(builder.upsample2x(pooled), dense), 16)
  let second = convolution("second", builder.concat(builder.upsample2x(first), fine), 16)
  let apart = builder.activation(
    .silu, builder.convolution("apart", second, to: 16, kernel: 3, groups: 16, bias: true))
  builder.output("y", builder.convolution("y", apart, to: 5, kernel: 1, bias: true))
  builder.output("z", builder.convolution("z", pooled, to: 7, kernel: 1, bias: true))
  return builder.build()
}()

@Suite("Plans of other sizes that share weights", .computing)
struct ResizedPlanTests {
  @Test(
    "results equal the reference operators at every size", arguments: InstructionSet.available.map(\.name))
  func reference(set: String) throws {
    let parameters = parameters(of: pyramid)
    let whole = try Plan(
      pyramid, parameters: parameters, height: 64, width: 64, options: PlanOptions(instructionSet: set))
    var executor = Executor(whole, capacity: 2, pool: WorkerPool(threads: 2))
    var generator = SplitMix64(seed: 3)
    for (height, width) in [(64, 64), (32, 64), (64, 8), (8, 8), (40, 64), (64, 64), (128, 72), (64, 64)] {
      executor.use(try whole.resized(height: height, width: width))
      let input = Tensor(shape: [3, height, width], values: generator.floats(3 * height * width))
      executor.run([input, input])
      let batch = Tensor(shape: [1, 3, height, width], values: input.values)
      let expected = pyramid.referenceForward(batch, parameters: parameters)
      for (output, reference) in zip(pyramid.outputs, expected) {
        for image in 0..<2 {
          expectClose(
            executor.dense(output.name, image: image), reference.values, within: 1e-3,
            "\(output.name), \(height)x\(width), \(set)")
        }
      }
    }
  }

  @Test("in every precision the results equal those of a plan of that size", arguments: Precision.allCases)
  func precisions(precision: Precision) throws {
    let parameters = parameters(of: pyramid)
    var calibrator = try Calibrator(
      pyramid, parameters: parameters, height: 64, width: 64, pool: WorkerPool(threads: 1))
    var generator = SplitMix64(seed: 4)
    let sample = Tensor(shape: [3, 64, 64], values: generator.floats(3 * 64 * 64))
    calibrator.observeMinMax(sample)
    calibrator.observeHistogram(sample)
    let options = PlanOptions(precision: precision, ranges: calibrator.ranges)
    let whole = try Plan(pyramid, parameters: parameters, height: 64, width: 64, options: options)
    for (height, width) in [(32, 64), (64, 40)] {
      let input = Tensor(shape: [3, height, width], values: generator.floats(3 * height * width))
      var resized = Executor(try whole.resized(height: height, width: width), pool: WorkerPool(threads: 1))
      var direct = Executor(
        try Plan(pyramid, parameters: parameters, height: height, width: width, options: options),
        pool: WorkerPool(threads: 1))
      resized.run([input])
      direct.run([input])
      for output in pyramid.outputs {
        let expected = direct.dense(output.name)
        // In bf16 the sizes may differ in which layers are Winograd's, which are not rounded.
        let tolerance = precision == .bfloat16 ? 0.02 * (expected.map(abs).max() ?? 0) : 1e-3
        expectClose(resized.dense(output.name), expected, within: tolerance, output.name)
      }
    }
  }

  @Test("a size that some layer cannot halve is rejected, and weights are not packed again")
  func sizes() throws {
    let whole = try Plan(pyramid, parameters: parameters(of: pyramid), height: 64, width: 64)
    #expect(throws: PlanError.self) { try whole.resized(height: 36, width: 64) }
    #expect(try whole.resized(height: 32, width: 64).weightBytes < whole.weightBytes / 4)
  }
}
