import Engine
import TestSupport
import Testing

@Suite("SpanMask")
struct SpanMaskTests {
  /// A small detection head: a branch of separable convolutions, masked by another output.
  private var head: Graph {
    graph(24) { builder, x in
      let stem = builder.convolution("s", x, to: 64, kernel: 1, bias: true)
      var branch = stem
      for layer in 0..<2 {
        let spread = builder.convolution(
          "d\(layer)", branch, to: 64, kernel: 3, groups: 64, bias: true)
        let mixed = builder.convolution(
          "p\(layer)", builder.activation(.silu, spread), to: 64, kernel: 1, bias: true)
        branch = builder.activation(.silu, mixed)
      }
      let classes = builder.convolution("classes", branch, to: 21, kernel: 1, bias: true)
      let box = builder.convolution("box", stem, to: 4, kernel: 1, bias: true)
      let objectness = builder.convolution("objectness", stem, to: 1, kernel: 1, bias: true)
      builder.output("box", box)
      builder.output("objectness", objectness)
      builder.mask(classes, by: objectness)
      return classes
    }
  }

  @Test(
    "results are equal to the bit where the deciding output reaches the threshold, with less work",
    arguments: InstructionSet.available.map(\.name), [Precision.float32, .bfloat16])
  func sameWhereOpen(set: String, precision: Precision) throws {
    let graph = head
    let (height, width) = (9, 29)
    var generator = SplitMix64(seed: 17)
    let inputs = (0..<3).map { _ in
      Tensor(shape: [3, height, width], values: generator.floats(3 * height * width))
    }
    let plan = try Plan(
      graph, parameters: parameters(of: graph), height: height, width: width,
      options: PlanOptions(instructionSet: set, precision: precision))
    var whole = Executor(plan, capacity: 3, pool: WorkerPool(threads: 2))
    whole.run(inputs)
    let everything = (0..<3).map { whole.dense("y", image: $0) }
    let objectness = (0..<3).map { whole.dense("objectness", image: $0) }
    let sorted = objectness[0].sorted()

    let thresholds = [-Float.infinity, sorted[sorted.count / 2], sorted[sorted.count - 2], .infinity]
    for (index, threshold) in thresholds.enumerated() {
      var masked = Executor(plan, capacity: 3, pool: WorkerPool(threads: 2))
      masked.run(inputs, maskThreshold: threshold)
      for image in 0..<3 {
        #expect(masked.dense("objectness", image: image) == objectness[image])
        #expect(masked.dense("box", image: image) == whole.dense("box", image: image))
        let classes = masked.dense("y", image: image)
        var differing = 0
        for (position, score) in zip(objectness[image].indices, objectness[image]) where score >= threshold {
          for channel in 0..<21
          where classes[channel * height * width + position]
            != everything[image][channel * height * width + position]
          {
            differing += 1
          }
        }
        #expect(differing == 0, "image \(image), threshold \(threshold), \(set)")
        // Nothing open, or one pixel: the rest was left out, so that it can only be what memory held before.
        if index >= 2 { #expect(classes != everything[image], "threshold \(threshold), \(set)") }
      }
    }
  }
}
